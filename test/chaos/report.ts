/** A run's figures as a table, and a violation with all of its request's history. */
import type { ChaosResult, Violation } from "./chaos-run.ts";
import type { Observation } from "./observation.ts";

/** Of each event and body, in characters. */
const SHOWN = 300;
const EVENTS_SHOWN = 40;

export function describeResult(result: ChaosResult): string {
  const { figures, samples, peakRss, violations } = result;
  const { clean, abandoned } = figures;
  const share = ({ all, ok }: { all: number; ok: number }): string =>
    `${ok} of ${all}${all === 0 ? "" : ` (${((ok / all) * 100).toFixed(2)} %)`}`;
  const rows: [string, string][] = [
    ["seed", String(result.seed)],
    ["seconds", String(result.seconds)],
    ["requests", String(figures.requests)],
    ["upstream calls", String(figures.upstreamCalls)],
    ["stream events", String(figures.streamEvents)],
    ["outcomes", list(figures.outcomes)],
    ["errors", list(figures.errors)],
    ["kinds", list(figures.kinds)],
    ["clients", list(figures.conducts)],
    ["upstream faults", list(figures.faults)],
    ["actions", list(figures.actions)],
    ["sound requests answered under faults", share(clean.chaos)],
    ["sound requests answered in calm", share(clean.calm)],
    [
      "client gone to upstream gone, in calm",
      `${abandoned.calls} calls: median ${abandoned.median} ms, p99 ${abandoned.p99} ms, most ${abandoned.most} ms`,
    ],
    ["request log", `${result.logLines} lines: ${list(figures.logged)}`],
    ["peak resident memory", megabytes(peakRss)],
    ["driver late", `p99 ${result.driverLateMs.p99} ms, most ${result.driverLateMs.most} ms`],
    ["violations", String(violations.length)],
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  const held = samples.map(
    ({ at, second, gatewayStart, heapUsed, arrayBuffers, rss, descriptors, threads, resources }) =>
      `  ${at.padEnd(10)} ${String(second).padStart(7)} s  start ${gatewayStart}  heap ${megabytes(heapUsed)}  buffers ${megabytes(arrayBuffers)}` +
      `  rss ${megabytes(rss)}  descriptors ${descriptors}  threads ${threads}  ${list(resources)}`,
  );
  return [...rows.map(([name, value]) => `${name.padEnd(width)}  ${value}`), "held:", ...held].join("\n");
}

export function describeViolation({ what, observation }: Violation): string {
  const lines = what.map((one) => `VIOLATION ${one}`);
  return [...lines, ...(observation === undefined ? [] : history(observation))].join("\n");
}

function history(observation: Observation): string[] {
  const { plan, phase, startedAt, events, body, calls } = observation;
  const since = (time: number | undefined): string =>
    time === undefined ? "never" : `${Math.round(time - startedAt)} ms`;
  const answer = JSON.stringify(plan.answer).slice(0, SHOWN);
  return [
    `  request ${plan.index} (${plan.id}) in ${phase}: ${plan.kind}, ${plan.stream ? "streamed" : "whole"}, ${plan.client}, ${plan.conduct}`,
    `  plan ${JSON.stringify({ ...plan, answer: undefined })}`,
    `  generated ${answer}`,
    ...calls.map(
      ({ upstream, fault = "no fault", at, endedAt }) =>
        `  call of ${upstream} (${fault}) at ${since(at)}, over at ${since(endedAt)}`,
    ),
    `  status ${observation.status ?? "none"}, ${observation.bytes} bytes; ${Object.entries(
      observation.headers,
    )
      .filter(([name]) => /^x-|retry|content-type|connection/.test(name))
      .map(([name, value]) => `${name}: ${value}`)
      .join("; ")}`,
    ...events.slice(0, EVENTS_SHOWN >> 1).map((data) => `  event ${data.slice(0, SHOWN)}`),
    ...(events.length > EVENTS_SHOWN ? [`  … ${events.length - EVENTS_SHOWN} more events …`] : []),
    ...events
      .slice(EVENTS_SHOWN >> 1)
      .slice(-EVENTS_SHOWN >> 1)
      .map((data) => `  event ${data.slice(0, SHOWN)}`),
    ...(body === "" ? [] : [`  body ${body.slice(0, 4 * SHOWN)}`]),
    `  left at ${since(observation.leftAt)}, over at ${since(observation.endedAt)}: ${observation.endings.join(", ")} ${observation.error ?? ""}`,
  ];
}

function list(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .sort(([, one], [, other]) => other - one)
    .map(([name, number]) => `${name} ${number}`)
    .join(", ");
}

function megabytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(1)} MB`;
}
