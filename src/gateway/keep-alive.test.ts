import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { KeepAlive, type SilentStream } from "./keep-alive.ts";

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval", "performance"] });
});

afterEach(() => {
  vi.useRealTimers();
});

function stream(): SilentStream & { lastWriteAt: number; comments: number[] } {
  const started = performance.now();
  const comments: number[] = [];
  return {
    lastWriteAt: started,
    comments,
    keepAlive() {
      this.lastWriteAt = performance.now();
      comments.push(this.lastWriteAt - started);
    },
  };
}

test("a stream is told when it has been silent for the interval, at most a third late, and again", () => {
  const keepAlive = new KeepAlive(9_000);
  const silent = stream();
  keepAlive.watch(silent);
  vi.advanceTimersByTime(8_999);
  expect(silent.comments).toEqual([]);
  vi.advanceTimersByTime(3_001);
  expect(silent.comments).toEqual([9_000]);
  vi.advanceTimersByTime(9_000);
  expect(silent.comments).toEqual([9_000, 18_000]);
});

test("one that writes is left alone", () => {
  const keepAlive = new KeepAlive(9_000);
  const lively = stream();
  keepAlive.watch(lively);
  for (let second = 0; second < 60; second += 1) {
    vi.advanceTimersByTime(1_000);
    lively.lastWriteAt = performance.now();
  }
  expect(lively.comments).toEqual([]);
});

test("all share one timer, which ends with the last of them", () => {
  const keepAlive = new KeepAlive(9_000);
  const streams = [stream(), stream(), stream()];
  for (const silent of streams) keepAlive.watch(silent);
  expect(vi.getTimerCount()).toBe(1);
  keepAlive.forget(streams[0]!);
  vi.advanceTimersByTime(9_000);
  expect(streams.map(({ comments }) => comments.length)).toEqual([0, 1, 1]);
  for (const silent of streams) keepAlive.forget(silent);
  expect(vi.getTimerCount()).toBe(0);
  keepAlive.watch(stream());
  expect(vi.getTimerCount()).toBe(1);
});

test("one that is forgotten while being told does not disturb the others", () => {
  const keepAlive = new KeepAlive(9_000);
  const first = stream();
  const second = stream();
  first.keepAlive = () => keepAlive.forget(first);
  keepAlive.watch(first);
  keepAlive.watch(second);
  vi.advanceTimersByTime(9_000);
  expect(second.comments).toEqual([9_000]);
});

test("an interval of 0 switches it off", () => {
  new KeepAlive(0).watch(stream());
  expect(vi.getTimerCount()).toBe(0);
});
