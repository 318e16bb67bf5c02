import * as fc from "fast-check";
import { expect, test } from "vitest";
import { SlidingCount } from "./sliding-count.ts";

test("forgets what is older than the window, to a tenth of it", () => {
  const count = new SlidingCount(10_000);
  count.add(500);
  count.add(1_500);
  expect(count.total(9_999)).toBe(2);
  expect(count.total(10_000)).toBe(1);
  expect(count.total(11_000)).toBe(0);
});

test("a clock set back loses nothing and breaks nothing", () => {
  const count = new SlidingCount(10_000);
  count.add(50_000);
  count.add(10);
  expect(count.total(50_000)).toBe(2);
  expect(count.total(60_000)).toBe(0);
});

test("counts all of the last nine tenths and nothing older than the whole", () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 4_000 }), { maxLength: 60 }),
      fc.integer({ min: -100_000, max: 100_000 }),
      (gaps, startMs) => {
        const count = new SlidingCount(10_000);
        const times: number[] = [];
        let nowMs = startMs;
        for (const gap of gaps) {
          nowMs += gap;
          times.push(nowMs);
          count.add(nowMs);
          const total = count.total(nowMs);
          expect(total).toBeGreaterThanOrEqual(times.filter((time) => time > nowMs - 9_000).length);
          expect(total).toBeLessThanOrEqual(times.filter((time) => time > nowMs - 10_000).length);
        }
      },
    ),
  );
});
