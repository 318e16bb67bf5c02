import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { IdleMemory } from "./idle-memory.ts";

const MIB = 1024 * 1024;

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

/** A process that begins with 80 MiB and comes down to 90 MiB when it gives back. */
function process(): {
  open: { size: number; total: number };
  resident: (mib: number | undefined) => void;
  gaveBack: () => number;
  memory: IdleMemory;
} {
  const open = { size: 0, total: 0 };
  let resident: number | undefined = 80 * MIB;
  let times = 0;
  const memory = new IdleMemory({
    openRequests: open,
    residentBytes: () => resident,
    giveBack: () => {
      times += 1;
      resident = 90 * MIB;
    },
  });
  return {
    open,
    memory,
    resident: (mib) => (resident = mib === undefined ? undefined : mib * MIB),
    gaveBack: () => times,
  };
}

describe("memory", () => {
  test("is given back once, half a minute after the last request", () => {
    const { open, resident, gaveBack } = process();
    open.total = 1;
    resident(200);
    vi.advanceTimersByTime(29_000);
    expect(gaveBack()).toBe(0);
    vi.advanceTimersByTime(2_000);
    expect(gaveBack()).toBe(1);
    resident(300);
    vi.advanceTimersByTime(90_000);
    expect(gaveBack()).toBe(1);
  });

  test("is given back after each rush", () => {
    const { open, resident, gaveBack } = process();
    for (let rush = 1; rush <= 3; rush += 1) {
      open.total += 1;
      resident(200);
      vi.advanceTimersByTime(31_000);
      expect(gaveBack()).toBe(rush);
    }
  });

  test("is kept while a request is open, and while they come", () => {
    const { open, resident, gaveBack } = process();
    resident(200);
    open.size = 1;
    vi.advanceTimersByTime(40_000);
    open.size = 0;
    for (let second = 0; second < 60; second += 1) {
      open.total += 1;
      vi.advanceTimersByTime(900);
    }
    expect(gaveBack()).toBe(0);
  });

  test.each([
    ["little was taken", 95],
    ["it cannot be read", undefined],
  ])("is kept where %s", (_, mib) => {
    const { open, resident, gaveBack } = process();
    open.total = 1;
    resident(mib);
    vi.advanceTimersByTime(40_000);
    expect(gaveBack()).toBe(0);
  });

  test("is what was left the last time, from then on", () => {
    const { open, resident, gaveBack } = process();
    open.total = 1;
    resident(200);
    vi.advanceTimersByTime(31_000);
    open.total = 2;
    // 16 MiB above the 80 it began with, not above the 90 that were left.
    resident(100);
    vi.advanceTimersByTime(31_000);
    expect(gaveBack()).toBe(1);
  });

  test("is not looked at once closed", () => {
    const { open, resident, gaveBack, memory } = process();
    open.total = 1;
    resident(200);
    memory.close();
    vi.advanceTimersByTime(40_000);
    expect(gaveBack()).toBe(0);
  });
});
