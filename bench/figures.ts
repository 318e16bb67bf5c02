/** The figures of one round: what is run for each contestant, in which order, and what is read off. */
import type { Contestant } from "./contestants.ts";
import type { Load, LoadOptions, Measured } from "./load.ts";
import type { Running } from "./processes.ts";
import { BURST, HISTORY, IMAGE, PACED, STRUCTURED, TOOLS, UNARY, type Workload } from "./workloads.ts";

/** By name; latencies and processor times in microseconds, rates a second. */
export type Figures = Record<string, number>;

export interface Step {
  workload: Workload;
  options: LoadOptions;
  read: (result: Measured) => Figures;
}

const SATURATED = 64;

const rate =
  (name: string) =>
  ({ done, seconds, cpu }: Measured): Figures => ({
    [`${name}/s`]: done / seconds,
    [`${name} cpu`]: cpu / done,
  });

const latency =
  (name: string) =>
  ({ latency_us: l }: Measured): Figures => ({
    [`${name} p50`]: l?.p50 ?? NaN,
    [`${name} p99`]: l?.p99 ?? NaN,
  });

/** Seconds are for a full run; a quick one takes half of them. */
export const MAIN: readonly Step[] = [
  { workload: UNARY, options: { connections: SATURATED, seconds: 1.5 }, read: rate("unary") },
  {
    workload: BURST,
    options: { connections: SATURATED, seconds: 1.5 },
    read: ({ chunks, seconds, cpu }) => ({ "chunks/s": chunks / seconds, "chunk cpu": cpu / chunks }),
  },
  {
    workload: PACED,
    options: { connections: 512, rate: 60, seconds: 3 },
    read: ({ chunks, cpu, first_us: first, transit_us: transit }) => ({
      "paced chunk cpu": cpu / chunks,
      "first p50": first?.p50 ?? NaN,
      "first p99": first?.p99 ?? NaN,
      "transit p50": transit?.p50 ?? NaN,
      "transit p99": transit?.p99 ?? NaN,
    }),
  },
  { workload: UNARY, options: { connections: 1, seconds: 0.6 }, read: latency("one at a time") },
  { workload: UNARY, options: { connections: 16, seconds: 0.6 }, read: latency("16 at a time") },
  { workload: UNARY, options: { connections: 256, rate: 200, seconds: 2 }, read: latency("200/s") },
];

export const OTHER: readonly Step[] = [
  { workload: TOOLS, options: { connections: 16, seconds: 0.8 }, read: rate("tools") },
  { workload: HISTORY, options: { connections: 16, seconds: 0.8 }, read: rate("history") },
  { workload: IMAGE, options: { connections: 4, seconds: 1 }, read: rate("image") },
  { workload: STRUCTURED, options: { connections: SATURATED, seconds: 0.8 }, read: rate("structured") },
];

/** Wrong answers are not throughput. */
const MOST_ERRORS = 0.001;

/** @throws Error when answers were wrong: their speed says nothing. */
export async function takeFigures(
  load: Load,
  contestant: Contestant,
  port: number,
  gateway: Running | undefined,
  steps: readonly Step[],
  shorter: number,
): Promise<{ figures: Figures; failed: string[] }> {
  const figures: Figures = {};
  const failed: string[] = [];
  for (const { workload, options, read } of steps) {
    const seconds = Math.max(0.4, (options.seconds ?? 1) * shorter);
    const result = await load.run(contestant, port, workload, { ...options, seconds }, gateway);
    if (result.done + result.chunks === 0 || result.errors > MOST_ERRORS * result.issued) {
      failed.push(
        `${workload.name}: ${result.errors} of ${result.issued} wrong, the first: ${result.first_error}`,
      );
    } else Object.assign(figures, read(result));
  }
  return { figures, failed };
}

/** Highest of these rates with a p99 within each limit (milliseconds), at a fixed rate of requests. */
export async function frontier(
  load: Load,
  contestant: Contestant,
  port: number,
  gateway: Running | undefined,
): Promise<Figures> {
  const best: Figures = {};
  const limits = [1, 5, 10, 50];
  for (let at = 100; at <= 60_000; at = Math.round(at * 1.5)) {
    const result = await load.run(
      contestant,
      port,
      UNARY,
      { connections: 1024, rate: at, seconds: 0.7 },
      gateway,
    );
    const p99 = (result.latency_us?.p99 ?? Infinity) / 1000;
    const kept = result.errors === 0 && result.late === 0 && result.done > 0.95 * result.issued;
    for (const limit of limits) if (kept && p99 <= limit) best[`rate within ${limit} ms`] = at;
    if (!kept || p99 > 50) break;
  }
  return best;
}

export function median(values: readonly number[]): number {
  const sorted = values.filter((value) => !Number.isNaN(value)).toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  if (sorted.length === 0) return NaN;
  return sorted.length % 2 === 1 ? sorted[Math.floor(middle)]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
