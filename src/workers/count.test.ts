import { expect, test } from "vitest";
import { readConfig } from "../config/config.ts";
import { workersOf } from "./count.ts";

const config = (workers: string, kind = "emulator"): Parameters<typeof workersOf>[0] => {
  const { config: read } = readConfig({ POLLUX_WORKERS: workers });
  return { ...read, upstreams: { here: { ...read.upstreams["emulator"], kind } as never } };
};

test.each([
  ["1", 1],
  ["3", 3],
  // As many as there are processors.
  ["auto", 4],
])("%s", (workers, expected) => {
  expect(workersOf(config(workers), false, 4)).toBe(expected);
});

test.each([
  ["a model in the process", config("2", "local"), false, "upstreams.here runs a model inside the gateway"],
  ["a tape", config("2"), true, "a tape takes one process"],
])("%s takes one process", (_, given, tape, why) => {
  expect(() => workersOf(given, tape, 4)).toThrow(why);
  const { server } = config("auto");
  expect(workersOf({ ...given, server }, tape, 4)).toBe(1);
});
