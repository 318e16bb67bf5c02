/** What can only be told from all of the history together: broken connections, the request log, what is left over. */
import { isClean, outcomeWord } from "./check-answer.ts";
import type { Disruption, Holdings } from "./gateway-process.ts";
import type { Observation } from "./observation.ts";
import { LEAVING } from "./plan.ts";

/** Issue: gone within 250 ms of the client; the rest is for a busy machine, where the driver itself is late. */
export const ABANDONED_MS = 250;
export const ABANDONED_MARGIN_MS = 1_250;

function overlaps(observation: Observation, { from, to }: Disruption): boolean {
  return observation.startedAt <= to && observation.endedAt >= from;
}

/** Connections may break only when the process is ended, and at SIGTERM only for who had not been heard yet. */
export function checkEnding(observation: Observation, disruptions: readonly Disruption[]): string[] {
  const [ending] = observation.endings;
  if (ending !== "broken" && ending !== "refused") return [];
  const during = disruptions.filter((disruption) => overlaps(observation, disruption));
  const told = `the connection was ${ending} (${observation.error ?? "no reason"})`;
  if (during.length === 0) return [`${told} while the gateway was running`];
  if (during.some(({ kind }) => kind === "SIGKILL")) return [];
  const heard = observation.status !== undefined || observation.calls.length > 0;
  if (heard && observation.plan.conduct !== "slow-reader")
    return [`${told} by SIGTERM, with its request under way`];
  return [];
}

/** In a calm phase whoever asks properly and waits is answered in full. */
export function checkCalm(observation: Observation): string[] {
  const wrong: string[] = [];
  const word = outcomeWord(observation);
  if (isClean(observation) && word !== "ok")
    wrong.push(`${word} in a calm phase: ${observation.body.slice(0, 300)}`);
  wrong.push(...checkAbandoned(observation, ABANDONED_MS + ABANDONED_MARGIN_MS));
  return wrong;
}

/** How long upstreams went on for a client that had left, in milliseconds; 0 where nothing was going on. */
export function abandonedFor(observation: Observation): number {
  const { leftAt, calls, plan } = observation;
  if (leftAt === undefined || !LEAVING.has(plan.conduct)) return 0;
  return Math.max(0, ...calls.map(({ at, endedAt = Infinity }) => endedAt - Math.max(leftAt, at)));
}

export function checkAbandoned(observation: Observation, mostMs: number): string[] {
  const forMs = abandonedFor(observation);
  return forMs <= mostMs ? [] : [`generation went on for ${Math.round(forMs)} ms after the client had left`];
}

/** A line of the request log. */
export interface LogLine {
  requestId: string;
  outcome: string;
  route: string;
}

/** The request log's line, if this is one. */
export function readLogLine(line: string): LogLine | undefined {
  if (!line.startsWith("{") || !line.includes('"outcome"')) return undefined;
  try {
    const { request_id, outcome, route } = JSON.parse(line) as Record<string, unknown>;
    if (typeof request_id !== "string" || typeof outcome !== "string") return undefined;
    return { requestId: request_id, outcome, route: String(route) };
  } catch {
    return undefined;
  }
}

/** A line is written a moment after its answer; by a process that was killed in between, never. */
const UNWRITTEN_MS = 500;

/** Exactly one line for each request that was answered; a killed process may have kept its last ones to itself. */
export function checkLog(
  observation: Observation,
  lines: ReadonlyMap<string, readonly string[]>,
  disruptions: readonly Disruption[],
): string[] {
  const id = observation.headers["x-request-id"];
  if (id === undefined) return [];
  const outcomes = lines.get(id) ?? [];
  const [outcome] = outcomes;
  if (outcomes.length > 1) return [`${outcomes.length} lines in the request log: ${outcomes.join(", ")}`];
  if (outcome === undefined) {
    const { startedAt, endedAt } = observation;
    const killed = disruptions.some(
      ({ kind, from, to }) => kind === "SIGKILL" && startedAt <= to && endedAt + UNWRITTEN_MS >= from,
    );
    return killed ? [] : ["no line in the request log"];
  }
  const word = outcomeWord(observation);
  if (word === "ok" && outcome !== "completed")
    return [`answered in full, and "${outcome}" in the request log`];
  const failed = word.startsWith("status") || word === "error in stream";
  if (failed && outcome === "completed") return [`${word}, and "completed" in the request log`];
  const told = observation.headers["x-pollux-outcome"];
  if (failed && told !== undefined && observation.status !== 200 && told !== outcome) {
    return [`x-pollux-outcome is "${told}", and "${outcome}" stands in the request log`];
  }
  return outcome === "bug" ? ["a bug, by the request log"] : [];
}

/** What must be nothing with no client there, of the text that /metrics gives. */
export function checkIdleMetrics(text: string): string[] {
  return ["pollux_inflight", "pollux_open_streams", "pollux_queue_depth"].flatMap((name) => {
    const values = [...text.matchAll(new RegExp(`^${name}(?:\\{[^\n]*\\})? (\\S+)$`, "gm"))].map(
      ([, value]) => Number(value),
    );
    const sum = values.reduce((total, value) => total + value, 0);
    if (values.length === 0) return [`/metrics does not tell ${name}`];
    return sum === 0 ? [] : [`${name} is ${sum} with no client there`];
  });
}

export interface Allowances {
  descriptors: number;
  threads: number;
  resources: number;
  heapBytes: number;
  bufferBytes: number;
  /** From the middle third of the last process's life to its last. */
  growthBytes: number;
}

/** What is left over, against what the process held when it had just begun (`start`) and was warm (`warm`). */
export function checkLeftOver(start: Holdings, warm: Holdings, now: Holdings, allowed: Allowances): string[] {
  const wrong: string[] = [];
  const compare = (what: string, before: number, after: number, more: number): void => {
    if (after > before + more)
      wrong.push(`${what}: ${after}, and ${before} before (${more} more are allowed)`);
  };
  compare("descriptors", start.descriptors, now.descriptors, allowed.descriptors);
  compare("threads", warm.threads, now.threads, allowed.threads);
  for (const [type, count] of Object.entries(now.resources)) {
    compare(`${type} in use`, start.resources[type] ?? 0, count, allowed.resources);
  }
  compare("bytes of heap", warm.heapUsed, now.heapUsed, allowed.heapBytes);
  compare("bytes of buffers", warm.arrayBuffers, now.arrayBuffers, allowed.bufferBytes);
  return wrong;
}

/** Fewer tell chance from growth no longer. */
const LEAST_SAMPLES = 9;

/** A heap that grows slowly and surely, over the life of the last process. */
export function checkGrowth(
  samples: readonly { gatewayStart: number; heapUsed: number }[],
  mostBytes: number,
): string[] {
  const last = samples.filter(({ gatewayStart }) => gatewayStart === samples.at(-1)?.gatewayStart);
  if (last.length < LEAST_SAMPLES) return [];
  const third = Math.floor(last.length / 3);
  const median = (part: typeof last): number =>
    part.map(({ heapUsed }) => heapUsed).toSorted((one, other) => one - other)[part.length >> 1] ?? 0;
  const grown = median(last.slice(-third)) - median(last.slice(third, 2 * third));
  return grown <= mostBytes ? [] : [`the heap has grown by ${grown} bytes, cycle by cycle`];
}
