export type CoolingReason = "rate_limited" | "unavailable" | "not_found";

/** First guess where the upstream names no wait; it doubles up to the longest with each refusal after a cooldown. */
const GUESSES: Record<CoolingReason, { firstMs: number; longestMs: number }> = {
  // Google asks for at least a second between repeats of a 429 under dynamic shared quota.
  rate_limited: { firstMs: 1_000, longestMs: 60_000 },
  // A lone 503 is common and passes at once.
  unavailable: { firstMs: 250, longestMs: 30_000 },
  // Models appear in a location by a roll-out, which takes longer than that.
  not_found: { firstMs: 60_000, longestMs: 600_000 },
};

/** A shorter wait than this is no wait: the next request would meet the same refusal. Our guess is longer. */
const SHORTEST_TOLD_MS = 100;
/** Beyond a day a wait is a mistake or a matter for the operator; one attempt a day finds out. */
const LONGEST_TOLD_MS = 24 * 3600 * 1000;
/** After a cooldown, one attempt per step until one succeeds: all at once would meet a target still at its limit. */
const READMIT_EVERY_MS = 100;

/** Keeps requests off a target that said "not now", for as long as it said, or for a guess that grows. */
export class Cooldown {
  #untilMs = -Infinity;
  #refusedAtMs = -Infinity;
  #admittedAtMs = -Infinity;
  /** Refusals in a row, each after the cooldown of the one before. */
  #streak = 0;
  #told = false;
  #reason: CoolingReason | undefined;

  /** When the next attempt is due; not later than now for a target at its best. */
  admitsFromMs(): number {
    if (this.#streak === 0) return -Infinity;
    return Math.max(this.#untilMs, this.#admittedAtMs + READMIT_EVERY_MS);
  }

  admits(nowMs: number): boolean {
    return this.#streak === 0 || nowMs >= this.admitsFromMs();
  }

  /** The upstream itself named the wait that is still running, or said that the model is not there. */
  isTold(nowMs: number): boolean {
    return this.#told && nowMs < this.#untilMs;
  }

  /** What is left of the cooldown, with its reason; undefined when none runs. */
  running(nowMs: number): { forMs: number; reason: CoolingReason } | undefined {
    if (nowMs >= this.#untilMs || this.#reason === undefined) return undefined;
    return { forMs: this.#untilMs - nowMs, reason: this.#reason };
  }

  /** An attempt is being made. */
  begin(nowMs: number): void {
    if (this.#streak > 0) this.#admittedAtMs = nowMs;
  }

  refused(reason: CoolingReason, retryAfterMs: number | undefined, nowMs: number): void {
    const told = retryAfterMs !== undefined && retryAfterMs >= SHORTEST_TOLD_MS;
    // Requests that were under way together are refused together: that is one refusal, not a growing streak.
    const within = nowMs < this.#untilMs;
    if (!within) this.#streak += 1;
    if (!told && within) return;
    const { firstMs, longestMs } = GUESSES[reason];
    const waitMs = told
      ? Math.min(retryAfterMs, LONGEST_TOLD_MS)
      : Math.min(firstMs * 2 ** (this.#streak - 1), longestMs);
    // Two waits at once: the longer holds, and a wait that was named is not cut short by a guess.
    if (nowMs + waitMs < this.#untilMs) return;
    this.#untilMs = nowMs + waitMs;
    this.#refusedAtMs = nowMs;
    this.#told = told || reason === "not_found";
    this.#reason = reason;
  }

  /** An attempt sent at `startedMs` succeeded. One sent before the refusal proves nothing about the time since. */
  succeeded(startedMs: number, nowMs: number): void {
    if (this.#streak === 0 || startedMs < this.#refusedAtMs || this.isTold(nowMs)) return;
    this.#streak = 0;
    this.#untilMs = -Infinity;
    this.#told = false;
    this.#reason = undefined;
  }
}
