/** The sums of the benchmark. */
import { expect, test } from "vitest";
import { deviation, median, predictedFactor, slope } from "./statistics.ts";

test.each([
  [[3, 1, 2], 2],
  [[4, 1, 2, 3], 2.5],
  [[5, NaN, 1], 3],
  [[], NaN],
])("the median of %j is %d", (values, expected) => {
  expect(median(values)).toEqual(expected);
});

test("the deviation is that of a sample", () => {
  expect(deviation([2, 4, 4, 4, 5, 5, 7, 9])).toBeCloseTo(2.138, 3);
  expect(deviation([1])).toBe(0);
});

test("runs that agree predict a narrow factor, and few runs a wider one than many", () => {
  expect(predictedFactor([10, 10, 10])).toBe(1);
  const spread = [0.95, 1, 1.05];
  const many = [...spread, ...spread, ...spread];
  expect(predictedFactor(many)).toBeLessThan(predictedFactor(spread));
  expect(predictedFactor(many)).toBeGreaterThan(1.1);
});

test("the predicted factor does not depend on the unit", () => {
  const values = [1.1, 0.9, 1.05, 1];
  expect(predictedFactor(values.map((value) => value * 1000))).toBeCloseTo(predictedFactor(values), 10);
});

test.each([
  ["linear", 1],
  ["square", 2],
  ["constant", 0],
])("a %s cost has slope %d", (_, exponent) => {
  const points = [1, 10, 100, 1000].map((x) => ({ x, y: 3 * x ** exponent }));
  expect(slope(points)).toBeCloseTo(exponent, 10);
});

test("a fixed cost below the small sizes does not hide that a large one grows as a square", () => {
  const points = [1, 10, 100, 1000, 10_000, 100_000].map((x) => ({ x, y: 1000 + x * x }));
  expect(slope(points)).toBeGreaterThan(1.9);
});
