import { GatewayError } from "../errors.ts";
import type { TokenStatus } from "./auth-status.ts";

export interface AccessToken {
  token: string;
  /** Wall clock, milliseconds. Undefined when the issuer did not say. */
  expiresAtMs: number | undefined;
  /** OAuth scopes, where the issuer told them. */
  scopes?: readonly string[];
}

/** Time and chance, for tests to hold still. */
export interface CustodyClock {
  wallMs(): number;
  monotonicMs(): number;
  /** Calls back once after `ms`; the result calls it off. */
  after(ms: number, callback: () => void): () => void;
  /** From 0 up to 1. */
  random(): number;
}

export interface TokenCustodyOptions {
  /** Always asks the issuer anew. */
  fetchToken: () => Promise<AccessToken>;
  /** Longest wait for the issuer, in milliseconds. Default 30 s. */
  patienceMs?: number;
  clock?: CustodyClock;
  /** A refresh failed while the old token still serves. The error holds no secret. */
  onRefreshFailed?: (error: Error, tokenLeftMs: number) => void;
  /** Told of every refresh, however it ended. */
  onRefreshed?: (succeeded: boolean) => void;
}

/** Google's access tokens live an hour, and its metadata server hands out a new one in the last five minutes. */
const MOST_AHEAD_MS = 5 * 60_000;
/**
 * Short-lived tokens are renewed while most of their life is left: one of five minutes then outlives an issuer that is
 * down for three.
 */
const AHEAD_FRACTION = 0.7;
/** Assumed where the issuer does not say; a 401 corrects it. */
const UNKNOWN_LIFETIME_MS = 10 * 60_000;
const FIRST_BACKOFF_MS = 1_000;
const LONGEST_BACKOFF_MS = 60_000;
/** Attempts that fail come closer together as the end nears: at most this share of the time left lies between two. */
const BACKOFF_SHARE = 0.25;
/** With no token left, callers are being refused: an issuer that is back must be noticed soon. */
const LONGEST_BACKOFF_WITHOUT_TOKEN_MS = 5_000;
/** A token that is refused this soon after a forced refresh was not refused for its age. */
const RENEWAL_PAUSE_MS = 10_000;

interface Held {
  token: string;
  /** Must be before both: a clock set back must not keep a dead token alive. */
  expiresWallMs: number;
  expiresMonotonicMs: number;
  refreshMonotonicMs: number;
  /** The issuer said how long it lives. */
  expiryKnown: boolean;
  scopes: readonly string[] | undefined;
}

/**
 * Keeps one access token valid for everybody: one refresh at a time for any number of waiting calls, ahead of expiry
 * and beside the calls, which go on with the old token for as long as it lives.
 */
export class TokenCustody {
  readonly #fetchToken: () => Promise<AccessToken>;
  readonly #patienceMs: number;
  readonly #clock: CustodyClock;
  readonly #onRefreshFailed: (error: Error, tokenLeftMs: number) => void;
  readonly #onRefreshed: (succeeded: boolean) => void;

  #held: Held | undefined;
  /** A token that Google refused once, kept in case no other can be had: the refusal may have had another cause. */
  #doubted: Held | undefined;
  #refreshing: Promise<string> | undefined;
  #failures = 0;
  #lastError: Error | undefined;
  #noAttemptBeforeMs = -Infinity;
  #renewedAtMs = -Infinity;
  #issued = 0;
  #lastFailure: TokenStatus["lastError"];

  constructor(options: TokenCustodyOptions) {
    this.#fetchToken = options.fetchToken;
    this.#patienceMs = options.patienceMs ?? 30_000;
    this.#clock = options.clock ?? systemClock;
    this.#onRefreshFailed = options.onRefreshFailed ?? (() => {});
    this.#onRefreshed = options.onRefreshed ?? (() => {});
  }

