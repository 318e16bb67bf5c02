/** docs/observability.md: the outcomes and the metrics, from where they are made. */
import { Metrics } from "../../src/observe/metrics.ts";
import { OUTCOMES } from "../../src/observe/request-outcome.ts";
import { code, table } from "./markdown.ts";

/** The tables by the name that the template gives them. */
export function observabilityTables(): Record<string, string> {
  const metrics = new Metrics().described;
  return {
    outcomes: table(
      ["Outcome", "Level", "Meaning"],
      Object.entries(OUTCOMES).map(([outcome, { level, means }]) => [code(outcome), level, means]),
    ),
    metrics: table(
      ["Metric", "Kind", "Labels", "Meaning"],
      metrics.map(({ name, type, labels, help }) => [code(name), type, labels.map(code).join(", "), help]),
    ),
  };
}
