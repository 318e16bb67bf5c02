import { GatewayError } from "../../errors.ts";

/** What a place in the queue is expected to cost before anything has been measured, in milliseconds. */
const FIRST_GUESS_MS = 5_000;
/** Weight of the newest generation in the expected time. */
const NEWEST = 0.3;

/** One generation at a time, and a bounded line behind it, first come first served. */
export class GenerationQueue {
  readonly #capacity: number;
  readonly #now: () => number;
  readonly #waiting = new Set<() => void>();
  #busy = false;
  #expectedMs = FIRST_GUESS_MS;

  /** `capacity` is how many may wait; `now` counts milliseconds. */
  constructor(capacity: number, now: () => number) {
    this.#capacity = capacity;
    this.#now = now;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  /**
   * Resolves when it is this request's turn, with the function that ends it (safe to call twice).
   * Rejects with `rate_limited` at once when the line is full, and with the signal's reason when that comes first.
   */
  async enter(signal: AbortSignal): Promise<() => void> {
    signal.throwIfAborted();
    if (!this.#busy) {
      this.#busy = true;
      return this.#turn();
    }
    if (this.#waiting.size >= this.#capacity) {
      throw new GatewayError(
        { kind: "rate_limited", retryAfterMs: Math.round(this.#expectedMs) },
        `The model answers one request at a time, and ${this.#capacity} are waiting already. Try again later, or raise the queue's bound.`,
      );
    }
    await new Promise<void>((resolve, reject) => {
      const onTurn = (): void => {
        signal.removeEventListener("abort", onAbort);
        resolve();
      };
      const onAbort = (): void => {
        this.#waiting.delete(onTurn);
        reject(signal.reason);
      };
      signal.addEventListener("abort", onAbort, { once: true });
      this.#waiting.add(onTurn);
    });
    return this.#turn();
  }

  #turn(): () => void {
    const startedAt = this.#now();
    let ended = false;
    return () => {
      if (ended) return;
      ended = true;
      this.#expectedMs += (this.#now() - startedAt - this.#expectedMs) * NEWEST;
      for (const next of this.#waiting) {
        this.#waiting.delete(next);
        next();
        return;
      }
      this.#busy = false;
    };
  }
}
