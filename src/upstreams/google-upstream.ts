/** One of Google's hosts as an upstream: where a call goes and what proves who we are. */
import type { Surface } from "../translate/target.ts";

/** Project and location out of a Vertex path, or of the configuration; already validated. */
export interface Scope {
  project: string;
  location: string;
}

export type GoogleRoute =
  /** `location` is the configuration's choice in place of the upstream's own; `scope` is the caller's. */
  | { kind: "generate"; model: string; stream: boolean; scope?: Scope; location?: string }
  /** A self-deployed endpoint's own OpenAI-shaped route. */
  | { kind: "endpoint"; endpointId: string; version: "v1" | "v1beta1"; scope: Scope };

export interface GoogleUpstream {
  readonly surface: Surface;
  /** For people: `Vertex AI (project p, location global)`. Holds no secret. */
  readonly description: string;
  /** `caller`: the gateway has no credential, so each caller's Google token is passed on. */
  readonly credentials: "own" | "caller";
  /** Whether a Vertex path may name this project and location. */
  mayServe(scope: Scope): boolean;
  /**
   * Where a call for this project and location of a Vertex path would be processed; undefined where nobody can tell. It
   * is not `scope.location` where the upstream cannot follow it.
   */
  locationFor(scope: Scope): string | undefined;
  /** Pure. The host depends on nothing but the configuration and a validated location. */
  address(route: GoogleRoute): { origin: string; path: string };
  /**
   * Headers that authenticate one call; waits for a token only when there is no valid one.
   * Throws `GatewayError` (`unauthenticated` when the caller must send a token and did not).
   */
  authorize(callerToken: string | undefined): Record<string, string> | Promise<Record<string, string>>;
  /**
   * After a 401: get a new token, shared by all who wait. False when that cannot help. `refused` is what `authorize`
   * gave for the call: if its token has been replaced since, there is nothing to get.
   */
  renew(refused?: Record<string, string>): Promise<boolean>;
}
