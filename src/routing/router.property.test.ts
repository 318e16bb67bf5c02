/** What holds for every configuration, every state of health and every sequence of faults. */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { seededRandom } from "../../test/support/seeded-random.ts";
import type { Plan } from "./plan.ts";
import { targetId } from "./route.ts";
import type { Outcome, Route, RouteTarget } from "./route.ts";
import { Router } from "./router.ts";

const LOCATIONS = ["global", "eu", "us", "europe-west1", "europe-west4", "us-central1"];
const location = fc.constantFrom(...LOCATIONS);

const anyTarget: fc.Arbitrary<RouteTarget> = fc
  .record({
    upstream: fc.constantFrom("main", "keys", "vllm"),
    model: fc.constantFrom("flash", "pro"),
    location: fc.option(location, { nil: undefined }),
    weight: fc.constantFrom(0.5, 1, 3, 1000),
    priority: fc.integer({ min: 1, max: 3 }),
  })
  .map((fields) => ({ ...fields, id: targetId(fields) }));

const anyRoute: fc.Arbitrary<Route> = fc.record({
  name: fc.constant("any"),
  targets: fc.array(anyTarget, { maxLength: 8 }),
  choose: fc.constantFrom("weighted" as const, "latency" as const),
  sticky: fc.constantFrom("off" as const, "conversation" as const, "prompt_cache_key" as const),
  locations: fc.option(fc.array(location, { maxLength: 3 }), { nil: undefined }),
});

const wait = fc.option(fc.integer({ min: 0, max: 20_000 }), { nil: undefined });
const anyOutcome: fc.Arbitrary<Outcome> = fc.oneof(
  fc.record({ kind: fc.constant("success" as const), firstByteMs: fc.nat(60_000) }),
  fc
    .tuple(fc.constantFrom("rate_limited" as const, "unavailable" as const), wait)
    .map(([kind, retryAfterMs]) => (retryAfterMs === undefined ? { kind } : { kind, retryAfterMs })),
  fc.constantFrom<Outcome>(
    { kind: "failed" },
    { kind: "not_found" },
    { kind: "answered" },
    { kind: "abandoned" },
  ),
);

const anyStep = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("request" as const),
      route: fc.nat(3),
      stickyKey: fc.option(fc.string(), { nil: undefined }),
      clientRetry: fc.constantFrom(0, 1, 2),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({ kind: fc.constant("outcome" as const), which: fc.nat(9), outcome: anyOutcome }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("pass" as const), ms: fc.nat(8_000) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("report" as const),
      route: fc.nat(3),
      which: fc.nat(7),
      outcome: anyOutcome,
    }),
  },
);

interface UnderWay {
  plan: Plan;
  route: Route;
  clientRetry: number;
  target: RouteTarget;
  made: RouteTarget[];
}

/** Said again here, so that a mistake in the fence is not its own judge. */
function allowed(route: Route, target: RouteTarget): boolean {
  return route.locations?.some((name) => name === target.location) ?? true;
}

