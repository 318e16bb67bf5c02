/** What can be said of an upstream's sign-in without telling a secret. */

/** What proves who the gateway is. */
export type SourceKind =
  | "service-account"
  | "user-login"
  | "workforce-login"
  | "federation"
  | "impersonation"
  | "metadata"
  | "token"
  | "api-key"
  | "caller"
  | "none";

/** One access token under custody. Times are wall clock, milliseconds since the epoch. */
export interface TokenStatus {
  /** Undefined: no token is held, or its issuer did not say how long it lives. */
  expiresAtMs: number | undefined;
  /** The first call from then on has it renewed. Undefined: no token is held, the next call waits for one. */
  renewsAtMs: number | undefined;
  /** Tokens had so far, the first included. */
  issued: number;
  /** Attempts in a row that brought none. */
  failures: number;
  /** The latest attempt that failed, even if a later one did not. Its words hold no secret. */
  lastError: { atMs: number; message: string } | undefined;
  /** OAuth scopes of the token, where they are known. */
  scopes: readonly string[] | undefined;
}

export interface AuthStatus {
  kind: SourceKind;
  /** For people: `service account x@y`. */
  description: string;
  /** The place of the search order, or the file, it came from. */
  foundIn: string | undefined;
  /** Who Google takes the gateway for. A user's login does not say. */
  principal: string | undefined;
  project: string | undefined;
  /** Billed for the calls in place of the project. */
  quotaProject: string | undefined;
  /** Undefined: there is no token that the gateway renews. */
  token: TokenStatus | undefined;
}

/** Sign-in that is nothing but what the configuration says. */
export function plainStatus(kind: SourceKind, description: string): AuthStatus {
  return {
    kind,
    description,
    foundIn: kind === "none" || kind === "caller" ? undefined : "configuration",
    principal: undefined,
    project: undefined,
    quotaProject: undefined,
    token: undefined,
  };
}
