/** The metrics of several processes as those of one. */
import { AggregatorRegistry, Registry } from "prom-client";
import type { MetricsPage } from "./metrics.ts";

/** One metric with its series, as prom-client's `getMetricsAsJSON` gives it. */
export interface MetricSnapshot {
  name: string;
  help: string;
  type: string;
  /** How those of several processes become one: `sum`, `max`, `min` or `first`. */
  aggregator: string;
  values: {
    value: number;
    labels: Readonly<Record<string, string | number>>;
    /** Of a histogram's parts, for example `…_bucket`. */
    metricName?: string;
  }[];
}

/** @param snapshots asks every process for its `Metrics.snapshot` */
export function mergedPage(snapshots: () => Promise<readonly (readonly MetricSnapshot[])[]>): MetricsPage {
  return {
    contentType: Registry.PROMETHEUS_CONTENT_TYPE,
    // The types of prom-client know neither of the two shapes that it makes of a metric.
    text: async () => AggregatorRegistry.aggregate((await snapshots()) as unknown as object[]).metrics(),
  };
}
