/** What is measured of the process: once, however many gateways run in it. */
import { monitorEventLoopDelay } from "node:perf_hooks";
import { collectDefaultMetrics, Registry } from "prom-client";

/** The histogram counts from timer to timer, so this much of each value is no delay. */
const RESOLUTION_MS = 10;

export interface ProcessMetrics {
  /** Under the names that Prometheus clients share: `process_…`, `nodejs_…`. */
  registry: Registry;
  /** Since the last call. */
  eventLoopLag(): { p50: number; p99: number; max: number };
}

let shared: ProcessMetrics | undefined;

/** Measures from the first call on, in seconds. */
export function processMetrics(): ProcessMetrics {
  shared ??= create();
  return shared;
}

function create(): ProcessMetrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delay.enable();
  return {
    registry,
    eventLoopLag() {
      const lag = { p50: lagAt(delay, 50), p99: lagAt(delay, 99), max: lagAt(delay, 100) };
      delay.reset();
      return lag;
    },
  };
}

function lagAt(delay: ReturnType<typeof monitorEventLoopDelay>, percentile: number): number {
  if (delay.count === 0) return 0;
  return Math.max(0, delay.percentile(percentile) / 1e9 - RESOLUTION_MS / 1e3);
}
