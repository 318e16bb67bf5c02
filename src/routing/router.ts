import { DEFAULT_CIRCUIT } from "./circuit-breaker.ts";
import type { CircuitOptions } from "./circuit-breaker.ts";
import { RoutePlan } from "./plan.ts";
import type { Plan, PlanContext, PlanRequest } from "./plan.ts";
import { RetryBudget } from "./retry-budget.ts";
import type { Outcome, Route, RouteTarget } from "./route.ts";
import { TargetHealth } from "./target-health.ts";
import type { TargetState } from "./target-health.ts";

export interface RouterOptions {
  /** Milliseconds of a clock that is never set back, for example `performance.now()`. */
  now: () => number;
  /** From 0 up to 1. */
  random: () => number;
  /** Retries allowed for each request, 0 to 1. Default 0.2. */
  retryBudgetRatio?: number;
  /** Retries allowed in ten seconds to a gateway with few requests. Default 10; none if the ratio is 0. */
  retryBudgetFloor?: number;
  circuit?: Partial<CircuitOptions>;
  /** Targets remembered; callers choose model names, so there is no natural bound. Default 4096. */
  maxTargets?: number;
}

/** The retries of one upstream within the last ten seconds. */
export interface RetryBudgetState {
  upstream: string;
  offered: number;
  retries: number;
  allowed: number;
}

const BUDGET_WINDOW_MS = 10_000;

/** Chooses targets for requests and learns from how they fared. Does no I/O and sets no timers. */
export class Router {
  readonly #context: PlanContext;
  readonly #targets = new Map<string, TargetHealth>();
  readonly #budgets = new Map<string, RetryBudget>();

  constructor(options: RouterOptions) {
    const { now, random, maxTargets = 4096 } = options;
    const circuit = { ...DEFAULT_CIRCUIT, ...options.circuit };
    const budget = {
      ratio: options.retryBudgetRatio ?? 0.2,
      floor: options.retryBudgetFloor ?? 10,
      windowMs: BUDGET_WINDOW_MS,
    };
    this.#context = {
      now,
      random,
      healthOf: (target, nowMs) => {
        const known = this.#targets.get(target.id);
        if (known !== undefined) return known;
        if (this.#targets.size >= maxTargets) this.#forgetOldest();
        const health = new TargetHealth(target, circuit, nowMs);
        this.#targets.set(target.id, health);
        return health;
      },
      budgetOf: (upstream) => {
        const known = this.#budgets.get(upstream);
        if (known !== undefined) return known;
        const made = new RetryBudget(budget);
        this.#budgets.set(upstream, made);
        return made;
      },
    };
  }

  /** The targets to try for one request, never one outside the route's fence, the healthy ones first. */
  plan(route: Route, request: PlanRequest): Plan {
    return new RoutePlan(this.#context, route, request);
  }

  /**
   * Something learned about a target apart from a plan's attempts, which `Plan.next` reports: a health probe, or a stream
   * that broke after its first byte had been a success.
   */
  report(target: RouteTarget, outcome: Outcome): void {
    const nowMs = this.#context.now();
    this.#context.healthOf(target, nowMs).learn({ startedMs: nowMs, probe: false }, outcome, nowMs);
  }

  /** All targets that had a request, as they stand now. */
  state(): TargetState[] {
    const nowMs = this.#context.now();
    return [...this.#targets.values()].map((health) => health.state(nowMs));
  }

  retryBudgets(): RetryBudgetState[] {
    const nowMs = this.#context.now();
    return [...this.#budgets].map(([upstream, budget]) => ({ upstream, ...budget.state(nowMs) }));
  }

  /** An eighth at once, so that sorting is rare. A plan under way keeps what it holds. */
  #forgetOldest(): void {
    const oldest = [...this.#targets.entries()].sort(([, a], [, b]) => a.usedAtMs - b.usedAtMs);
    for (const [id] of oldest.slice(0, Math.ceil(oldest.length / 8))) this.#targets.delete(id);
  }
}
