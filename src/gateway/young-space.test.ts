import { execFileSync } from "node:child_process";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { YoungSpace } from "./young-space.ts";

const MIB = 1024 * 1024;
let bytes = 0;
let set: number[] = [];

function open(): YoungSpace {
  return new YoungSpace({ bytes: () => bytes, setGrowth: (factor) => set.push(factor) });
}

function lookAt(mib: number): void {
  bytes = mib * MIB;
  vi.advanceTimersByTime(250);
}

beforeEach(() => {
  vi.useFakeTimers();
  set = [];
});
afterEach(() => {
  vi.useRealTimers();
});

test("is held once it is large, and may grow again once it is small", () => {
  const space = open();
  for (const mib of [1, 4, 16]) lookAt(mib);
  expect(set).toEqual([]);
  for (const mib of [22, 37, 12]) lookAt(mib);
  expect(set).toEqual([1]);
  lookAt(2);
  expect(set).toEqual([1, 2]);
  lookAt(30);
  expect(set).toEqual([1, 2, 1]);
  space.close();
  expect(set).toEqual([1, 2, 1, 2]);
});

test("one that was never held is left alone, and a closed one looks no more", () => {
  const space = open();
  lookAt(10);
  space.close();
  lookAt(40);
  expect(set).toEqual([]);
});

/** Much that lives on for a while: first with the space held, which prints the most that it had, then until it has twice as much. */
const WORK = `
import { OF_V8, YoungSpace } from ${JSON.stringify(new URL("young-space.ts", import.meta.url).href)};
let bytes = Infinity;
const space = new YoungSpace({ ...OF_V8, bytes: () => bytes });
let most = 0;
function work(rounds) {
  for (let round = 0; round < rounds; round += 1) {
    const kept = [];
    for (let at = 0; at < 60_000; at += 1) kept[at % 20_000] = { at, list: [at, at] };
    most = Math.max(most, OF_V8.bytes());
  }
}
setTimeout(() => {
  work(400);
  const held = most;
  console.log(held / 2 ** 20);
  bytes = 0;
  const timer = setInterval(() => {
    work(10);
    if (most < 2 * held) return;
    clearInterval(timer);
    space.close();
  }, 1);
}, 500);
`;

test("V8 heeds it while it runs", { timeout: 60_000 }, () => {
  vi.useRealTimers();
  const node = [process.execPath, ["--input-type=module", "-e", WORK]] as const;
  const mostMib = Number(execFileSync(...node, { encoding: "utf8", timeout: 50_000 }));
  // It would come to 64 and more.
  expect(mostMib).toBeLessThan(25);
});