test("no request leaves its fence, tries too often, or goes on after an end; named waits are kept", () => {
  fc.assert(
    fc.property(
      fc.array(anyRoute, { minLength: 4, maxLength: 4 }),
      fc.array(anyStep, { maxLength: 150 }),
      fc.record({
        seed: fc.integer(),
        retryBudgetRatio: fc.constantFrom(0, 0.2, 1),
        maxTargets: fc.constantFrom(3, 4096),
      }),
      (routes, steps, { seed, ...options }) => {
        let nowMs = 0;
        const router = new Router({ now: () => nowMs, random: seededRandom(seed), ...options });
        const underWay: UnderWay[] = [];
        /** By target: until when it asked to be left alone. */
        const toldUntil = new Map<string, number>();
        let offered = 0;
        let retries = 0;

        const cools = (target: RouteTarget) => nowMs < (toldUntil.get(target.id) ?? -Infinity);
        const heard = (target: RouteTarget, outcome: Outcome) => {
          if (outcome.kind !== "rate_limited" && outcome.kind !== "unavailable") return;
          if (outcome.retryAfterMs === undefined || outcome.retryAfterMs < 100) return;
          const untilMs = nowMs + outcome.retryAfterMs;
          toldUntil.set(target.id, Math.max(untilMs, toldUntil.get(target.id) ?? -Infinity));
        };

        for (const step of steps) {
          if (step.kind === "pass") {
            nowMs += step.ms;
          } else if (step.kind === "report") {
            const { targets } = routes[step.route] as Route;
            const target = targets[step.which];
            if (target === undefined) continue;
            router.report(target, step.outcome);
            heard(target, step.outcome);
          } else if (step.kind === "request") {
            const route = routes[step.route] as Route;
            const inside = route.targets.filter((target) => allowed(route, target));
            const plan = router.plan(route, step);
            const target = plan.first();
            expect(target !== undefined).toBe(inside.length > 0);
            if (target === undefined) continue;
            offered += 1;
            expect(route.targets).toContain(target);
            expect(allowed(route, target)).toBe(true);
            underWay.push({ plan, route, clientRetry: step.clientRetry, target, made: [target] });
          } else {
            const index = step.which % Math.max(1, underWay.length);
            const request = underWay[index];
            if (request === undefined) continue;
            const { plan, route, made } = request;
            heard(request.target, step.outcome);
            const target = plan.next(step.outcome);
            if (target === undefined) {
              underWay.splice(index, 1);
              expect(plan.next({ kind: "failed" })).toBeUndefined();
              expect(plan.attempts.map((attempt) => attempt.target)).toEqual(made);
              continue;
            }
            retries += 1;
            made.push(target);
            expect(route.targets).toContain(target);
            expect(allowed(route, target)).toBe(true);
            expect(["success", "answered", "abandoned"]).not.toContain(step.outcome.kind);
            expect(made.length).toBeLessThanOrEqual(request.clientRetry > 0 ? 2 : 3);
            if (target.id === request.target.id) {
              expect(["unavailable", "failed"]).toContain(step.outcome.kind);
            } else {
              expect(made.filter(({ id }) => id === target.id)).toHaveLength(1);
            }
            // With everything remembered: a retry is sent when the wait that was named is over.
            if (options.maxTargets === 4096 && cools(target)) {
              expect(nowMs + plan.waitMs).toBeGreaterThanOrEqual(toldUntil.get(target.id) ?? 0);
            }
            expect(plan.waitMs).toBeLessThanOrEqual(1_000);
            request.target = target;
          }
        }
        if (options.retryBudgetRatio === 0) expect(retries).toBe(0);
        expect(retries).toBeLessThanOrEqual(2 * offered);
        expect(router.state().length).toBeLessThanOrEqual(options.maxTargets);
        if (options.maxTargets === 4096) {
          const inFlight = router.state().reduce((sum, state) => sum + state.inFlight, 0);
          expect(inFlight).toBe(underWay.length);
        }
      },
    ),
    { numRuns: 400 },
  );
});

test("a healthy target inside the fence is never passed over for one that cools", () => {
  fc.assert(
    fc.property(
      anyRoute,
      fc.array(fc.tuple(fc.nat(7), anyOutcome), { maxLength: 20 }),
      fc.integer(),
      (route, history, seed) => {
        const router = new Router({ now: () => 1_000, random: seededRandom(seed) });
        const touched = new Set<string>();
        for (const [which, outcome] of history) {
          const target = route.targets[which];
          if (target === undefined) continue;
          touched.add(target.id);
          router.report(target, outcome);
        }
        const fresh = route.targets.filter((target) => !touched.has(target.id) && allowed(route, target));
        const target = router.plan(route, { stickyKey: "key", clientRetry: 0 }).first();
        if (fresh.length === 0 || target === undefined) return;
        const state = router.state().find(({ id }) => id === target.id);
        expect(state?.coolingForMs ?? 0).toBe(0);
        expect(state?.circuit ?? "closed").toBe("closed");
        // Lower numbers first: nobody is chosen behind a fresh target of a lower number.
        expect(target.priority).toBeLessThanOrEqual(Math.min(...fresh.map(({ priority }) => priority)));
      },
    ),
    { numRuns: 400 },
  );
});
