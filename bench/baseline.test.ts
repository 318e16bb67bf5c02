/** What `--check` goes by. */
import { expect, test } from "vitest";
import { baselineOf, compare } from "./baseline.ts";
import { exampleResults } from "./example-results.ts";

const RATE = "requests/s against nginx";
const COST = "processor time of a request against nginx";
const runs = [970, 980, 1000, 1020, 1030].map(exampleResults);

const verdictOn = (figure: string, own: number): string | undefined =>
  compare(exampleResults(own), baselineOf(runs)).find((one) => one.figure === figure)?.verdict;

test("a baseline has the median of the runs, all of them, and what noise explains", () => {
  const { figures } = baselineOf(runs);
  expect(figures[RATE]).toMatchObject({ better: "more", middle: 0.5, seen: [0.485, 0.49, 0.5, 0.51, 0.515] });
  expect(figures[COST]).toMatchObject({ better: "less", middle: 0.5 });
  expect(figures[RATE]!.tolerance).toBeGreaterThan(1.05);
  expect(figures["idle memory, MiB"]).toMatchObject({ middle: 80, tolerance: 1.05 });
});

test("four runs are too few to tell noise", () => {
  expect(() => baselineOf(runs.slice(1))).toThrow("at least 5 runs");
});

test.each([
  [RATE, 1000, "as before"],
  [RATE, 700, "worse"],
  [RATE, 1600, "better"],
  [COST, 1000, "as before"],
  [COST, 1600, "worse"],
  [COST, 700, "better"],
])("%s: %d against a median of 1000 is %s", (figure, own, verdict) => {
  expect(verdictOn(figure, own)).toBe(verdict);
});

test("a figure that one of the two lacks is not judged", () => {
  const { memory: _, ...rest } = exampleResults();
  const figures = compare({ ...rest, memory: {} }, baselineOf(runs)).map(({ figure }) => figure);
  expect(figures).toContain(RATE);
  expect(figures).not.toContain("idle memory, MiB");
});