  /**
   * A valid token; waits only when there is none. Throws what `fetchToken` threw, at once while it keeps failing.
   */
  async get(): Promise<string> {
    const held = this.held();
    if (held !== undefined) return held;
    const now = this.#clock.monotonicMs();
    if (this.#refreshing === undefined && now < this.#noAttemptBeforeMs && this.#lastError !== undefined) {
      throw this.#lastError;
    }
    return this.#refresh().catch((error: Error) => {
      const kept = this.#valid();
      if (kept === undefined) throw error;
      return kept.token;
    });
  }

  /** The valid token that `get` would give without waiting, for those who need no promise; undefined if there is none. */
  held(): string | undefined {
    const held = this.#valid();
    if (held === undefined) return undefined;
    const now = this.#clock.monotonicMs();
    if (now >= held.refreshMonotonicMs && now >= this.#noAttemptBeforeMs) {
      this.#refresh().catch((error: Error) => {
        this.#onRefreshFailed(error, held.expiresMonotonicMs - this.#clock.monotonicMs());
      });
    }
    return held.token;
  }

  /**
   * Google refused `refused`: gets another, once for all who ask. True when the next `get()` gives a different token.
   */
  async renew(refused?: string): Promise<boolean> {
    const held = this.#held;
    if (held !== undefined && refused !== undefined && held.token !== refused) return true;
    const now = this.#clock.monotonicMs();
    if (this.#refreshing === undefined) {
      if (now - this.#renewedAtMs < RENEWAL_PAUSE_MS)
        return refused === undefined && this.#valid() !== undefined;
      if (now < this.#noAttemptBeforeMs) return false;
    }
    this.#doubted = this.#valid();
    this.#held = undefined;
    try {
      const token = await this.#refresh();
      this.#renewedAtMs = this.#clock.monotonicMs();
      return token !== (refused ?? held?.token);
    } catch {
      return false;
    }
  }

  status(): TokenStatus {
    const held = this.#valid();
    const monotonic = this.#clock.monotonicMs();
    const untilRenewal =
      held === undefined
        ? undefined
        : Math.max(held.refreshMonotonicMs, this.#noAttemptBeforeMs, monotonic) - monotonic;
    return {
      expiresAtMs: held?.expiryKnown === true ? held.expiresWallMs : undefined,
      renewsAtMs: untilRenewal === undefined ? undefined : this.#clock.wallMs() + untilRenewal,
      issued: this.#issued,
      failures: this.#failures,
      lastError: this.#lastFailure,
      scopes: held?.scopes,
    };
  }

  #valid(): Held | undefined {
    const held = this.#held;
    if (held === undefined) return undefined;
    const alive =
      this.#clock.wallMs() < held.expiresWallMs && this.#clock.monotonicMs() < held.expiresMonotonicMs;
    return alive ? held : undefined;
  }

  #refresh(): Promise<string> {
    this.#refreshing ??= this.#attempt().finally(() => {
      this.#refreshing = undefined;
    });
    return this.#refreshing;
  }

  async #attempt(): Promise<string> {
    try {
      const fetched = await this.#inTime(this.#fetchToken());
      const held = this.#hold(fetched);
      this.#doubted = undefined;
      this.#issued += 1;
      this.#failures = 0;
      this.#lastError = undefined;
      this.#noAttemptBeforeMs = -Infinity;
      this.#onRefreshed(true);
      return held.token;
    } catch (cause) {
      const error = cause instanceof Error ? cause : new Error("the access token could not be fetched");
      this.#held ??= this.#doubted;
      this.#doubted = undefined;
      const backoff = Math.min(FIRST_BACKOFF_MS * 2 ** this.#failures, this.#longestBackoff());
      this.#failures += 1;
      this.#lastError = error;
      this.#lastFailure = {
        atMs: this.#clock.wallMs(),
        // Only our own words: another error may quote what was sent.
        message: error instanceof GatewayError ? error.message : "The access token could not be fetched.",
      };
      this.#noAttemptBeforeMs = this.#clock.monotonicMs() + backoff * (0.5 + this.#clock.random() / 2);
      this.#onRefreshed(false);
      throw error;
    }
  }

  #longestBackoff(): number {
    const held = this.#valid();
    if (held === undefined) return LONGEST_BACKOFF_WITHOUT_TOKEN_MS;
    const left = held.expiresMonotonicMs - this.#clock.monotonicMs();
    return Math.min(LONGEST_BACKOFF_MS, Math.max(FIRST_BACKOFF_MS, left * BACKOFF_SHARE));
  }

  #hold({ token, expiresAtMs, scopes }: AccessToken): Held {
    const wall = this.#clock.wallMs();
    const monotonic = this.#clock.monotonicMs();
    const left = expiresAtMs === undefined ? UNKNOWN_LIFETIME_MS : expiresAtMs - wall;
    if (!(left > 0)) {
      throw new GatewayError(
        { kind: "upstream", status: 502, type: "server_error", code: "upstream_auth_error", param: null },
        "The access token that Google issued has expired already. Check this machine's clock.",
      );
    }
    // Spread over a fifth of the margin, so that many gateways started together do not ask together.
    const ahead = Math.min(MOST_AHEAD_MS, left * AHEAD_FRACTION) * (1 + this.#clock.random() / 5);
    this.#held = {
      token,
      expiresWallMs: wall + left,
      expiresMonotonicMs: monotonic + left,
      refreshMonotonicMs: monotonic + left - ahead,
      expiryKnown: expiresAtMs !== undefined,
      scopes,
    };
    return this.#held;
  }

  /** The issuer's answer, or a failure when it takes too long: else one lost packet would hold every call for ever. */
  #inTime(fetching: Promise<AccessToken>): Promise<AccessToken> {
    return new Promise((resolve, reject) => {
      const cancel = this.#clock.after(this.#patienceMs, () => {
        reject(
          new GatewayError(
            { kind: "upstream_timeout", phase: "first_byte", afterMs: this.#patienceMs },
            `Google issued no access token within ${this.#patienceMs} ms.`,
          ),
        );
      });
      fetching.then(resolve, reject).finally(cancel);
    });
  }
}

const systemClock: CustodyClock = {
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  after(ms, callback) {
    const timer = setTimeout(callback, ms);
    timer.unref();
    return () => clearTimeout(timer);
  },
  random: () => Math.random(),
};
