import { describe, expect, test } from "vitest";
import { route, target } from "../../test/support/route-fixtures.ts";
import { seededRandom } from "../../test/support/seeded-random.ts";
import type { Plan, PlanRequest } from "./plan.ts";
import type { Outcome, Route, RouteTarget } from "./route.ts";
import { Router } from "./router.ts";
import type { RouterOptions } from "./router.ts";

const ok: Outcome = { kind: "success", firstByteMs: 100 };
const busy: Outcome = { kind: "rate_limited" };
const down: Outcome = { kind: "unavailable" };
const failed: Outcome = { kind: "failed" };
const absent: Outcome = { kind: "not_found" };
const mistaken: Outcome = { kind: "answered" };
const left: Outcome = { kind: "abandoned" };

const eu = target("eu");
const us = target("us");
const asia = target("asia");

const took = (upstream: string | undefined): Outcome => ({
  kind: "success",
  firstByteMs: upstream === "eu" ? 900 : 100,
});

class Bench {
  nowMs = 0;
  readonly router: Router;

  constructor(options: Partial<RouterOptions> = {}) {
    this.router = new Router({ now: () => this.nowMs, random: seededRandom(1), ...options });
  }

  plan(to: Route, request: Partial<PlanRequest> = {}): Plan {
    return this.router.plan(to, { stickyKey: undefined, clientRetry: 0, ...request });
  }

  /** Where a request goes that meets these outcomes, one after the other. */
  way(to: Route, outcomes: readonly Outcome[], request: Partial<PlanRequest> = {}): string[] {
    const plan = this.plan(to, request);
    const way: string[] = [];
    let at = plan.first();
    for (const outcome of outcomes) {
      if (at === undefined) return way;
      way.push(at.upstream);
      at = plan.next(outcome);
    }
    if (at !== undefined) way.push(`${at.upstream}...`);
    return way;
  }

  /** Where the next request goes that is answered well. */
  goes(to: Route, request: Partial<PlanRequest> = {}): string | undefined {
    return this.way(to, [ok], request)[0];
  }
}

/** By priority: eu, then us, then asia. */
const ordered = route([eu, { ...us, priority: 2 }, { ...asia, priority: 3 }]);
const alone = route([eu]);

describe("the way of a request", () => {
  test.each([
    { why: "done", to: ordered, outcomes: [ok], way: ["eu"] },
    { why: "429: to the next", to: ordered, outcomes: [busy, ok], way: ["eu", "us"] },
    { why: "503: to the next", to: ordered, outcomes: [down, ok], way: ["eu", "us"] },
    { why: "500: to the next", to: ordered, outcomes: [failed, ok], way: ["eu", "us"] },
    { why: "404: to the next", to: ordered, outcomes: [absent, ok], way: ["eu", "us"] },
    { why: "the caller's own mistake", to: ordered, outcomes: [mistaken, ok], way: ["eu"] },
    { why: "the client left", to: ordered, outcomes: [left, ok], way: ["eu"] },
    {
      why: "two retries at most",
      to: ordered,
      outcomes: [down, down, down, down],
      way: ["eu", "us", "asia"],
    },
    { why: "alone, 503: again", to: alone, outcomes: [down, ok], way: ["eu", "eu"] },
    {
      why: "alone, 500: again, twice",
      to: alone,
      outcomes: [failed, failed, failed],
      way: ["eu", "eu", "eu"],
    },
    { why: "alone, 429: not again", to: alone, outcomes: [busy, ok], way: ["eu"] },
    { why: "alone, 404: not again", to: alone, outcomes: [absent, ok], way: ["eu"] },
    {
      why: "alone, 503 with a wait too long",
      to: alone,
      outcomes: [{ kind: "unavailable", retryAfterMs: 1_001 } as Outcome, ok],
      way: ["eu"],
    },
    {
      why: "nothing inside the fence",
      to: route([eu, us], { locations: ["asia"] }),
      outcomes: [ok],
      way: [],
    },
    { why: "no target at all", to: route([]), outcomes: [ok], way: [] },
    {
      why: "fence: the fallback outside is none",
      to: route([eu, { ...us, priority: 2 }], { locations: ["eu"] }),
      outcomes: [busy, ok],
      way: ["eu"],
    },
  ])("$why: $way", ({ to, outcomes, way }) => {
    expect(new Bench().way(to, outcomes)).toEqual(way);
  });

  test("one retry if the client is itself repeating", () => {
    expect(new Bench().way(ordered, [down, down, down], { clientRetry: 1 })).toEqual(["eu", "us"]);
    expect(new Bench().way(alone, [failed, failed, failed], { clientRetry: 2 })).toEqual(["eu", "eu"]);
  });

  test("attempts tell targets and outcomes in order", () => {
    const plan = new Bench().plan(ordered);
    expect(plan.attempts).toEqual([]);
    plan.first();
    plan.next(busy);
    plan.next(ok);
    expect(plan.attempts.map(({ target: at, outcome }) => [at.upstream, outcome.kind])).toEqual([
      ["eu", "rate_limited"],
      ["us", "success"],
    ]);
  });

  test("asked again, first is the same; next after the end is nothing and counts nothing", () => {
    const bench = new Bench();
    const plan = bench.plan(alone);
    expect(plan.next(failed)).toBeUndefined();
    expect(plan.first()).toBe(eu);
    expect(plan.first()).toBe(eu);
    expect(plan.next(ok)).toBeUndefined();
    expect(plan.next(failed)).toBeUndefined();
    expect(plan.first()).toBeUndefined();
    expect(bench.router.state()).toMatchObject([{ successes: 1, failures: 0, inFlight: 0 }]);
    expect(bench.router.retryBudgets()).toMatchObject([{ offered: 1, retries: 0 }]);
  });
});

