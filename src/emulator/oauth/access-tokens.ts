/** The access tokens this emulator has given out: which are live, which have expired, how many there were. */
import { randomBytes } from "node:crypto";

/** The grants that lead to a token. */
export type Grant = "service_account" | "refresh_token" | "metadata" | "sts" | "impersonation";

export interface IssuedToken {
  token: string;
  grant: Grant;
  /** Who it speaks for: a service account's address, or whatever the grant named. */
  subject: string;
  /** Milliseconds since the epoch. */
  issuedAt: number;
  expiresAt: number;
}

export type TokenState = "live" | "expired" | "unknown";

/** Tokens remembered, so that an expired one is told from one never issued; the oldest go first. */
const REMEMBERED = 10_000;

export class AccessTokens {
  readonly #tokens = new Map<string, IssuedToken>();
  readonly #now: () => number;
  readonly #counts: Record<Grant, number> = {
    service_account: 0,
    refresh_token: 0,
    metadata: 0,
    sts: 0,
    impersonation: 0,
  };
  /** Seconds that the next tokens live; may be changed while running. */
  lifetimeSeconds: number;

  constructor(lifetimeSeconds: number, now: () => number) {
    this.lifetimeSeconds = lifetimeSeconds;
    this.#now = now;
  }

  /** How many tokens have been issued, over all grants. */
  get issued(): number {
    return Object.values(this.#counts).reduce((sum, count) => sum + count, 0);
  }

  /** The same, by grant. */
  get issuedByGrant(): Readonly<Record<Grant, number>> {
    return { ...this.#counts };
  }

  issue(grant: Grant, subject: string, lifetimeSeconds = this.lifetimeSeconds): IssuedToken {
    const issuedAt = this.#now();
    const issued: IssuedToken = {
      // Google's access tokens start with ya29.
      token: `ya29.emulated.${randomBytes(32).toString("base64url")}`,
      grant,
      subject,
      issuedAt,
      expiresAt: issuedAt + lifetimeSeconds * 1000,
    };
    this.#tokens.set(issued.token, issued);
    this.#counts[grant] += 1;
    if (this.#tokens.size > REMEMBERED) {
      const oldest = this.#tokens.keys().next();
      if (oldest.done !== true) this.#tokens.delete(oldest.value);
    }
    return issued;
  }

  state(token: string): TokenState {
    const issued = this.#tokens.get(token);
    if (issued === undefined) return "unknown";
    return issued.expiresAt > this.#now() ? "live" : "expired";
  }

  /** The newest live token of a grant, as the metadata server hands the same one out until it nears its end. */
  newest(grant: Grant): IssuedToken | undefined {
    let found: IssuedToken | undefined;
    for (const issued of this.#tokens.values()) if (issued.grant === grant) found = issued;
    return found !== undefined && found.expiresAt > this.#now() ? found : undefined;
  }

  /** Ends the life of every token at once, as a revoked key or a changed policy does. */
  revokeAll(): void {
    const now = this.#now();
    for (const issued of this.#tokens.values()) issued.expiresAt = Math.min(issued.expiresAt, now);
  }
}
