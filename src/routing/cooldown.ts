export type CoolingReason = "rate_limited" | "unavailable" | "not_found";

/** First guess where the upstream names no wait; it doubles up to the longest with each refusal after a cooldown. */
const GUESSES: Record<CoolingReason, { firstMs: number; longestMs: number }> = {
  // Under dynamic shared quota there is no fixed limit to wait for; a second lets a burst of others pass.
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
  /** Named by the upstream: nothing shortens it. */
  #toldUntilMs = -Infinity;
  /** Ended early by a success. */
  #guessedUntilMs = -Infinity;
  #refusedAtMs = -Infinity;
  #admittedAtMs = -Infinity;
  /** Refusals in a row, each after the cooldown of the one before. */
  #streak = 0;
  #reason: CoolingReason | undefined;

  /** When the next attempt is due; not later than now for a target at its best. */
  admitsFromMs(): number {
    return this.#streak === 0 ? -Infinity : Math.max(this.#untilMs, this.#admittedAtMs + READMIT_EVERY_MS);
  }

  admits(nowMs: number): boolean {
    return this.#streak === 0 || nowMs >= this.admitsFromMs();
  }

  /** The upstream itself named the wait that is still running, or said that the model is not there. */
  isTold(nowMs: number): boolean {
    return nowMs < this.#toldUntilMs;
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
    this.#refusedAtMs = nowMs;
    const oldUntilMs = this.#untilMs;
    // Requests that were under way together are refused together: that is one refusal, not a growing streak.
    const isNew = nowMs >= oldUntilMs;
    if (isNew) this.#streak += 1;
    if (retryAfterMs !== undefined && retryAfterMs >= SHORTEST_TOLD_MS) {
      this.#toldUntilMs = Math.max(this.#toldUntilMs, nowMs + Math.min(retryAfterMs, LONGEST_TOLD_MS));
    } else if (isNew || reason === "not_found") {
      const { firstMs, longestMs } = GUESSES[reason];
      const untilMs = nowMs + Math.min(firstMs * 2 ** (this.#streak - 1), longestMs);
      if (reason === "not_found") this.#toldUntilMs = Math.max(this.#toldUntilMs, untilMs);
      else this.#guessedUntilMs = untilMs;
    }
    if (this.#untilMs > oldUntilMs) this.#reason = reason;
  }

  /** An attempt sent at `startedMs` succeeded. One sent before the refusal proves nothing about the time since. */
  succeeded(startedMs: number, nowMs: number): void {
    if (this.#streak === 0 || startedMs < this.#refusedAtMs) return;
    this.#guessedUntilMs = -Infinity;
    if (!this.isTold(nowMs)) this.#streak = 0;
  }

  get #untilMs(): number {
    return Math.max(this.#toldUntilMs, this.#guessedUntilMs);
  }
}