describe("waiting before a repeat", () => {
  test("at the same target: a guess with jitter, longer the second time", () => {
    for (let seed = 0; seed < 50; seed += 1) {
      const plan = new Bench({ random: seededRandom(seed) }).plan(alone);
      plan.first();
      expect(plan.waitMs).toBe(0);
      plan.next(down);
      expect(plan.waitMs).toBeGreaterThanOrEqual(80);
      expect(plan.waitMs).toBeLessThan(160);
      plan.next(failed);
      expect(plan.waitMs).toBeGreaterThanOrEqual(160);
      expect(plan.waitMs).toBeLessThan(320);
      plan.next(failed);
      expect(plan.waitMs).toBe(0);
    }
  });

  test("as long as the upstream said, if that is short", () => {
    const plan = new Bench().plan(alone);
    plan.first();
    expect(plan.next({ kind: "unavailable", retryAfterMs: 700 })).toBe(eu);
    expect(plan.waitMs).toBe(700);
  });

  test("elsewhere: none", () => {
    const plan = new Bench().plan(ordered);
    plan.first();
    expect(plan.next({ kind: "rate_limited", retryAfterMs: 700 })?.upstream).toBe("us");
    expect(plan.waitMs).toBe(0);
  });
});

describe("priority", () => {
  test("the lower number, whatever the order of the list", () => {
    const bench = new Bench();
    const mixed = route([{ ...asia, priority: 3 }, { ...us, priority: 2 }, eu]);
    for (let times = 0; times < 50; times += 1) expect(bench.goes(mixed)).toBe("eu");
  });

  test("spills while cooling and comes back to the millisecond", () => {
    const bench = new Bench();
    expect(bench.way(ordered, [{ kind: "rate_limited", retryAfterMs: 2_500 }, ok])).toEqual(["eu", "us"]);
    bench.nowMs = 2_499;
    expect(bench.goes(ordered)).toBe("us");
    bench.nowMs = 2_500;
    expect(bench.goes(ordered)).toBe("eu");
  });

  test("after a cooldown one request goes first, and all follow its success", () => {
    const bench = new Bench();
    bench.way(ordered, [{ kind: "rate_limited", retryAfterMs: 1_000 }, ok]);
    bench.nowMs = 1_000;
    const first = bench.plan(ordered);
    expect(first.first()?.upstream).toBe("eu");
    expect(bench.goes(ordered)).toBe("us");
    bench.nowMs = 1_050;
    first.next(ok);
    for (let times = 0; times < 5; times += 1) expect(bench.plan(ordered).first()?.upstream).toBe("eu");
  });

  test("spills while the circuit is open; half-open lets one probe at a time", () => {
    const bench = new Bench();
    for (let times = 0; times < 5; times += 1) bench.way(ordered, [failed, ok]);
    expect(bench.router.state()[0]).toMatchObject({ id: eu.id, circuit: "open", openForMs: 5_000 });
    bench.nowMs = 4_999;
    expect(bench.goes(ordered)).toBe("us");
    bench.nowMs = 5_000;
    const probe = bench.plan(ordered);
    expect(probe.first()?.upstream).toBe("eu");
    for (let times = 0; times < 20; times += 1) expect(bench.goes(ordered)).toBe("us");
    probe.next(ok);
    const second = bench.plan(ordered);
    expect(second.first()?.upstream).toBe("eu");
    expect(bench.goes(ordered)).toBe("us");
    second.next(ok);
    for (let times = 0; times < 20; times += 1) expect(bench.goes(ordered)).toBe("eu");
  });

  test("a probe whose client leaves makes room for the next", () => {
    const bench = new Bench();
    for (let times = 0; times < 5; times += 1) bench.way(ordered, [failed, ok]);
    bench.nowMs = 5_000;
    expect(bench.way(ordered, [left])).toEqual(["eu"]);
    expect(bench.plan(ordered).first()?.upstream).toBe("eu");
  });

  test("a model that is absent is passed over for a minute", () => {
    const bench = new Bench();
    bench.way(ordered, [absent, ok]);
    bench.nowMs = 59_999;
    expect(bench.goes(ordered)).toBe("us");
    bench.nowMs = 60_000;
    expect(bench.goes(ordered)).toBe("eu");
  });
});

