/** The times that README and `--help` promise. */
import { expect, test } from "vitest";
import { PACES } from "./pace.ts";
import { FULL, plannedSeconds, QUICK } from "./plan.ts";

test("a full run is planned for less than 15 minutes, with half a minute to spare", () => {
  expect(plannedSeconds(FULL)).toBeLessThan(14.5 * 60);
});

test("a quick run is planned for less than 3 minutes, with half a minute to spare", () => {
  expect(plannedSeconds(QUICK)).toBeLessThan(150);
});

test("a full run has at least five rounds", () => {
  expect(FULL.rounds).toBeGreaterThanOrEqual(5);
});

test.each(Object.entries(PACES).filter(([name]) => name !== "direct"))(
  "%s is warmed with at least 20,000 answers",
  (_, { warmRequests }) => {
    expect(warmRequests * FULL.warmShare).toBeGreaterThanOrEqual(20_000);
  },
);
