import type { Scope } from "./google-upstream.ts";

/** An upstream that speaks OpenAI's API already: only host, credentials and perhaps the model name are ours. */
export interface OpenaiUpstream {
  /** For people. Holds no secret. */
  readonly description: string;
  readonly credentials: "own" | "caller";
  /** Mend what the server's answers are known to get wrong; otherwise they go through byte for byte. */
  readonly repair: boolean;
  /** True for the path of the very endpoint this is. */
  servesEndpoint?(path: { endpointId: string; scope: Scope }): boolean;
  /**
   * Where chat completions go.
   * @param location in place of the upstream's own, where it has a choice
   */
  address(location?: string): { origin: string; path: string };
  /** As `GoogleUpstream.mayServe`; absent where no Vertex path can mean this upstream. */
  mayServe?(scope: Scope): boolean;
  /** As `GoogleUpstream.locationFor`; absent where nobody can tell. */
  locationFor?(scope: Scope): string;
  /** As `GoogleUpstream.authorize`. */
  authorize(callerToken: string | undefined): Promise<Record<string, string>>;
  /** As `GoogleUpstream.renew`. */
  renew(refused?: Record<string, string>): Promise<boolean>;
}