describe("nothing healthy left", () => {
  test("a request is still made, at the target that is ready soonest", () => {
    const bench = new Bench();
    const both = route([eu, us]);
    bench.router.report(eu, { kind: "rate_limited", retryAfterMs: 9_000 });
    bench.router.report(us, { kind: "rate_limited", retryAfterMs: 5_000 });
    for (let times = 0; times < 10; times += 1) expect(bench.goes(both)).toBe("us");
    bench.router.report(us, { kind: "rate_limited", retryAfterMs: 10_000 });
    for (let times = 0; times < 10; times += 1) expect(bench.goes(both)).toBe("eu");
  });

  test("but no retry goes to a target that named a wait or has its circuit open", () => {
    const bench = new Bench();
    const both = route([eu, { ...us, priority: 2 }]);
    bench.router.report(us, { kind: "rate_limited", retryAfterMs: 5_000 });
    expect(bench.way(both, [busy, ok])).toEqual(["eu"]);
    const other = new Bench();
    for (let times = 0; times < 5; times += 1) other.router.report(us, failed);
    expect(other.way(both, [busy, ok])).toEqual(["eu"]);
    // One that only failed is worth asking again.
    expect(other.way(both, [failed, ok])).toEqual(["eu", "eu"]);
  });

  test("a retry may go to a target that cools by a guess", () => {
    const bench = new Bench();
    bench.router.report(us, busy);
    expect(bench.way(route([eu, { ...us, priority: 2 }]), [down, ok])).toEqual(["eu", "us"]);
  });

  test("a single target is asked in any state, and not twice with its circuit open", () => {
    const bench = new Bench();
    bench.router.report(eu, { kind: "rate_limited", retryAfterMs: 60_000 });
    expect(bench.goes(alone)).toBe("eu");
    for (let times = 0; times < 5; times += 1) bench.router.report(eu, failed);
    expect(bench.way(alone, [failed, ok])).toEqual(["eu"]);
  });
});

describe("retry budget", () => {
  test("ten retries in ten seconds while quiet, then a fifth of the requests", () => {
    const bench = new Bench({ circuit: { failures: Infinity } });
    let retries = 0;
    for (let times = 0; times < 200; times += 1) {
      retries += bench.way(ordered, [failed, ok]).length - 1;
      expect(retries).toBeLessThanOrEqual(Math.max(10, 0.2 * (times + 1)));
    }
    expect(retries).toBe(40);
    expect(bench.router.retryBudgets()).toEqual([{ upstream: "eu", offered: 200, retries: 40, allowed: 40 }]);
  });

  test("none for a ratio of 0", () => {
    const bench = new Bench({ retryBudgetRatio: 0 });
    expect(bench.way(ordered, [down, ok])).toEqual(["eu"]);
    expect(bench.way(alone, [down, ok])).toEqual(["eu"]);
  });
});

