import { CircuitBreaker } from "./circuit-breaker.ts";
import type { CircuitOptions, CircuitPass, CircuitState } from "./circuit-breaker.ts";
import { Cooldown } from "./cooldown.ts";
import type { CoolingReason } from "./cooldown.ts";
import { Latency } from "./latency.ts";
import type { Outcome, RouteTarget } from "./route.ts";

/** What is known of one target, for `/admin`. Times in milliseconds, counted from now. */
export interface TargetState {
  id: string;
  upstream: string;
  model: string;
  location: string | undefined;
  requestType: "dedicated" | "shared" | undefined;
  circuit: CircuitState;
  /** Until the circuit lets a probe through; 0 unless it is open. */
  openForMs: number;
  /** 0 unless cooling. */
  coolingForMs: number;
  coolingReason: CoolingReason | undefined;
  /** Usual time to the first byte; undefined before the first success. */
  firstByteMs: number | undefined;
  inFlight: number;
  /** Outcomes since the start; `answered` and `abandoned` are in none of them. */
  successes: number;
  failures: number;
  rateLimited: number;
  usedAgoMs: number;
}

/**
 * ready: nothing speaks against it. doubtful: cooling by our own guess. shut: the upstream named a wait that is still
 * running, or the circuit is not closed.
 */
export type Standing = "ready" | "doubtful" | "shut";

/** Cooldown, circuit, latency and counts of one target, moved by the outcomes of its attempts. */
export class TargetHealth {
  readonly target: RouteTarget;
  readonly latency = new Latency();
  readonly #cooldown = new Cooldown();
  readonly #circuit: CircuitBreaker;
  #inFlight = 0;
  #successes = 0;
  #failures = 0;
  #rateLimited = 0;
  #usedAtMs: number;

  constructor(target: RouteTarget, circuit: CircuitOptions, nowMs: number) {
    this.target = target;
    this.#circuit = new CircuitBreaker(circuit);
    this.#usedAtMs = nowMs;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  get usedAtMs(): number {
    return this.#usedAtMs;
  }

  isReady(nowMs: number): boolean {
    return this.#cooldown.admits(nowMs) && this.#circuit.admits(nowMs);
  }

  standing(nowMs: number): Standing {
    if (this.isReady(nowMs)) return "ready";
    return this.#circuit.isClosed && !this.#cooldown.isTold(nowMs) ? "doubtful" : "shut";
  }

  /** When it may be ready again; in the past if only a probe under way is in the way. */
  readyFromMs(): number {
    return Math.max(this.#cooldown.admitsFromMs(), this.#circuit.admitsFromMs());
  }

  /** Wait before the same request may be sent here again; undefined if it should not be. */
  repeatAfterMs(guessMs: number, patienceMs: number, nowMs: number): number | undefined {
    if (!this.#circuit.isClosed) return undefined;
    if (!this.#cooldown.isTold(nowMs)) return guessMs;
    const leftMs = this.#cooldown.running(nowMs)?.forMs ?? 0;
    return leftMs <= patienceMs ? leftMs : undefined;
  }

  /** An attempt is sent at `startsMs`. Give the result to `end`, once. */
  begin(startsMs: number): CircuitPass {
    this.#usedAtMs = startsMs;
    this.#inFlight += 1;
    this.#cooldown.begin(startsMs);
    return this.#circuit.begin(startsMs);
  }

  end(pass: CircuitPass, outcome: Outcome, nowMs: number): void {
    this.#inFlight -= 1;
    this.learn(pass, outcome, nowMs);
  }

  /** What an attempt, or a probe outside of any request, has shown. */
  learn(pass: CircuitPass, outcome: Outcome, nowMs: number): void {
    switch (outcome.kind) {
      case "success":
        this.#successes += 1;
        this.latency.observe(outcome.firstByteMs, nowMs);
        this.#cooldown.succeeded(pass.startedMs, nowMs);
        this.#circuit.end(pass, "success", nowMs);
        return;
      case "rate_limited":
        // A target at its quota is well; it is the quota that is spent.
        this.#rateLimited += 1;
        this.#cooldown.refused("rate_limited", outcome.retryAfterMs, nowMs);
        this.#circuit.end(pass, undefined, nowMs);
        return;
      case "unavailable":
        this.#failures += 1;
        this.#cooldown.refused("unavailable", outcome.retryAfterMs, nowMs);
        this.#circuit.end(pass, "failure", nowMs);
        return;
      case "failed":
        this.#failures += 1;
        this.latency.observeAtLeast(nowMs - pass.startedMs, nowMs);
        this.#circuit.end(pass, "failure", nowMs);
        return;
      case "not_found":
        this.#failures += 1;
        this.#cooldown.refused("not_found", undefined, nowMs);
        this.#circuit.end(pass, undefined, nowMs);
        return;
      case "abandoned":
        // A client that gave up waiting has measured the target, too.
        this.latency.observeAtLeast(nowMs - pass.startedMs, nowMs);
        this.#circuit.end(pass, undefined, nowMs);
        return;
      case "answered":
        this.#circuit.end(pass, undefined, nowMs);
        return;
      default:
        outcome satisfies never;
    }
  }

  state(nowMs: number): TargetState {
    const { id, upstream, model, location, requestType } = this.target;
    const cooling = this.#cooldown.running(nowMs);
    return {
      id,
      upstream,
      model,
      location,
      requestType,
      circuit: this.#circuit.state(nowMs),
      openForMs: Math.max(0, this.#circuit.admitsFromMs() - nowMs),
      coolingForMs: cooling?.forMs ?? 0,
      coolingReason: cooling?.reason,
      firstByteMs: this.latency.ms,
      inFlight: this.#inFlight,
      successes: this.#successes,
      failures: this.#failures,
      rateLimited: this.#rateLimited,
      usedAgoMs: nowMs - this.#usedAtMs,
    };
  }
}
