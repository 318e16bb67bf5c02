/** A short chaos run, as `npm run chaos` makes long ones: docs/chaos.md. */
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { runChaos } from "./chaos/chaos-run.ts";
import { describeResult, describeViolation } from "./chaos/report.ts";

const FOLDER = fileURLToPath(new URL("../.cache/chaos/", import.meta.url));
const MIB = 2 ** 20;

test("chaos: under random faults and signals no history breaks a rule, and nothing is left over", async () => {
  const seed = 4;
  const result = await runChaos(
    {
      seed,
      warmMs: 2_000,
      cycles: 1,
      chaosMs: 8_000,
      settleMs: 3_000,
      calmMs: 2_000,
      clients: 12,
      pauseMs: 100,
      restarts: { SIGTERM: 1, SIGKILL: 0 },
      quietMs: 30_000,
      floor: 0.3,
      // Memory is no matter of seconds: the long runs watch it more closely.
      allowed: {
        descriptors: 2,
        threads: 4,
        resources: 1,
        heapBytes: 32 * MIB,
        bufferBytes: 16 * MIB,
        growthBytes: 4 * MIB,
      },
    },
    { folder: `${FOLDER}test-${process.pid}` },
  );
  const told = `${result.violations.map(describeViolation).join("\n\n")}\n\n${describeResult(result)}`;
  expect(result.violations.length, told).toBe(0);
  // It must have been worth something.
  const { figures } = result;
  expect(figures.requests, told).toBeGreaterThan(100);
  expect(figures.clean.calm.ok, told).toBeGreaterThan(20);
  expect(figures.actions, told).toMatchObject({ SIGTERM: 1, "upstream-restart": expect.any(Number) });
}, 120_000);
