import { SlidingCount } from "./sliding-count.ts";

export interface RetryBudgetOptions {
  /** Retries allowed for each request, 0 to 1; 0 allows none at all. */
  ratio: number;
  /** Retries a quiet gateway may make within the window even so. */
  floor: number;
  windowMs: number;
}

/**
 * Bounds the load that retries add: within the window, at most `ratio` of the requests that came in, or `floor` if that
 * is more. Clients retry as well (OpenAI's SDKs make three attempts), and stacked retries turn a brown-out into a
 * dead upstream. A request pays into one budget only, so the bound holds for the sum over all upstreams too.
 */
export class RetryBudget {
  readonly #ratio: number;
  readonly #floor: number;
  readonly #offered: SlidingCount;
  readonly #retries: SlidingCount;

  constructor(options: RetryBudgetOptions) {
    this.#ratio = options.ratio;
    this.#floor = options.ratio > 0 ? options.floor : 0;
    this.#offered = new SlidingCount(options.windowMs);
    this.#retries = new SlidingCount(options.windowMs);
  }

  /** A request came in. A client's own retry is a request like any other. */
  offer(nowMs: number): void {
    this.#offered.add(nowMs);
  }

  /** Takes one retry if the budget holds it. */
  tryRetry(nowMs: number): boolean {
    const { retries, allowed } = this.state(nowMs);
    if (retries + 1 > allowed) return false;
    this.#retries.add(nowMs);
    return true;
  }

  /** Within the window: requests, retries made, retries allowed. */
  state(nowMs: number): { offered: number; retries: number; allowed: number } {
    const offered = this.#offered.total(nowMs);
    const allowed = Math.max(this.#floor, Math.floor(offered * this.#ratio));
    return { offered, retries: this.#retries.total(nowMs), allowed };
  }
}
