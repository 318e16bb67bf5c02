import { expect, test } from "vitest";
import { restartDelay } from "./restart-delay.ts";

test("what lived long is replaced at once", () => {
  expect(restartDelay(10_000, 0)).toBe(0);
  expect(restartDelay(3_600_000, 8_000)).toBe(0);
});

test("what ends again and again is waited for longer and longer, up to half a minute", () => {
  const delays = [];
  let last = 0;
  for (let end = 0; end < 9; end += 1) delays.push((last = restartDelay(100, last)));
  expect(delays).toEqual([500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
});
