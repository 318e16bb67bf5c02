import { appended } from "../wire/appended.ts";
import { choose } from "./choice.ts";
import type { Candidate } from "./choice.ts";
import type { CircuitPass } from "./circuit-breaker.ts";
import { insideFence } from "./fence.ts";
import type { RetryBudget } from "./retry-budget.ts";
import type { Attempt, Outcome, Route, RouteTarget } from "./route.ts";
import type { TargetHealth } from "./target-health.ts";

/**
 * The way of one request:
 *
 *     let target = plan.first();
 *     while (target !== undefined) {
 *       const outcome = await attempt(target, plan.waitMs);
 *       target = plan.next(outcome);
 *     }
 *
 * Each attempt must end in one `next`, also a success and one the client left: `next` tells the router.
 */
export interface Plan {
  /** The first target; undefined only if the fence lets none through. Asked again, the same. */
  first(): RouteTarget | undefined;
  /**
   * The next target worth trying after the current attempt ended so; undefined when done: it succeeded, repeating
   * cannot help, nothing is left, or the retries of the request or of the upstream are used up.
   *
   * @param repeat `no`: the attempt counts, and is the last one; `elsewhere`: not at the same target again.
   *   Default `anywhere`
   */
  next(outcome: Outcome, repeat?: Repeat): RouteTarget | undefined;
  /** How long to wait before the attempt just handed out, in milliseconds; 0 except for a repeat at the same target. */
  readonly waitMs: number;
  /** Attempts that ended, in order. */
  readonly attempts: readonly Attempt[];
}

export type Repeat = "anywhere" | "elsewhere" | "no";

/** What a plan asks of its router. */
export interface PlanContext {
  now(): number;
  random(): number;
  healthOf(target: RouteTarget, nowMs: number): TargetHealth;
  budgetOf(upstream: string): RetryBudget;
}

export interface PlanRequest {
  readonly stickyKey: string | undefined;
  /** `x-stainless-retry-count`: how often the client itself has tried before. */
  readonly clientRetry: number;
}

const MAX_RETRIES = 2;
/** The client is repeating already; its retries and ours would multiply. */
const MAX_RETRIES_OF_A_RETRY = 1;
/** OpenAI's SDKs wait half a second before their first retry: both of ours must be over by then or be no use. */
const BACKOFF_MS = 160;
/** A longer wait is the client's to make; it gets the upstream's `Retry-After`. */
const PATIENCE_MS = 1_000;

const NONE: readonly Attempt[] = [];

export class RoutePlan implements Plan {
  readonly #context: PlanContext;
  readonly #route: Route;
  readonly #request: PlanRequest;
  #begun = false;
  #target: RouteTarget | undefined;
  #health: TargetHealth | undefined;
  #pass: CircuitPass | undefined;
  #attempts: Attempt[] | undefined;
  #waitMs = 0;

  constructor(context: PlanContext, route: Route, request: PlanRequest) {
    this.#context = context;
    this.#route = route;
    this.#request = request;
  }

  get attempts(): readonly Attempt[] {
    return this.#attempts ?? NONE;
  }

  get waitMs(): number {
    return this.#waitMs;
  }

