import { SlidingCount } from "./sliding-count.ts";

export interface CircuitOptions {
  windowMs: number;
  /** Opens at so many failures within the window ... */
  failures: number;
  /** ... if they are at least this share of the outcomes: a busy target always has a few. */
  ratio: number;
  /** First pause; it doubles with each opening that follows soon, up to the longest. */
  pauseMs: number;
  longestPauseMs: number;
  /** Successful probes, one after the other, that close it again. */
  probes: number;
}

export const DEFAULT_CIRCUIT: CircuitOptions = {
  windowMs: 10_000,
  failures: 5,
  ratio: 0.2,
  pauseMs: 5_000,
  longestPauseMs: 60_000,
  probes: 2,
};

/** Closed for so long, the next pause starts from the first length again. */
const FORGIVEN_AFTER_MS = 60_000;
/** Longer than any wait for a first byte: a probe whose end was never told must not shut a target out for good. */
const PROBE_LEASE_MS = 15 * 60_000;

export type CircuitState = "closed" | "open" | "half_open";

/** An attempt that the breaker watches; `probe` is true for the one let through while half-open. */
export interface CircuitPass {
  readonly startedMs: number;
  readonly probe: boolean;
}

/**
 * Opens after failures, lets one probe at a time through after a pause, closes after some of them succeeded.
 * It says which target is the better choice and refuses nothing by itself: where no other target is left, an attempt
 * is made in any state, and its success counts as a probe's.
 */
export class CircuitBreaker {
  readonly #options: CircuitOptions;
  readonly #failures: SlidingCount;
  readonly #outcomes: SlidingCount;
  /** Undefined while closed. */
  #openedAtMs: number | undefined;
  #pauseMs = 0;
  #closedAtMs = -Infinity;
  #probeStartedMs: number | undefined;
  #successes = 0;

  constructor(options: CircuitOptions = DEFAULT_CIRCUIT) {
    this.#options = options;
    this.#failures = new SlidingCount(options.windowMs);
    this.#outcomes = new SlidingCount(options.windowMs);
  }

  state(nowMs: number): CircuitState {
    if (this.#openedAtMs === undefined) return "closed";
    return nowMs < this.#openedAtMs + this.#pauseMs ? "open" : "half_open";
  }

  get isClosed(): boolean {
    return this.#openedAtMs === undefined;
  }

  admits(nowMs: number): boolean {
    if (this.#openedAtMs === undefined) return true;
    return this.state(nowMs) === "half_open" && !this.#probing(nowMs);
  }

  /** End of the pause; -Infinity while closed. */
  admitsFromMs(): number {
    return this.#openedAtMs === undefined ? -Infinity : this.#openedAtMs + this.#pauseMs;
  }

  /** Marks an attempt as the probe if one is due. */
  begin(nowMs: number): CircuitPass {
    const probe = this.#openedAtMs !== undefined && this.admits(nowMs);
    if (probe) this.#probeStartedMs = nowMs;
    return { startedMs: nowMs, probe };
  }

  /** `verdict` undefined: the attempt told nothing about the target's health. */
  end(pass: CircuitPass, verdict: "success" | "failure" | undefined, nowMs: number): void {
    if (pass.probe && pass.startedMs === this.#probeStartedMs) this.#probeStartedMs = undefined;
    if (verdict === undefined) return;
    if (this.#openedAtMs === undefined) {
      this.#count(verdict, nowMs);
    } else if (pass.startedMs >= this.#openedAtMs) {
      // What was sent before the opening is old news.
      if (verdict === "success") this.#succeeded(nowMs);
      else if (pass.probe) this.#open(nowMs);
    }
  }

  #count(verdict: "success" | "failure", nowMs: number): void {
    this.#outcomes.add(nowMs);
    if (verdict === "success") return;
    this.#failures.add(nowMs);
    const failures = this.#failures.total(nowMs);
    if (failures < this.#options.failures) return;
    if (failures >= this.#outcomes.total(nowMs) * this.#options.ratio) this.#open(nowMs);
  }

  #open(nowMs: number): void {
    const again = this.#openedAtMs !== undefined || nowMs < this.#closedAtMs + FORGIVEN_AFTER_MS;
    this.#pauseMs = again ? Math.min(this.#pauseMs * 2, this.#options.longestPauseMs) : this.#options.pauseMs;
    this.#openedAtMs = nowMs;
    this.#successes = 0;
    this.#probeStartedMs = undefined;
  }

  #succeeded(nowMs: number): void {
    this.#successes += 1;
    if (this.#successes < this.#options.probes) return;
    this.#openedAtMs = undefined;
    this.#closedAtMs = nowMs;
    this.#failures.clear();
    this.#outcomes.clear();
  }

  #probing(nowMs: number): boolean {
    return this.#probeStartedMs !== undefined && nowMs < this.#probeStartedMs + PROBE_LEASE_MS;
  }
}
