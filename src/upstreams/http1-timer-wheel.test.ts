import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { TimerWheel, type WheelEntry } from "./http1-timer-wheel.ts";

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "setImmediate", "performance"] });
});
afterEach(() => {
  vi.useRealTimers();
});

interface Watched extends WheelEntry {
  fired: number[];
}

function entry(onDue: (entry: Watched) => void = () => {}): Watched {
  const watched: Watched = {
    dueAt: Infinity,
    wheelTick: -1,
    wheelIndex: 0,
    fired: [],
    onDue() {
      watched.fired.push(performance.now());
      onDue(watched);
    },
  };
  return watched;
}

test.each([0, 1, 19, 20, 21, 999, 20_480, 25_000, 600_000])("%i ms: once, never early, hardly late", (ms) => {
  const wheel = new TimerWheel();
  const watched = entry();
  const from = performance.now();
  wheel.set(watched, from + ms);
  vi.advanceTimersByTime(ms + 60);
  expect(watched.fired).toHaveLength(1);
  expect(watched.fired[0]).toBeGreaterThanOrEqual(from + ms);
  vi.advanceTimersByTime(700_000);
  expect(watched.fired).toHaveLength(1);
  expect(vi.getTimerCount()).toBe(0);
});

test("moved nearer, moved away, cleared", () => {
  const wheel = new TimerWheel();
  const from = performance.now();
  const [nearer, away, cleared, never] = [entry(), entry(), entry(), entry()];
  for (const watched of [nearer, away, cleared, never]) wheel.set(watched, from + 500);
  wheel.set(nearer, from + 100);
  wheel.set(away, from + 5_000);
  wheel.clear(cleared);
  wheel.set(never, Infinity);
  vi.advanceTimersByTime(200);
  expect(nearer.fired).toHaveLength(1);
  vi.advanceTimersByTime(4_700);
  expect(away.fired).toEqual([]);
  vi.advanceTimersByTime(200);
  expect(away.fired).toHaveLength(1);
  expect([...cleared.fired, ...never.fired]).toEqual([]);
});

test("an entry may set itself and others, and clear others, when its time comes", () => {
  const wheel = new TimerWheel();
  const from = performance.now();
  const other = entry();
  const again = entry((self) => {
    if (self.fired.length === 3) wheel.clear(other);
    else wheel.set(self, performance.now() + 100);
  });
  wheel.set(again, from + 100);
  wheel.set(other, from + 10_000);
  vi.advanceTimersByTime(20_000);
  expect(again.fired).toHaveLength(3);
  expect(other.fired).toEqual([]);
});

test("one that throws does not stop the others", () => {
  const wheel = new TimerWheel();
  const from = performance.now();
  const bad = entry(() => {
    throw new Error("of its own");
  });
  const good = entry();
  wheel.set(bad, from + 100);
  wheel.set(good, from + 200);
  expect(() => vi.advanceTimersByTime(150)).toThrow("of its own");
  vi.advanceTimersByTime(200);
  expect(good.fired).toHaveLength(1);
});

test("thousands of deadlines wait on one timer, which does not fire until one is near", () => {
  const wheel = new TimerWheel();
  const from = performance.now();
  const set = vi.spyOn(globalThis, "setTimeout");
  const all = Array.from({ length: 5_000 }, () => entry());
  for (const watched of all) {
    // As a call does: connecting, waiting for the head, reading.
    wheel.set(watched, from + 5_000);
    wheel.set(watched, from + 10_000);
    for (let chunk = 1; chunk < 20; chunk += 1) wheel.set(watched, from + 10_000 + chunk);
  }
  expect(vi.getTimerCount()).toBe(1);
  expect(set).toHaveBeenCalledTimes(1);
  vi.advanceTimersByTime(9_000);
  expect(set.mock.calls.length).toBeLessThan(5);
  vi.advanceTimersByTime(1_100);
  expect(all.every(({ fired }) => fired.length === 1)).toBe(true);
});

test("after a long stop of the program all that is due comes at once", () => {
  const wheel = new TimerWheel();
  const from = performance.now();
  const all = [10, 1_000, 30_000, 90_000].map((ms) => {
    const watched = entry();
    wheel.set(watched, from + ms);
    return watched;
  });
  const real = performance.now.bind(performance);
  vi.spyOn(performance, "now").mockImplementation(() => real() + 60_000);
  vi.advanceTimersByTime(100);
  expect(all.map(({ fired }) => fired.length)).toEqual([1, 1, 1, 0]);
  vi.advanceTimersByTime(31_000);
  expect(all.map(({ fired }) => fired.length)).toEqual([1, 1, 1, 1]);
});

test("random deadlines, moved and cleared at random, fire once and in time", () => {
  const wheel = new TimerWheel();
  let seed = 7;
  const random = (below: number): number => (seed = (seed * 48_271) % 2_147_483_647) % below;
  const all = Array.from({ length: 200 }, () => entry());
  const due = new Map<Watched, number>();
  for (let step = 0; step < 3_000; step += 1) {
    const watched = all[random(200)]!;
    const fired = watched.fired.length;
    if (due.has(watched) && fired > 0) {
      expect(watched.fired.at(-1)).toBeGreaterThanOrEqual(due.get(watched)!);
      expect(watched.fired.at(-1)).toBeLessThan(due.get(watched)! + 60);
      due.delete(watched);
    }
    watched.fired.length = 0;
    if (random(5) === 0) {
      wheel.clear(watched);
      due.delete(watched);
    } else {
      const at = performance.now() + random(30_000);
      wheel.set(watched, at);
      due.set(watched, at);
    }
    vi.advanceTimersByTime(random(50));
    for (const [one, at] of due) {
      if (one.fired.length === 0) expect(performance.now()).toBeLessThan(at + 60);
      expect(one.fired.length).toBeLessThanOrEqual(1);
    }
  }
  expect(due.size).toBeGreaterThan(50);
});
