import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { limitsSchema } from "../config/limits-schema.ts";
import { SILENT_OBSERVER } from "../observe/observer.ts";
import { Admission } from "./admission.ts";
import { LoadWatch } from "./load-watch.ts";
import { memoryBytes, type ProcessLoad, watchProcess } from "./process-load.ts";

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

function bench() {
  const limits = limitsSchema.parse({});
  const admission = new Admission(limits, {
    observer: SILENT_OBSERVER,
    memoryBytes: 2 ** 30,
    random: () => 0,
  });
  const reading = { memoryShare: 0.1, eventLoopDelayMs: 0 };
  const state = { reading, garbage: 0, collections: 0, closed: false };
  const process: ProcessLoad = {
    read: () => ({ ...reading }),
    collectGarbage: () => {
      state.collections += 1;
      reading.memoryShare -= state.garbage;
    },
    close: () => (state.closed = true),
  };
  const stages: string[] = [];
  const watch = new LoadWatch({
    admission,
    process,
    limits: () => limits,
    onStage: (stage, reason) => stages.push(`${stage} ${reason}`),
  });
  return { admission, state, stages, watch };
}

test("four readings a second move the step, which is told once, and comes down when all is well", () => {
  const { admission, state, stages } = bench();
  state.reading.memoryShare = 0.97;
  vi.advanceTimersByTime(250);
  expect(admission.stage).toBe("no_requests");
  expect(() => admission.checkLoad()).toThrow("overloaded");
  vi.advanceTimersByTime(2_000);
  state.reading.memoryShare = 0.2;
  vi.advanceTimersByTime(6_000);
  expect(admission.stage).toBe("none");
  admission.checkLoad();
  expect(stages).toEqual([
    "no_requests memory",
    "no_large_bodies memory",
    "no_keep_alive memory",
    "none memory",
  ]);
});

test("garbage is collected before it counts, and not again for ten seconds", () => {
  const { admission, state, stages } = bench();
  state.reading.memoryShare = 0.97;
  state.garbage = 0.7;
  vi.advanceTimersByTime(250);
  expect([state.collections, admission.stage, stages]).toEqual([1, "none", []]);
  state.garbage = 0;
  state.reading.memoryShare = 0.97;
  vi.advanceTimersByTime(9_750);
  expect([state.collections, admission.stage]).toEqual([1, "no_requests"]);
  vi.advanceTimersByTime(250);
  expect(state.collections).toBe(2);
});

test("a closed one sheds nothing, and holds no timer", () => {
  const { admission, state, watch } = bench();
  state.reading.memoryShare = 0.97;
  vi.advanceTimersByTime(250);
  watch.close();
  expect([admission.stage, state.closed, vi.getTimerCount()]).toEqual(["none", true, 0]);
});

test("this process has a share of its memory in use, and is not late", () => {
  vi.useRealTimers();
  const process = watchProcess();
  const { memoryShare, eventLoopDelayMs } = process.read();
  expect(memoryShare).toBeGreaterThan(0);
  expect(memoryShare).toBeLessThan(0.9);
  expect(eventLoopDelayMs).toBeGreaterThanOrEqual(0);
  expect(memoryBytes()).toBeGreaterThan(64 * 2 ** 20);
  process.close();
});

test("a blocked event loop is read as late, a free one is not", async () => {
  vi.useRealTimers();
  const process = watchProcess();
  await new Promise((resolve) => setTimeout(resolve, 100));
  process.read();
  for (let turn = 0; turn < 4; turn += 1) {
    const until = performance.now() + 150;
    while (performance.now() < until);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  expect(process.read().eventLoopDelayMs).toBeGreaterThan(50);
  process.close();
});

test("collected garbage is no longer in use", () => {
  vi.useRealTimers();
  const load = watchProcess();
  let kept: string[] | undefined = Array.from({ length: 200 }, (_, index) => `${index}`.padEnd(200_000, "x"));
  // Padded strings are built when they are looked at.
  expect(kept.every((text) => Buffer.byteLength(text) === 200_000)).toBe(true);
  const before = load.read().memoryShare;
  const heapBefore = process.memoryUsage().heapUsed;
  kept = undefined;
  load.collectGarbage();
  expect(process.memoryUsage().heapUsed).toBeLessThan(heapBefore - 20_000_000);
  expect(load.read().memoryShare).toBeLessThanOrEqual(before);
  load.close();
});
