import type { Scope } from "./google-upstream.ts";

/** A model, or an endpoint with one, that an upstream says it has. */
export interface FoundModel {
  /** What the upstream knows it by. */
  id: string;
  /** Another name for it, where its owner gave one. */
  displayName?: string;
  /** The address it is to be asked at, where that is not the upstream's own. */
  origin?: string;
}

/** How to ask an upstream what it has. */
export interface ModelListing {
  /** @param page the `nextPageToken` of the page before */
  address(page: string | undefined): { origin: string; path: string };
  /** What a page holds; entries that make no sense are left out. */
  read(body: unknown): FoundModel[];
}

/** An upstream that speaks OpenAI's API already: only host, credentials and perhaps the model name are ours. */
export interface OpenaiUpstream {
  /** For people. Holds no secret. */
  readonly description: string;
  readonly credentials: "own" | "caller";
  /** Mend what the server's answers are known to get wrong; otherwise they go through byte for byte. */
  readonly repair: boolean;
  /** Google reads gs URLs for it, with the rights of whoever is signed in; any other server has rights of its own. */
  readonly readsBuckets?: boolean;
  /** True for the path of the very endpoint this is. */
  servesEndpoint?(path: { endpointId: string; scope: Scope }): boolean;
  /**
   * Where chat completions go.
   * @param location in place of the upstream's own, where it has a choice
   */
  address(location?: string): { origin: string; path: string };
  /** The model to name to the server, where it is not the target's: `""` for a server that knows its one by no name. */
  sentModel?(model: string): string;
  /** Where it can be asked what it has. */
  readonly listing?: ModelListing;
  /** One of many endpoints, for an upstream that is many. */
  endpoint?(found: FoundModel): OpenaiUpstream;
  /** As `GoogleUpstream.mayServe`; absent where no Vertex path can mean this upstream. */
  mayServe?(scope: Scope): boolean;
  /** As `GoogleUpstream.locationFor`; absent where nobody can tell. */
  locationFor?(scope: Scope): string;
  /** As `GoogleUpstream.authorize`. */
  authorize(callerToken: string | undefined): Record<string, string> | Promise<Record<string, string>>;
  /** As `GoogleUpstream.renew`. */
  renew(refused?: Record<string, string>): Promise<boolean>;
}
