/** The promises of routing that only traffic can show: thousands of clients, minutes of trouble, one clock. */
import { describe, expect, test } from "vitest";
import { route, target } from "../../test/support/route-fixtures.ts";
import { percentile, poissonArrivals, runTraffic } from "../../test/support/simulated-traffic.ts";
import type { Region, Traffic } from "../../test/support/simulated-traffic.ts";
import { seededRandom } from "../../test/support/seeded-random.ts";

const REQUESTS = 100_000;
const PER_SECOND = 100;
const FIRST_BYTE_MS = 200;

/** Around a mean, with the long tail that answers of models have. */
function firstByte(meanMs: number, random: () => number): number {
  return meanMs * (0.5 - 0.5 * Math.log(1 - random()));
}

/** A region as it usually is: one answer in two thousand is a 503. */
const healthy: Region = (_nowMs, random) =>
  random() < 0.0005
    ? { outcome: { kind: "unavailable" }, afterMs: 50 }
    : { outcome: { kind: "success" }, afterMs: firstByte(FIRST_BYTE_MS, random) };

const MINUTE = 60_000;

/** Well, browning out (30 % 503, first byte 20 times as late), at its quota, dead, and well again. */
const troubled: Region = (nowMs, random) => {
  if (nowMs < 2 * MINUTE || nowMs >= 15 * MINUTE) return healthy(nowMs, random);
  if (nowMs < 7 * MINUTE) {
    const afterMs = firstByte(20 * FIRST_BYTE_MS, random);
    return { outcome: random() < 0.3 ? { kind: "unavailable" } : { kind: "success" }, afterMs };
  }
  if (nowMs < 11 * MINUTE) {
    return { outcome: { kind: "rate_limited", retryAfterMs: 5_000 }, afterMs: 80 };
  }
  return { outcome: { kind: "unavailable" }, afterMs: 5 };
};

describe("F-39 two regions, one browning out, then at its quota, then dead", () => {
  const inside = { locations: ["europe-west1", "europe-west4"] };
  const one = target("europe-west1");
  const two = target("europe-west4");
  const outside = target("us-central1");
  const routes: { name: string; traffic: Pick<Traffic, "route" | "stickyKeyOf"> }[] = [
    { name: "by weight", traffic: { route: route([one, two, outside], inside) } },
    {
      name: "by priority, the troubled one first",
      traffic: { route: route([one, { ...two, priority: 2 }, outside], inside) },
    },
    { name: "by latency", traffic: { route: route([one, two, outside], { ...inside, choose: "latency" }) } },
    {
      name: "sticky conversations",
      traffic: {
        route: route([one, two, outside], { ...inside, sticky: "conversation" }),
        stickyKeyOf: (client) => `conversation ${client % 500}`,
      },
    },
  ];

  test.each(routes)("$name: at least 99.9 % succeed, none outside the fence", ({ name, traffic }) => {
    const report = runTraffic({
      ...traffic,
      regions: { "europe-west1": troubled, "europe-west4": healthy, "us-central1": healthy },
      arrivalsMs: poissonArrivals(REQUESTS, PER_SECOND, 1),
      seed: 2,
    });
    const made = [...report.attempts.values()].reduce((sum, count) => sum + count, 0);
    console.info(
      `${name}: ${((100 * report.succeeded) / report.offered).toFixed(3)} % of ${report.offered} succeeded; ` +
        `first byte p50 ${percentile(report.firstByteMs, 0.5).toFixed(0)} ms, p99 ${percentile(report.firstByteMs, 0.99).toFixed(0)} ms; ` +
        `${(made / report.offered).toFixed(4)} attempts per request, requests by attempts ${JSON.stringify(Object.fromEntries(report.byAttempts))}, ` +
        `attempts by region ${JSON.stringify(Object.fromEntries(report.attempts))}`,
    );
    expect(report.offered).toBe(REQUESTS);
    expect(report.succeeded / report.offered).toBeGreaterThanOrEqual(0.999);
    expect(report.outside).toEqual([]);
    expect(report.attempts.has("us-central1")).toBe(false);
    expect(made / report.offered).toBeLessThanOrEqual(1.2);
    // It was tried while in trouble, and is used again after it.
    expect(report.attempts.get("europe-west1")).toBeGreaterThan(5_000);
    const states = report.router.state();
    expect(states.map(({ circuit, inFlight }) => ({ circuit, inFlight }))).toEqual([
      { circuit: "closed", inFlight: 0 },
      { circuit: "closed", inFlight: 0 },
    ]);
  });

  test("without a second region the same trouble is seen by the callers", () => {
    const report = runTraffic({
      route: route([one]),
      regions: { "europe-west1": troubled },
      arrivalsMs: poissonArrivals(REQUESTS / 10, PER_SECOND / 10, 1),
      seed: 2,
    });
    expect(report.succeeded / report.offered).toBeLessThan(0.7);
    const made = report.attempts.get("europe-west1") ?? 0;
    expect(made / report.offered).toBeLessThanOrEqual(1.2);
  });
});

const dead: Region = () => ({ outcome: { kind: "unavailable" }, afterMs: 20 });
const failing: Region = () => ({ outcome: { kind: "failed" }, afterMs: 20 });

describe("F-13 1000 clients that make three attempts each, and nothing but 503", () => {
  /** Without a circuit breaker only the budget stands in the way; it grants a quiet gateway ten retries in any case. */
  const never = { failures: Infinity };
  const floor = 10;
  const random = seededRandom(5);
  const arrivals = {
    "all at once": Array.from({ length: 1000 }, () => 0),
    "over a minute": Array.from({ length: 1000 }, () => random() * MINUTE),
  };

  test.each(
    Object.entries(arrivals).flatMap(([when, arrivalsMs]) =>
      [dead, failing].flatMap((region) =>
        [["a"], ["a", "b"], ["a", "b", "c"]].flatMap((names) => [
          { when, arrivalsMs, region, names, circuit: {}, kind: region(0, random).outcome.kind },
          { when, arrivalsMs, region, names, circuit: never, kind: region(0, random).outcome.kind },
        ]),
      ),
    ),
  )("$kind, $names, $when, circuit $circuit: at most 1.2 times the load", (row) => {
    const report = runTraffic({
      route: route(row.names.map((name) => target(name))),
      regions: Object.fromEntries(row.names.map((name) => [name, row.region])),
      arrivalsMs: row.arrivalsMs,
      clientAttempts: 3,
      seed: 7,
      router: { circuit: row.circuit },
    });
    const made = [...report.attempts.values()].reduce((sum, count) => sum + count, 0);
    expect(report.offered).toBe(3000);
    expect(report.served).toBe(0);
    expect(made).toBeGreaterThan(3000);
    expect(made).toBeLessThanOrEqual(1.2 * report.offered + (row.circuit === never ? floor : 0));
    for (const count of report.attempts.values()) expect(count).toBeLessThanOrEqual(1.2 * report.offered);
  });
});
