import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { RetryBudget } from "./retry-budget.ts";

const WINDOW_MS = 10_000;

function granted(budget: RetryBudget, asked: number, nowMs: number): number {
  return Array.from({ length: asked }, () => budget.tryRetry(nowMs)).filter(Boolean).length;
}

describe("RetryBudget", () => {
  test.each([
    { ratio: 0.2, floor: 10, offered: 0, allowed: 10 },
    { ratio: 0.2, floor: 10, offered: 49, allowed: 10 },
    { ratio: 0.2, floor: 10, offered: 1000, allowed: 200 },
    { ratio: 0.1, floor: 0, offered: 99, allowed: 9 },
    { ratio: 1, floor: 0, offered: 3, allowed: 3 },
    { ratio: 0, floor: 10, offered: 1000, allowed: 0 },
  ])("$offered requests at $ratio with a floor of $floor allow $allowed", (row) => {
    const budget = new RetryBudget({ ...row, windowMs: WINDOW_MS });
    for (let made = 0; made < row.offered; made += 1) budget.offer(0);
    expect(granted(budget, 2000, 0)).toBe(row.allowed);
    expect(budget.state(0)).toEqual({ offered: row.offered, retries: row.allowed, allowed: row.allowed });
  });

  test("is full again when the window has passed", () => {
    const budget = new RetryBudget({ ratio: 0.2, floor: 3, windowMs: WINDOW_MS });
    expect(granted(budget, 5, 0)).toBe(3);
    expect(granted(budget, 5, 9_000)).toBe(0);
    expect(granted(budget, 5, 10_000)).toBe(3);
  });

  test("never more than the ratio, or the floor, of what the window holds when one is granted; and no fewer", () => {
    const step = fc.record({
      gapMs: fc.integer({ min: 0, max: 4_000 }),
      retry: fc.boolean(),
      times: fc.nat(20),
    });
    const options = fc.record({
      ratio: fc.constantFrom(0, 0.1, 0.2, 0.5, 1),
      floor: fc.nat(5),
    });
    fc.assert(
      fc.property(options, fc.array(step, { maxLength: 60 }), ({ ratio, floor }, steps) => {
        const budget = new RetryBudget({ ratio, floor, windowMs: WINDOW_MS });
        // Every event with the tenth of the window it fell into, kept for ever.
        const made: { tenth: number; retry: boolean }[] = [];
        let nowMs = 0;
        for (const { gapMs, retry, times } of steps) {
          nowMs += gapMs;
          const tenth = Math.floor(nowMs / (WINDOW_MS / 10));
          const within = (retries: boolean): number =>
            made.filter((one) => one.retry === retries && one.tenth > tenth - 10).length;
          for (let time = 0; time < times; time += 1) {
            const allowed = ratio === 0 ? 0 : Math.max(floor, Math.floor(within(false) * ratio));
            if (!retry) budget.offer(nowMs);
            else expect(budget.tryRetry(nowMs)).toBe(within(true) < allowed);
            if (!retry || within(true) < allowed) made.push({ tenth, retry });
          }
        }
      }),
    );
  });

  test("over any time, retries stay within the share of requests, for a floor of none", () => {
    const step = fc.record({
      gapMs: fc.integer({ min: 0, max: 3_000 }),
      offered: fc.nat(30),
      asked: fc.nat(30),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const budget = new RetryBudget({ ratio: 0.2, floor: 0, windowMs: WINDOW_MS });
        let nowMs = 0;
        let offered = 0;
        let retries = 0;
        for (const { gapMs, offered: more, asked } of steps) {
          nowMs += gapMs;
          for (let made = 0; made < more; made += 1) budget.offer(nowMs);
          offered += more;
          retries += granted(budget, asked, nowMs);
          expect(retries).toBeLessThanOrEqual(0.2 * offered);
        }
      }),
    );
  });
});