describe("sticky", () => {
  const sticky = route([eu, us, asia], { sticky: "prompt_cache_key" });
  const keys = Array.from({ length: 300 }, (_, index) => `key ${index}`);
  const homes = (bench: Bench) => keys.map((stickyKey) => bench.goes(sticky, { stickyKey }));

  test("a key has a home, on every gateway the same, and moves only while that is unhealthy", () => {
    const bench = new Bench();
    const before = homes(bench);
    expect(new Set(before)).toEqual(new Set(["eu", "us", "asia"]));
    expect(homes(new Bench({ random: seededRandom(99) }))).toEqual(before);
    bench.router.report(us, { kind: "rate_limited", retryAfterMs: 1_000 });
    const during = homes(bench);
    before.forEach((home, index) => {
      if (home === "us") expect(during[index]).not.toBe("us");
      else expect(during[index]).toBe(home);
    });
    bench.nowMs = 1_000;
    expect(homes(bench)).toEqual(before);
  });

  test("without a key, or switched off, requests spread", () => {
    const bench = new Bench();
    const spread = (to: Route, stickyKey: string | undefined) =>
      new Set(Array.from({ length: 100 }, () => bench.goes(to, { stickyKey }))).size;
    expect(spread(sticky, undefined)).toBe(3);
    expect(spread(route([eu, us, asia]), "key")).toBe(3);
    expect(spread(sticky, "key")).toBe(1);
  });

  test("a home of a lower priority number beats affinity to another", () => {
    const bench = new Bench();
    const tiered = route([eu, { ...us, priority: 2 }], { sticky: "conversation" });
    for (const stickyKey of keys) expect(bench.goes(tiered, { stickyKey })).toBe("eu");
  });
});

describe("latency", () => {
  test("prefers the faster", () => {
    const bench = new Bench();
    const both = route([eu, us], { choose: "latency" });
    const counts = { eu: 0, us: 0 };
    for (let times = 0; times < 1_000; times += 1) {
      bench.nowMs += 10;
      const plan = bench.plan(both);
      const upstream = plan.first()?.upstream;
      plan.next(took(upstream));
      counts[upstream === "eu" ? "eu" : "us"] += 1;
    }
    expect(counts.us).toBeGreaterThan(990);
  });
});

describe("state", () => {
  test("tells what is known of each target", () => {
    const bench = new Bench();
    bench.nowMs = 1_000;
    bench.way(ordered, [{ kind: "rate_limited", retryAfterMs: 5_000 }, ok]);
    const plan = bench.plan(ordered);
    plan.first();
    bench.nowMs = 3_000;
    expect(bench.router.state()).toEqual([
      {
        id: "eu/gemini-3.5-flash@eu",
        upstream: "eu",
        model: "gemini-3.5-flash",
        location: "eu",
        requestType: undefined,
        circuit: "closed",
        openForMs: 0,
        coolingForMs: 3_000,
        coolingReason: "rate_limited",
        firstByteMs: undefined,
        inFlight: 0,
        successes: 0,
        failures: 0,
        rateLimited: 1,
        usedAgoMs: 2_000,
      },
      expect.objectContaining({ id: "us/gemini-3.5-flash@us", firstByteMs: 100, inFlight: 1, successes: 1 }),
    ]);
  });

  test("routes that share a target share its health; another model there has its own", () => {
    const bench = new Bench();
    bench.router.report({ ...eu, weight: 9, priority: 9 }, { kind: "rate_limited", retryAfterMs: 5_000 });
    expect(bench.goes(ordered)).toBe("us");
    const pro = target("eu", { model: "gemini-3.5-pro" });
    expect(bench.goes(route([pro, { ...us, priority: 2 }]))).toBe("eu");
  });

  test("remembers a bounded number of targets, those used last", () => {
    const bench = new Bench({ maxTargets: 16 });
    const used: RouteTarget[] = [];
    for (let index = 0; index < 500; index += 1) {
      bench.nowMs = index;
      const one = target("eu", { model: `model-${index}` });
      used.push(one);
      bench.goes(route([one]));
    }
    const known = bench.router.state().map(({ id }) => id);
    expect(known.length).toBeLessThanOrEqual(16);
    expect(known).toContain(used.at(-1)?.id);
    expect(known).not.toContain(used[0]?.id);
  });

  test("a request whose target was forgotten meanwhile ends well", () => {
    const bench = new Bench({ maxTargets: 1 });
    const plan = bench.plan(ordered);
    expect(plan.first()).toBe(eu);
    bench.goes(route([target("other")]));
    expect(plan.next(down)?.upstream).toBe("us");
    expect(plan.next(ok)).toBeUndefined();
  });
});
