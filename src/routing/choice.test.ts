import { describe, expect, test } from "vitest";
import { target } from "../../test/support/route-fixtures.ts";
import { seededRandom } from "../../test/support/seeded-random.ts";
import { choose } from "./choice.ts";
import type { Candidate } from "./choice.ts";
import { DEFAULT_CIRCUIT } from "./circuit-breaker.ts";
import { TargetHealth } from "./target-health.ts";

const NAMES = ["a", "b", "c", "d"];

function candidates(weights: readonly number[]): Candidate[] {
  return weights.map((weight, index) => {
    const made = target(NAMES[index] ?? "", { weight });
    return { target: made, health: new TargetHealth(made, DEFAULT_CIRCUIT, 0) };
  });
}

function answers({ health }: Candidate, firstByteMs: number, nowMs: number): void {
  health.end(health.begin(nowMs - firstByteMs), { kind: "success", firstByteMs }, nowMs);
}

/** Share of `draws` that went to each candidate. */
function shares(draws: number, draw: () => Candidate | undefined, among: readonly Candidate[]): number[] {
  const counts = new Map<Candidate | undefined, number>();
  for (let drawn = 0; drawn < draws; drawn += 1) {
    const one = draw();
    counts.set(one, (counts.get(one) ?? 0) + 1);
  }
  return among.map((candidate) => (counts.get(candidate) ?? 0) / draws);
}

function never(): number {
  throw new Error("Chance was asked where there is no choice.");
}

describe("by weight", () => {
  test.each([[[1, 1]], [[3, 1]], [[1, 2, 5]], [[0.5, 0.25, 0.25]], [[1, 1000]], [[7, 1, 1, 1]]])(
    "weights %j are the shares",
    (weights) => {
      const random = seededRandom(11);
      const among = candidates(weights);
      const total = weights.reduce((sum, weight) => sum + weight, 0);
      const draws = 40_000;
      const got = shares(draws, () => choose(among, "weighted", undefined, 0, random), among);
      weights.forEach((weight, index) => {
        const share = weight / total;
        // Five standard deviations of a binomial share.
        const bound = 5 * Math.sqrt((share * (1 - share)) / draws);
        expect(Math.abs((got[index] ?? 0) - share)).toBeLessThan(bound);
      });
    },
  );

  test.each([0, 0.5, 1 - Number.EPSILON / 2])("%d is a valid chance", (chance) => {
    const among = candidates([0.1, 0.2, 0.3]);
    expect(among).toContain(choose(among, "weighted", undefined, 0, () => chance));
    expect(among).toContain(choose(among, "latency", undefined, 0, () => chance));
  });

  test("one is itself, none is none", () => {
    const among = candidates([1]);
    expect(choose(among, "weighted", undefined, 0, never)).toBe(among[0]);
    expect(choose([], "latency", "key", 0, never)).toBeUndefined();
  });
});

describe("by latency", () => {
  test("the faster of two gets nearly all", () => {
    const among = candidates([1, 1]);
    const [fast, slow] = among as [Candidate, Candidate];
    answers(fast, 200, 5_000);
    answers(slow, 4_000, 5_000);
    const random = seededRandom(3);
    const got = shares(10_000, () => choose(among, "latency", undefined, 6_000, random), among);
    expect(got[0]).toBe(1);
  });

  test("a faster one with more under way is the slower choice", () => {
    const among = candidates([1, 1]);
    const [fast, slow] = among as [Candidate, Candidate];
    answers(fast, 200, 5_000);
    answers(slow, 500, 5_000);
    for (let times = 0; times < 3; times += 1) fast.health.begin(5_001);
    const random = seededRandom(3);
    expect(choose(among, "latency", undefined, 5_002, random)).toBe(slow);
  });

  test("of several, the slowest is left alone and the others share", () => {
    const among = candidates([1, 1, 1]);
    const [one, two, slow] = among as [Candidate, Candidate, Candidate];
    answers(one, 200, 5_000);
    answers(two, 210, 5_000);
    answers(slow, 9_000, 5_000);
    const random = seededRandom(3);
    const got = shares(10_000, () => choose(among, "latency", undefined, 6_000, random), among);
    expect(got[2]).toBe(0);
    expect(got[1]).toBeGreaterThan(0.2);
  });

  test("a new target is tried by one request first", () => {
    const among = candidates([1, 1]);
    const [known, fresh] = among as [Candidate, Candidate];
    answers(known, 200, 5_000);
    const random = seededRandom(3);
    expect(choose(among, "latency", undefined, 5_001, random)).toBe(fresh);
    fresh.health.begin(5_001);
    expect(choose(among, "latency", undefined, 5_002, random)).toBe(known);
  });

  test("one that was slow is tried now and then, never by two at a time, and recovers", () => {
    const among = candidates([1, 1]);
    const [fast, slow] = among as [Candidate, Candidate];
    answers(fast, 200, 5_000);
    answers(slow, 4_000, 5_000);
    const random = seededRandom(3);
    let tries = 0;
    // Ten requests a second for five minutes; the slow one has become the faster.
    for (let nowMs = 5_000; nowMs < 305_000; nowMs += 100) {
      const chosen = choose(among, "latency", undefined, nowMs, random);
      if (chosen === slow) tries += 1;
      if (nowMs < 15_000) expect(chosen).toBe(fast);
      if (chosen !== undefined) answers(chosen, chosen === slow ? 100 : 200, nowMs);
    }
    expect(slow.health.latency.ms).toBeLessThan(200);
    expect(tries).toBeGreaterThan(1_500);
    slow.health.begin(400_000);
    fast.health.begin(400_000);
    answers(slow, 4_000, 400_000);
    const later = shares(2_000, () => choose(among, "latency", undefined, 420_000, random), among);
    expect(later).toEqual([1, 0]);
  });
});
