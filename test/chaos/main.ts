/** `npm run chaos -- --minutes N --seed S`: a long chaos run, its figures in .cache/chaos/. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type ChaosPlan, runChaos } from "./chaos-run.ts";
import { describeResult, describeViolation } from "./report.ts";

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "5" },
    seed: { type: "string", default: String(Date.now() % 1_000_000) },
    clients: { type: "string", default: "32" },
  },
});
const minutes = positive("minutes");
const seed = positive("seed");
const clients = positive("clients");

function positive(name: keyof typeof values): number {
  const number = Number(values[name]);
  if (Number.isFinite(number) && number > 0) return number;
  process.stderr.write(`--${name} takes a number above 0.\n`);
  process.exit(2);
}

const CYCLE_MS = 60_000;
const OTHER_MS = 40_000;
const cycles = Math.max(1, Math.round((minutes * 60_000 - OTHER_MS) / CYCLE_MS));
const plan: ChaosPlan = {
  seed,
  warmMs: Math.min(20_000, minutes * 10_000),
  cycles,
  chaosMs: Math.min(41_000, minutes * 30_000),
  settleMs: 6_000,
  calmMs: Math.min(10_000, minutes * 10_000),
  clients,
  pauseMs: 150,
  restarts: { SIGTERM: 1, SIGKILL: 1 },
  quietMs: 90_000,
  floor: 0.5,
  // Node starts its pool of four threads when it first needs one.
  allowed: {
    descriptors: 2,
    threads: 4,
    resources: 1,
    heapBytes: 24 * 2 ** 20,
    bufferBytes: 8 * 2 ** 20,
    growthBytes: 4 * 2 ** 20,
  },
};

const cache = join(import.meta.dirname, "../../.cache/chaos");
mkdirSync(cache, { recursive: true });
process.stdout.write(
  `Chaos for about ${minutes} minutes with the seed ${seed}: ${cycles} cycles, ${clients} clients.\n`,
);
const result = await runChaos(plan, {
  folder: join(cache, `run-${process.pid}`),
  onProgress: (text) => process.stdout.write(`${text}\n`),
  onViolation: (violation) => process.stdout.write(`\n${describeViolation(violation)}\n\n`),
});
const file = join(cache, `minutes-${minutes}-seed-${seed}.json`);
writeFileSync(file, JSON.stringify({ plan, ...result }, null, 2));
process.stdout.write(`\n${describeResult(result)}\n\nWritten to ${file}\n`);
if (result.violations.length > 0) {
  process.stdout.write(
    `\n${result.violations.length} violations. Again: npm run chaos -- --minutes ${minutes} --seed ${seed}\n`,
  );
}
process.exit(result.violations.length > 0 ? 1 : 0);
