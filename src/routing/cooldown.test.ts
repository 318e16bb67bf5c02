import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Cooldown } from "./cooldown.ts";
import type { CoolingReason } from "./cooldown.ts";

const DAY = 24 * 3600 * 1000;

describe("Cooldown", () => {
  test.each<{ reason: CoolingReason; retryAfterMs: number | undefined; coolsMs: number }>([
    { reason: "rate_limited", retryAfterMs: 1_234, coolsMs: 1_234 },
    { reason: "rate_limited", retryAfterMs: 100, coolsMs: 100 },
    { reason: "unavailable", retryAfterMs: 30_001, coolsMs: 30_001 },
    { reason: "rate_limited", retryAfterMs: undefined, coolsMs: 1_000 },
    { reason: "unavailable", retryAfterMs: undefined, coolsMs: 250 },
    { reason: "not_found", retryAfterMs: undefined, coolsMs: 60_000 },
    { reason: "rate_limited", retryAfterMs: 0, coolsMs: 1_000 },
    { reason: "rate_limited", retryAfterMs: -5, coolsMs: 1_000 },
    { reason: "rate_limited", retryAfterMs: Number.NaN, coolsMs: 1_000 },
    { reason: "rate_limited", retryAfterMs: Infinity, coolsMs: DAY },
  ])("$reason with a wait of $retryAfterMs cools for $coolsMs ms, to the millisecond", (row) => {
    const cooldown = new Cooldown();
    expect(cooldown.admits(7)).toBe(true);
    cooldown.refused(row.reason, row.retryAfterMs, 7);
    expect(cooldown.admits(7 + row.coolsMs - 1)).toBe(false);
    expect(cooldown.admits(7 + row.coolsMs)).toBe(true);
    expect(cooldown.running(8)).toEqual({ forMs: row.coolsMs - 1, reason: row.reason });
    expect(cooldown.running(7 + row.coolsMs)).toBeUndefined();
  });

  test("a wait that was named is honoured whatever else is said meanwhile", () => {
    const said = fc.record({
      gapMs: fc.nat(400),
      reason: fc.constantFrom<CoolingReason>("rate_limited", "unavailable", "not_found"),
      retryAfterMs: fc.option(fc.integer({ min: 100, max: 5_000 }), { nil: undefined }),
      succeeds: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(said, { minLength: 1, maxLength: 30 }), (steps) => {
        const cooldown = new Cooldown();
        let nowMs = 0;
        let notBeforeMs = -Infinity;
        for (const { gapMs, reason, retryAfterMs, succeeds } of steps) {
          nowMs += gapMs;
          if (nowMs < notBeforeMs) expect(cooldown.admits(nowMs)).toBe(false);
          if (succeeds) cooldown.succeeded(nowMs, nowMs);
          else {
            cooldown.refused(reason, retryAfterMs, nowMs);
            if (retryAfterMs !== undefined) notBeforeMs = Math.max(notBeforeMs, nowMs + retryAfterMs);
          }
          if (notBeforeMs > nowMs) expect(cooldown.admits(notBeforeMs - 1)).toBe(false);
        }
      }),
    );
  });

  test("guesses double with each refusal after a cooldown, up to a longest", () => {
    const cooldown = new Cooldown();
    const waits: number[] = [];
    for (let nowMs = 0, times = 0; times < 9; times += 1) {
      cooldown.refused("unavailable", undefined, nowMs);
      const waitMs = cooldown.running(nowMs)?.forMs ?? 0;
      waits.push(waitMs);
      nowMs += waitMs;
    }
    expect(waits).toEqual([250, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
  });

  test("refusals of requests that were under way together count as one", () => {
    const cooldown = new Cooldown();
    for (let times = 0; times < 50; times += 1) cooldown.refused("unavailable", undefined, 10);
    expect(cooldown.admits(259)).toBe(false);
    expect(cooldown.admits(260)).toBe(true);
  });

  test("lets one attempt in every 100 ms until one succeeds", () => {
    const cooldown = new Cooldown();
    cooldown.refused("rate_limited", 1_000, 0);
    expect(cooldown.admits(1_000)).toBe(true);
    cooldown.begin(1_000);
    expect(cooldown.admits(1_001)).toBe(false);
    expect(cooldown.admits(1_099)).toBe(false);
    expect(cooldown.admits(1_100)).toBe(true);
    cooldown.begin(1_100);
    cooldown.succeeded(1_000, 1_101);
    expect(cooldown.admits(1_101)).toBe(true);
    cooldown.begin(1_101);
    expect(cooldown.admits(1_101)).toBe(true);
  });

  test("a success that was sent before the refusal proves nothing", () => {
    const cooldown = new Cooldown();
    cooldown.refused("unavailable", undefined, 100);
    cooldown.succeeded(99, 120);
    expect(cooldown.admits(120)).toBe(false);
    cooldown.succeeded(100, 130);
    expect(cooldown.admits(130)).toBe(true);
  });

  test("a success does not cut short a wait that was named", () => {
    const cooldown = new Cooldown();
    cooldown.refused("rate_limited", 5_000, 0);
    cooldown.succeeded(10, 20);
    expect(cooldown.isTold(20)).toBe(true);
    expect(cooldown.admits(4_999)).toBe(false);
  });
});
