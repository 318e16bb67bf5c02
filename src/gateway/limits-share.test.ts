import { expect, test } from "vitest";
import { readConfig } from "../config/config.ts";
import { DIVIDED_LIMITS, shareOf } from "./limits-share.ts";

const { limits } = readConfig({}).config;

test("one process has all of it", () => {
  expect(shareOf(limits, 1)).toBe(limits);
});

test("several have an equal share of what is counted over all requests, and all of what each request may take", () => {
  const share = shareOf({ ...limits, maxQueue: 10, maxConnectionsPerAddress: 0 }, 3);
  expect(share.maxInFlight).toBe(Math.ceil(limits.maxInFlight / 3));
  // Together at least as much as is configured; and what is switched off stays so.
  expect(share.maxQueue).toBe(4);
  expect(share.maxConnectionsPerAddress).toBe(0);
  const divided = new Set<string>(DIVIDED_LIMITS);
  for (const [name, value] of Object.entries(limits)) {
    if (!divided.has(name)) expect(share[name as keyof typeof share]).toBe(value);
  }
});
