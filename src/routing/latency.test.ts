import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Latency } from "./latency.ts";

describe("Latency", () => {
  test("knows nothing at first", () => {
    const latency = new Latency();
    expect(latency.ms).toBeUndefined();
    expect(latency.ageMs(0)).toBe(Infinity);
    latency.observeAtLeast(5_000, 0);
    expect(latency.ms).toBeUndefined();
  });

  test("rises at once and comes down over seconds", () => {
    const latency = new Latency();
    latency.observe(100, 0);
    latency.observe(4_000, 1_000);
    expect(latency.ms).toBe(4_000);
    latency.observe(100, 2_000);
    expect(latency.ms).toBeCloseTo(100 + 3_900 * Math.exp(-0.1), 6);
    latency.observe(100, 62_000);
    expect(latency.ms).toBeLessThan(110);
  });

  test("a wait in vain raises it and never lowers it", () => {
    const latency = new Latency();
    latency.observe(500, 0);
    latency.observeAtLeast(400, 1_000);
    expect(latency.ms).toBe(500);
    latency.observeAtLeast(30_000, 2_000);
    expect(latency.ms).toBe(30_000);
    expect(latency.ageMs(2_500)).toBe(500);
  });

  test("stays between the least and the most that was observed", () => {
    const sample = fc.record({ ms: fc.nat(60_000), gapMs: fc.integer({ min: -100, max: 30_000 }) });
    fc.assert(
      fc.property(fc.array(sample, { minLength: 1, maxLength: 50 }), (samples) => {
        const latency = new Latency();
        let nowMs = 0;
        for (const { ms, gapMs } of samples) latency.observe(ms, (nowMs += gapMs));
        const all = samples.map(({ ms }) => ms);
        expect(latency.ms).toBeGreaterThanOrEqual(Math.min(...all) - 1e-6);
        expect(latency.ms).toBeLessThanOrEqual(Math.max(...all) + 1e-6);
      }),
    );
  });
});
