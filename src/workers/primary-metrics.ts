/** What the primary process adds to the metrics of its workers. */
import type { MetricSnapshot } from "../observe/merged-metrics.ts";

/**
 * It keeps what was counted by processes that have ended: without it a sum would fall, and Prometheus takes that for a
 * restart of everything. Of a process that crashed it is what it told at the last scrape.
 */
export class PrimaryMetrics {
  /** By the number of the worker. */
  readonly #told = new Map<number, readonly MetricSnapshot[]>();
  readonly #ended = new Map<string, MetricSnapshot>();
  #restarts = 0;
  #reloadSuccess = true;

  /** A worker has told its numbers. */
  told(worker: number, metrics: readonly MetricSnapshot[]): void {
    this.#told.set(worker, metrics);
  }

  ended(worker: number): void {
    for (const metric of this.#told.get(worker) ?? []) {
      // A gauge ends with its process, and what is measured of each process begins anew with the next.
      if (metric.name.startsWith("pollux_") && metric.type !== "gauge") this.#keep(metric);
    }
    this.#told.delete(worker);
  }

  restarted(): void {
    this.#restarts += 1;
  }

  reloaded(succeeded: boolean): void {
    this.#reloadSuccess = succeeded;
  }

  /** To be merged with what the workers tell, behind it. */
  snapshot(): MetricSnapshot[] {
    return [
      ...this.#ended.values(),
      single("pollux_worker_restarts_total", "counter", "sum", this.#restarts),
      single("pollux_config_reload_success", "gauge", "min", this.#reloadSuccess ? 1 : 0),
    ];
  }

  #keep(metric: MetricSnapshot): void {
    const kept = this.#ended.get(metric.name);
    if (kept === undefined) {
      this.#ended.set(metric.name, { ...metric, values: metric.values.map((one) => ({ ...one })) });
      return;
    }
    const bySeries = new Map(kept.values.map((one) => [seriesOf(one), one]));
    for (const one of metric.values) {
      const counted = bySeries.get(seriesOf(one));
      if (counted === undefined) kept.values.push({ ...one });
      else counted.value += one.value;
    }
  }
}

/** The workers' own have its description. */
function single(name: string, type: string, aggregator: string, value: number): MetricSnapshot {
  return { name, help: "", type, aggregator, values: [{ value, labels: {} }] };
}

function seriesOf({ metricName, labels }: MetricSnapshot["values"][number]): string {
  const pairs = Object.entries(labels).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([metricName, pairs]);
}
