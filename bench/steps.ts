/** What is run for a contestant in each round, and what is read off. */
import type { Contestant } from "./contestants.ts";
import {
  ALONE,
  BACK_TO_BACK,
  CHUNK_CPU,
  CHUNKS,
  DELAY,
  FIRST,
  p50,
  p99,
  PACED_CPU,
  REQUEST_CPU,
  REQUESTS,
  SIXTEEN,
  STEADY,
  STEADY_ANSWERED,
} from "./figure-names.ts";
import type { Seat } from "./groups.ts";
import type { Load, LoadOptions, Measured, Quantiles } from "./load.ts";
import type { Pace } from "./pace.ts";
import { type Running, settled } from "./processes.ts";
import { DIRECT_NAME, type Figures } from "./results.ts";
import {
  BURST,
  DELAYED,
  HISTORY,
  IMAGE,
  PACED,
  STRUCTURED,
  TOOLS,
  UNARY,
  type Workload,
} from "./workloads.ts";

export interface Step {
  workload: Workload;
  /** Of a full run. */
  seconds: number;
  /** Load before what is measured begins. */
  leadSeconds?: number;
  options: LoadOptions | ((pace: Pace) => LoadOptions);
  read: (result: Measured) => Figures;
}

/** So many at one time that a gateway always has the next one waiting. */
const SATURATED = 64;

const work =
  (name: string, cpu: string) =>
  (result: Measured): Figures => ({
    [name]: result.done / result.seconds,
    [cpu]: result.cpu / result.done,
  });

const quantiles = (name: string, of: Quantiles | null): Figures => ({
  [p50(name)]: of?.p50 ?? NaN,
  [p99(name)]: of?.p99 ?? NaN,
});

export const UNARY_STEP: Step = {
  workload: UNARY,
  seconds: 1,
  options: { connections: SATURATED },
  read: work(REQUESTS, REQUEST_CPU),
};

export const BURST_STEP: Step = {
  workload: BURST,
  seconds: 1,
  options: { connections: SATURATED },
  read: ({ chunks, seconds, cpu }) => ({ [CHUNKS]: chunks / seconds, [CHUNK_CPU]: cpu / chunks }),
};

/** Saturated with what the throughput is counted in. */
export const THROUGHPUT: readonly Step[] = [UNARY_STEP, BURST_STEP];

/** With time to spare between requests. */
export const LATENCY: readonly Step[] = [
  {
    workload: PACED,
    seconds: 1.5,
    // A stream takes a second: by then as many are open as ever will be, and clients have their connections.
    leadSeconds: 1.1,
    options: ({ pacedStreams }) => ({ connections: 512, rate: pacedStreams }),
    read: ({ chunks, cpu, first_us: first, transit_us: transit }) => ({
      [PACED_CPU]: cpu / chunks,
      ...quantiles(FIRST, first),
      ...quantiles(DELAY, transit),
    }),
  },
  {
    workload: UNARY,
    seconds: 0.4,
    options: { connections: 1 },
    read: ({ latency_us: latency }) => quantiles(ALONE, latency),
  },
  {
    workload: DELAYED,
    seconds: 0.6,
    options: { connections: 16, spread: 20 },
    read: ({ latency_us: latency }) => quantiles(SIXTEEN, latency),
  },
  {
    workload: UNARY,
    seconds: 0.4,
    options: { connections: 16 },
    read: ({ latency_us: latency }) => quantiles(BACK_TO_BACK, latency),
  },
  {
    workload: UNARY,
    // 99th percentiles of some hundred requests would be a matter of one stall of the machine.
    seconds: 2.3,
    leadSeconds: 0.2,
    options: { connections: 256, rate: 200 },
    read: ({ latency_us: latency, done, seconds }) => ({
      ...quantiles(STEADY, latency),
      [STEADY_ANSWERED]: done / seconds,
    }),
  },
];

const other = (workload: Workload, connections: number, seconds: number, least: number): Step => ({
  workload,
  seconds,
  options: { connections, least },
  read: work(`requests/s: ${workload.name}`, `processor time: ${workload.name}, µs`),
});

export const OTHER: readonly Step[] = [
  other(TOOLS, 16, 0.4, 8),
  other(HISTORY, 16, 0.4, 8),
  other(STRUCTURED, SATURATED, 0.4, 8),
  other(IMAGE, 2, 0.6, 2),
];

/** Of each kind of work while a contestant is warmed. */
export const TURN_SECONDS = 0.2;

/** Wrong answers are not throughput. */
const MOST_ERRORS = 0.001;
/** Of a core. */
const BUSY = 0.95;

function optionsFor({ pace }: Contestant, options: Step["options"]): LoadOptions {
  return typeof options === "function" ? options(pace) : options;
}

/** Each step that is no throughput, for a moment. */
export async function takeTurns(
  load: Load,
  { contestant, port, gateway }: Seat,
  steps: readonly Step[],
): Promise<void> {
  for (const { workload, options } of steps.filter((step) => !THROUGHPUT.includes(step))) {
    const { least: _, ...wanted } = optionsFor(contestant, options);
    await load.run(contestant, port, workload, { ...wanted, seconds: TURN_SECONDS }, gateway);
    await settled(gateway);
  }
}

/** One round of one contestant. A step whose answers were wrong has no figures, and a remark. */
export async function takeFigures(
  load: Load,
  contestant: Contestant,
  port: number,
  gateway: Running | undefined,
  steps: readonly Step[],
  shorter: number,
): Promise<{ figures: Figures; remarks: string[] }> {
  const figures: Figures = {};
  const remarks: string[] = [];
  for (const { workload, options, seconds: whole, leadSeconds: lead = 0, read } of steps) {
    const seconds = Math.max(0.4, whole * shorter);
    const wanted = optionsFor(contestant, options);
    const result = await load.run(contestant, port, workload, { ...wanted, lead, seconds }, gateway);
    await settled(gateway);
    const { done, chunks, errors, issued, late, loadBusy } = result;
    const what = `${contestant.name}, ${workload.name}`;
    if (done + chunks === 0 || errors > MOST_ERRORS * issued) {
      remarks.push(`${what}: ${errors} of ${issued} wrong, the first: ${result.first_error}`);
      continue;
    }
    Object.assign(figures, read(result));
    if (late > 0) remarks.push(`${what}: ${late} requests were due when all connections were taken`);
    const gatewayBusy = result.cpu / 1e6 / result.seconds;
    if (
      loadBusy > BUSY &&
      gatewayBusy < BUSY &&
      contestant.name !== DIRECT_NAME &&
      wanted.rate === undefined
    ) {
      remarks.push(`${what}: the core of the upstream and the load was the limit, and not the gateway's`);
    }
  }
  return { figures, remarks };
}
