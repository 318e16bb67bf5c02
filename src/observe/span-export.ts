/**
 * One span for each chat request, sent to an OpenTelemetry collector as OTLP over HTTP with JSON
 * (https://opentelemetry.io/docs/specs/otlp/#otlphttp). Attribute names are those of the GenAI conventions at 1.41
 * (https://github.com/open-telemetry/semantic-conventions/tree/v1.41.0/docs/gen-ai). No content, ever.
 *
 * Requests wait for nothing here: spans are kept up to a bound, sent in batches beside the traffic, and dropped and
 * counted when the collector is away or too slow.
 */
import { randomBytes } from "node:crypto";
import { VERSION } from "../version.ts";
import type { Observer } from "./observer.ts";
import { OUTCOMES } from "./request-outcome.ts";
import type { RequestRecord } from "./request-record.ts";
import { parseTraceparent } from "./traceparent.ts";

export interface SpanExportOptions {
  /** The collector's address for spans. */
  endpoint: string;
  headers: Readonly<Record<string, string>>;
  /** `gen_ai.provider.name` for an upstream's name; undefined where no name fits. */
  providerOf: (upstream: string) => string | undefined;
  /** Most spans that wait. Default 2048. */
  maxQueued?: number;
  /** Between two batches, in milliseconds. Default 1000. */
  everyMs?: number;
  /** For a collector's answer, in milliseconds. Default 5000. */
  timeoutMs?: number;
  send?: typeof fetch;
}

const MAX_BATCH = 512;
/** Enumerations of opentelemetry-proto's trace.proto. */
const SERVER = 2;
const STATUS_ERROR = 2;

/** `{ doubleValue }` for numbers that are whole by chance only. */
type AttributeValue = string | number | boolean | { doubleValue: number } | undefined;

export class SpanExport implements Partial<Observer> {
  readonly #options: Required<Omit<SpanExportOptions, "providerOf">> & Pick<SpanExportOptions, "providerOf">;
  #queue: object[] = [];
  #timer: NodeJS.Timeout | undefined;
  #sending: Promise<void> | undefined;
  /** Spans that no collector took. */
  dropped = 0;

  constructor(options: SpanExportOptions) {
    this.#options = { maxQueued: 2048, everyMs: 1000, timeoutMs: 5000, send: fetch, ...options };
  }

  requestEnded(record: RequestRecord): void {
    if (!record.began) return;
    const parent = parseTraceparent(record.traceparent);
    // The caller's decision counts: a trace with one span missing is worth less than none.
    if (parent?.sampled === false) return;
    if (this.#queue.length >= this.#options.maxQueued) {
      this.dropped += 1;
      return;
    }
    this.#queue.push(toSpan(record, parent, this.#options.providerOf(record.upstream)));
    this.#timer ??= setTimeout(() => this.#tick(), this.#options.everyMs).unref();
  }

  /** Sends what waits, for as long as `ms`; the rest is dropped. */
  async close(ms: number): Promise<void> {
    clearTimeout(this.#timer);
    const deadline = performance.now() + ms;
    while (performance.now() < deadline) {
      this.#sending ??= this.#sendBatch();
      await Promise.race([this.#sending, new Promise((resolve) => setTimeout(resolve, ms).unref())]);
      if (this.#queue.length === 0 && this.#sending === undefined) return;
    }
    this.dropped += this.#queue.length;
    this.#queue = [];
  }

  #tick(): void {
    this.#timer = undefined;
    // One batch at a time: a collector that is slow gets fewer spans, not more connections.
    this.#sending ??= this.#sendBatch();
    if (this.#queue.length > 0) {
      this.#timer = setTimeout(() => this.#tick(), this.#options.everyMs).unref();
    }
  }

  async #sendBatch(): Promise<void> {
    const spans = this.#queue.splice(0, MAX_BATCH);
    if (spans.length > 0 && !(await this.#post(spans))) this.dropped += spans.length;
    this.#sending = undefined;
  }

  async #post(spans: object[]): Promise<boolean> {
    const { endpoint, headers, timeoutMs, send } = this.#options;
    try {
      const response = await send(endpoint, {
        method: "POST",
        headers: { ...headers, "content-type": "application/json" },
        body: JSON.stringify({
          resourceSpans: [
            {
              resource: { attributes: attributes({ "service.name": "pollux", "service.version": VERSION }) },
              scopeSpans: [{ scope: { name: "pollux", version: VERSION }, spans }],
            },
          ],
        }),
        redirect: "error",
        signal: AbortSignal.timeout(timeoutMs),
      });
      await response.body?.cancel();
      return response.ok;
    } catch {
      return false;
    }
  }
}

function toSpan(
  record: RequestRecord,
  parent: ReturnType<typeof parseTraceparent>,
  provider: string | undefined,
): object {
  const outcome = record.outcome ?? "bug";
  const { tokens, status } = record;
  const failed = OUTCOMES[outcome].level !== "info";
  const began = performance.timeOrigin + record.startedAt;
  return {
    traceId: parent?.traceId ?? randomBytes(16).toString("hex"),
    spanId: randomBytes(8).toString("hex"),
    ...(parent === undefined ? {} : { parentSpanId: parent.spanId }),
    name: record.model === "" ? "chat" : `chat ${record.model}`,
    kind: SERVER,
    startTimeUnixNano: nanoseconds(began),
    endTimeUnixNano: nanoseconds(performance.timeOrigin + record.endedAt),
    attributes: attributes({
      "gen_ai.operation.name": "chat",
      "gen_ai.provider.name": provider,
      "gen_ai.request.model": record.model === "" ? undefined : record.model,
      "gen_ai.request.stream": record.stream,
      "gen_ai.response.time_to_first_chunk":
        record.streamed && record.firstTokenAt > 0
          ? { doubleValue: (record.firstTokenAt - record.startedAt) / 1000 }
          : undefined,
      "gen_ai.usage.input_tokens": tokens?.prompt,
      "gen_ai.usage.output_tokens": tokens?.completion,
      "gen_ai.usage.reasoning.output_tokens": tokens?.reasoning,
      "gen_ai.usage.cache_read.input_tokens": tokens?.cached,
      "http.request.method": "POST",
      "http.response.status_code": status === 0 ? undefined : status,
      "error.type": outcome === "completed" ? undefined : outcome,
      "pollux.outcome": outcome,
      "pollux.request_id": record.requestId,
      "pollux.upstream": record.upstream === "" ? undefined : record.upstream,
      "pollux.attempts": record.attempts,
    }),
    ...(failed ? { status: { code: STATUS_ERROR } } : {}),
  };
}

function attributes(values: Record<string, AttributeValue>): object[] {
  const list: object[] = [];
  for (const [key, value] of Object.entries(values)) {
    if (value !== undefined) list.push({ key, value: anyValue(value) });
  }
  return list;
}

/** OTLP's JSON has integers as text, as some readers' numbers have no 64 bits. */
function anyValue(value: NonNullable<AttributeValue>): object {
  if (typeof value === "string") return { stringValue: value };
  if (typeof value === "boolean") return { boolValue: value };
  return typeof value === "number" ? { intValue: String(value) } : value;
}

/** From milliseconds with fractions, whose nanoseconds a number could not hold. */
function nanoseconds(ms: number): string {
  const whole = Math.floor(ms);
  return `${whole}${String(Math.floor((ms - whole) * 1e6)).padStart(6, "0")}`;
}