  first(): RouteTarget | undefined {
    if (this.#begun) return this.#target;
    this.#begun = true;
    const nowMs = this.#context.now();
    const target = this.#firstTarget(nowMs);
    if (target === undefined) return undefined;
    this.#budget().offer(nowMs);
    return this.#begin(target, 0, nowMs);
  }

  next(outcome: Outcome, repeat: Repeat = "anywhere"): RouteTarget | undefined {
    const target = this.#target;
    const health = this.#health;
    const pass = this.#pass;
    if (target === undefined || health === undefined || pass === undefined) return undefined;
    const nowMs = this.#context.now();
    this.#target = undefined;
    this.#waitMs = 0;
    this.#attempts = appended(this.#attempts, { target, outcome });
    health.end(pass, outcome, nowMs);
    if (repeat === "no" || !isRetriable(outcome)) return undefined;

    const retries = this.attempts.length - 1;
    const most = this.#request.clientRetry > 0 ? MAX_RETRIES_OF_A_RETRY : MAX_RETRIES;
    if (retries >= most) return undefined;
    const other = this.#ready(nowMs) ?? this.#soonest(nowMs, "doubtful");
    if (other !== undefined) return this.#retry(other, 0, nowMs);
    // A 429 or a missing model is not mended by asking again at once.
    if (repeat === "elsewhere" || (outcome.kind !== "unavailable" && outcome.kind !== "failed")) {
      return undefined;
    }
    const guessMs = BACKOFF_MS * 2 ** retries * (0.5 + this.#context.random() / 2);
    const waitMs = health.repeatAfterMs(guessMs, PATIENCE_MS, nowMs);
    return waitMs === undefined ? undefined : this.#retry(target, waitMs, nowMs);
  }

  /** The best target there is; one that cools or has its circuit open if there is no other: the caller asked once. */
  #firstTarget(nowMs: number): RouteTarget | undefined {
    const { targets, locations } = this.#route;
    const only = targets[0];
    if (only !== undefined && targets.length === 1) return insideFence(only, locations) ? only : undefined;
    return this.#ready(nowMs) ?? this.#soonest(nowMs, undefined);
  }

  /** Among untried targets that are ready: those of the lowest priority number, and of them as the route chooses. */
  #ready(nowMs: number): RouteTarget | undefined {
    const { targets, choose: how, sticky } = this.#route;
    let candidates: Candidate[] = [];
    let priority = Infinity;
    for (const target of targets) {
      if (target.priority > priority || !this.#isOpenTo(target)) continue;
      const health = this.#context.healthOf(target, nowMs);
      if (!health.isReady(nowMs)) continue;
      if (target.priority < priority) candidates = [];
      priority = target.priority;
      candidates.push({ target, health });
    }
    const key = sticky === "off" ? undefined : this.#request.stickyKey;
    return choose(candidates, how, key, nowMs, this.#context.random)?.target;
  }

  /** The untried target that is ready again soonest; on a par, the one of the lower priority number. */
  #soonest(nowMs: number, standing: "doubtful" | undefined): RouteTarget | undefined {
    let best: RouteTarget | undefined;
    let bestFromMs = Infinity;
    for (const target of this.#route.targets) {
      if (!this.#isOpenTo(target)) continue;
      const health = this.#context.healthOf(target, nowMs);
      if (standing !== undefined && health.standing(nowMs) !== standing) continue;
      const fromMs = health.readyFromMs();
      const ahead = fromMs - bestFromMs || target.priority - (best?.priority ?? Infinity);
      if (best !== undefined && ahead >= 0) continue;
      best = target;
      bestFromMs = fromMs;
    }
    return best;
  }

  #isOpenTo(target: RouteTarget): boolean {
    if (!insideFence(target, this.#route.locations)) return false;
    return this.#attempts === undefined || !this.#attempts.some((attempt) => attempt.target.id === target.id);
  }

  /** Going elsewhere counts like going again: both are load that the caller did not ask for. */
  #retry(target: RouteTarget, waitMs: number, nowMs: number): RouteTarget | undefined {
    return this.#budget().tryRetry(nowMs) ? this.#begin(target, waitMs, nowMs) : undefined;
  }

  #begin(target: RouteTarget, waitMs: number, nowMs: number): RouteTarget {
    this.#target = target;
    this.#waitMs = waitMs;
    this.#health = this.#context.healthOf(target, nowMs);
    this.#pass = this.#health.begin(nowMs + waitMs);
    return target;
  }

  /**
   * The budget of the upstream the route names first pays for all of its retries, wherever they go: a request pays
   * into it once, whichever target it took, so that a fallback with little traffic of its own can still be one.
   */
  #budget(): RetryBudget {
    return this.#context.budgetOf(this.#route.targets[0]?.upstream ?? "");
  }
}

function isRetriable(outcome: Outcome): boolean {
  switch (outcome.kind) {
    case "rate_limited":
    case "unavailable":
    case "failed":
    case "not_found":
      return true;
    case "success":
    case "answered":
    case "abandoned":
      return false;
    default:
      return outcome satisfies never;
  }
}
