/** The log: one structured line for each request, and what happens around them. Never a prompt, a key or a token. */
import { type Level, type LevelWithSilent, type Logger, pino } from "pino";
import { GatewayError } from "../errors.ts";
import type { LogSink } from "./log-sink.ts";
import type { Observer, ShedReason, ShedStage } from "./observer.ts";
import { OUTCOMES } from "./request-outcome.ts";
import type { RequestRecord } from "./request-record.ts";
import { describeBug, printable } from "./safe-text.ts";
import { parseTraceparent } from "./traceparent.ts";

export interface LogOptions {
  level: LevelWithSilent;
  /** A line for each request, for those alone that did not end well, or for none. */
  requests: "on" | "errors" | "off";
}

/** Asked every few seconds by machines: of interest only to those who look for them. */
const PROBES: ReadonlySet<string> = new Set(["health", "ready", "metrics"]);

/** A shed ladder that refuses thousands a second must not write as many lines about it. */
const SHED_REPORT_MS = 1_000;
/** Nor must a flood of connections. */
const CONNECTIONS_REPORT_MS = 60_000;

export class RequestLog implements Partial<Observer> {
  readonly log: Logger;
  readonly #sink: LogSink;
  #requests: LogOptions["requests"];
  readonly #now: () => number;
  #shedReportedAt = -Infinity;
  readonly #shedSince = new Map<ShedReason, number>();
  #connectionsReportedAt = -Infinity;
  #connectionsRefused = 0;

  constructor(sink: LogSink, options: LogOptions, now: () => number = () => performance.now()) {
    // `base: null`: process id and host name are the collector's to add.
    this.#sink = sink;
    this.log = pino({ base: null, level: options.level }, sink);
    this.#requests = options.requests;
    this.#now = now;
  }

  /** A changed configuration. */
  configure({ level, requests }: LogOptions): void {
    this.log.level = level;
    this.#requests = requests;
  }

  requestEnded(record: RequestRecord): void {
    const outcome = record.outcome ?? "bug";
    if (this.#requests === "off" || (this.#requests === "errors" && outcome === "completed")) return;
    const level = outcome === "completed" && PROBES.has(record.route) ? "debug" : OUTCOMES[outcome].level;
    // The bytes that pino would write, for less: one of these is written for each request.
    if (this.log.isLevelEnabled(level)) this.#sink.write(`${JSON.stringify(toLine(level, record))}\n`);
  }

  /** A mistake in the gateway: what it was and where, without what the request held. */
  bug(error: unknown, requestId: string): void {
    this.log.error({ request_id: requestId, bug: describeBug(error) }, "a bug in the gateway");
  }

  /** The same for what nothing in the gateway caught: the process is about to end. */
  crash(error: unknown): void {
    this.#sink.lastWords(
      `${JSON.stringify({ level: 60, time: Date.now(), bug: describeBug(error), msg: "the gateway ends: nothing caught this" })}\n`,
    );
  }

  /** An access token could not be renewed while the old one still serves. */
  tokenNotRenewed(error: unknown): void {
    // Only our own words: another error may quote what was sent.
    const why = error instanceof GatewayError ? error.message : describeBug(error).type;
    this.log.warn({ why }, "the Google access token could not be renewed; it is tried again");
  }

  shedStage(stage: ShedStage): void {
    if (stage === "none") this.log.info({ stage }, "load is shed no more");
    else this.log.warn({ stage }, "load is shed");
  }

  shed(reason: ShedReason): void {
    this.#shedSince.set(reason, (this.#shedSince.get(reason) ?? 0) + 1);
    const now = this.#now();
    if (now - this.#shedReportedAt < SHED_REPORT_MS) return;
    this.#shedReportedAt = now;
    this.log.warn({ refused: Object.fromEntries(this.#shedSince) }, "requests are turned away");
    this.#shedSince.clear();
  }

  connectionRefused(): void {
    this.#connectionsRefused += 1;
    const now = this.#now();
    if (now - this.#connectionsReportedAt < CONNECTIONS_REPORT_MS) return;
    this.#connectionsReportedAt = now;
    this.log.warn(
      { refused: this.#connectionsRefused },
      "connections are closed unread: there are as many as limits and open files allow",
    );
    this.#connectionsRefused = 0;
  }
}

/** Only numbers, words of closed sets, names of the configuration, ids of ours, and the model as asked for. */
function toLine(level: Level, record: RequestRecord): Record<string, unknown> {
  const { tokens, error } = record;
  const line: Record<string, unknown> = {
    level: pino.levels.values[level],
    time: Date.now(),
    request_id: record.requestId,
    outcome: record.outcome,
    route: record.route,
    status: record.status,
    duration_ms: tenths(record.endedAt - record.startedAt),
    bytes: record.bytes,
  };
  if (record.model !== "") line["model"] = record.model;
  if (record.began) line["stream"] = record.stream;
  if (record.attempts > 0) {
    line["upstream"] = record.upstream;
    // It holds the model as it was asked for.
    line["target"] = printable(record.target);
    line["attempts"] = record.attempts;
  }
  if (record.clientRetry > 0) line["client_retry"] = record.clientRetry;
  if (record.firstTokenAt > 0) line["first_token_ms"] = tenths(record.firstTokenAt - record.startedAt);
  if (tokens !== undefined) {
    line["prompt_tokens"] = tokens.prompt;
    line["completion_tokens"] = tokens.completion;
    line["reasoning_tokens"] = tokens.reasoning;
    line["cached_tokens"] = tokens.cached;
  }
  if (record.keyId !== undefined) line["key"] = record.keyId;
  const trace = parseTraceparent(record.traceparent);
  if (trace !== undefined) line["trace_id"] = trace.traceId;
  if (error !== undefined) {
    const { failure } = error;
    if ("code" in failure && typeof failure.code === "string") line["error_code"] = failure.code.slice(0, 64);
    if (failure.kind === "upstream") {
      line["upstream_status"] = failure.status;
      if (failure.reason !== undefined) line["upstream_reason"] = failure.reason;
    }
    const { cause } = error;
    // Of a closed set; the caller is told only that the URL could not be read.
    if (cause instanceof Error && cause.name === "MediaRefusal") line["why"] = printable(cause.message);
    if (record.upstreamSaid !== undefined) line["upstream_said"] = record.upstreamSaid;
  }
  line["msg"] = "request";
  return line;
}

function tenths(ms: number): number {
  return Math.round(ms * 10) / 10;
}
