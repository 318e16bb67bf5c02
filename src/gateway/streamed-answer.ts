/** An answer pushed to a client as server-sent events: everything about it but what the events say. */
import { GatewayError } from "../errors.ts";
import type { RequestRecord } from "../observe/request-record.ts";
import type { RouteTarget } from "../routing/route.ts";
import { OutgoingText } from "../wire/outgoing-text.ts";
import { encodeData, SseReader, type SseReaderOptions } from "../wire/sse.ts";
import { type ActiveCalls, SIBLING_FAILED } from "./active-calls.ts";
import { timed } from "./answer-headers.ts";
import { toErrorAnswer } from "./error-answer.ts";
import type { Call, Reply } from "./exchange.ts";
import type { Gateway } from "./gateway.ts";
import { outcomeOf } from "./outcome.ts";
import { KEEP_ALIVE_COMMENT, type SilentStream } from "./keep-alive.ts";
import type { AcceptedReceiver } from "./upstream-session.ts";
import { withoutSecrets } from "./without-secrets.ts";

export const STREAM_HEADERS: Readonly<Record<string, string>> = {
  "content-type": "text/event-stream; charset=utf-8",
  "cache-control": "no-cache, no-transform",
  // nginx would otherwise hold chunks back until its buffer is full.
  "x-accel-buffering": "no",
};

/** Its `then` calls back once the code that runs now has returned: what an upstream sends at once has been read then. */
const READ = Promise.resolve();

/** The answers that have something to write then, and how many: nearly always one. */
const waiting: (StreamedAnswer | undefined)[] = [];
let waitingCount = 0;

function whenRead(answer: StreamedAnswer): void {
  waiting[waitingCount] = answer;
  waitingCount += 1;
  if (waitingCount === 1) void READ.then(flushWaiting);
}

function flushWaiting(): void {
  for (let at = 0; at < waitingCount; at += 1) {
    const answer = waiting[at];
    waiting[at] = undefined;
    answer?.onRead();
  }
  waitingCount = 0;
}

/** Of whichever stream is at work; nothing stays in it from one piece of an answer to the next. */
const outgoing = new OutgoingText();

/** Upstream events to client events, as text. What it throws ends the stream with an error. */
export interface EventTranslation {
  /**
   * Translates what it can of the events at `from` without their being read, and says where the first other one
   * begins. `from` is the beginning of an event.
   * @param maxBytes events that are longer are left
   */
  take?(bytes: Buffer, from: number, maxBytes: number, source: number, out: OutgoingText): number;
  /** The data of one event of one of the upstream calls. */
  push(data: string, source: number, eventName: string | undefined): string;
  /**
   * That call's answer has ended.
   * @param stray what stood outside of complete events: with Google, an error; `""` for none
   */
  finishSource(source: number, stray: string): void;
  /** All of them have; what closes the client's stream. */
  end(): string;
  /** True once nothing of substance is missing: a connection that breaks now was only slow to say goodbye. */
  isComplete?(): boolean;
  /** OpenAI's `usage` as far as it is known, also of an answer that was cut: it is billed as well. */
  usage?(): unknown;
}

export interface StreamedParts {
  gateway: Gateway;
  call: Call;
  reply: Reply;
  /** Ended here when the stream fails. */
  active: ActiveCalls;
  /** Headers of the 200, without the stream's own. */
  headers: Record<string, string>;
  translation: EventTranslation;
  /** Learns of it when the stream breaks after the attempt had counted as a success. */
  target: RouteTarget;
  /** Upstream calls that make up the answer. */
  sources: number;
}

/** Lives as long as the stream, so it keeps nothing of the request: that may be tens of megabytes. */
export class StreamedAnswer implements SilentStream {
  readonly #gateway: Gateway;
  readonly #reply: Reply;
  readonly #active: ActiveCalls;
  /** All three until the head is sent. */
  #headers: Record<string, string> | undefined;
  #resolve: (() => void) | undefined;
  #reject: ((error: unknown) => void) | undefined;
  readonly #record: RequestRecord;
  readonly #translation: EventTranslation;
  readonly #target: RouteTarget;
  #lastWriteAt = performance.now();
  /** Frames not yet written: those made by the read being worked on, and all of them until every call is accepted. */
  #pending = "";
  /** Calls that the upstream has not accepted. While there are any, a refusal can still be an HTTP status. */
  #unaccepted: number;
  #sourcesOpen: number;
  /** The client does not read as fast as the upstream sends. */
  #slow = false;
  #done = false;
  #flushesSoon = false;

  constructor(parts: StreamedParts, resolve: () => void, reject: (error: unknown) => void) {
    const { gateway, reply, active, headers, call, translation, target, sources } = parts;
    this.#target = target;
    this.#gateway = gateway;
    this.#reply = reply;
    this.#active = active;
    this.#headers = headers;
    this.#record = call.record;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#unaccepted = sources;
    this.#sourcesOpen = sources;
    this.#translation = translation;
    gateway.keepAlive.watch(this);
  }

  get lastWriteAt(): number {
    return this.#lastWriteAt;
  }

  keepAlive(): void {
    if (this.#done || this.#slow || this.#unaccepted > 0) return;
    this.#write(KEEP_ALIVE_COMMENT);
  }

  /** Takes the events of one of the upstream calls. */
  receiver(source: number): AcceptedReceiver {
    return new Source(this, source, this.#gateway.limits.maxEventBytes);
  }

  // What a source tells.

  accepted(): void {
    this.#unaccepted -= 1;
    this.#flush();
  }

  read(reader: SseReader, chunk: Buffer): void {
    if (this.#done) return;
    try {
      reader.push(chunk);
    } finally {
      if (outgoing.length > 0) this.#pending += outgoing.take();
    }
    this.#flushSoon();
  }

  take(bytes: Buffer, from: number, maxBytes: number, source: number): number {
    if (this.#done) return from;
    return this.#translation.take?.(bytes, from, maxBytes, source, outgoing) ?? from;
  }

  event(data: string, source: number, eventName: string | undefined): void {
    if (this.#done) return;
    if (outgoing.length > 0) this.#pending += outgoing.take();
    this.#pending += this.#translation.push(data, source, eventName);
  }

  ended(source: number, reader: SseReader, stray: () => string): void {
    if (this.#done) return;
    try {
      reader.end();
      this.#endSource(source, stray());
    } catch (error) {
      this.fail(error);
    }
  }

  broken(source: number, error: unknown): void {
    if (this.#done) return;
    if (this.#reply.closed || this.#translation.isComplete?.() !== true) {
      this.fail(error);
      return;
    }
    try {
      this.#endSource(source, "");
    } catch {
      this.fail(error);
    }
  }

  /** Before the head: an ordinary error answer. After it: an event that the SDKs throw, and no `[DONE]`. */
  fail(thrown: unknown): void {
    if (this.#done) return;
    // What came before goes out before.
    if (this.#flushesSoon) {
      this.#flushesSoon = false;
      this.#flush();
    }
    const error = withoutSecrets(thrown, this.#gateway.secrets);
    this.#finish();
    this.#active.end(SIBLING_FAILED);
    if (!this.#reply.headSent) {
      this.#reject?.(error);
      return;
    }
    if (!(error instanceof GatewayError)) this.#gateway.reportBug(error, this.#record.requestId);
    const outcome = outcomeOf(error);
    if (outcome.kind !== "abandoned") this.#gateway.router.report(this.#target, outcome);
    this.#record.fail(error);
    const { body } = toErrorAnswer(error, this.#record.requestId);
    this.#reply.write(this.#pending + encodeData(JSON.stringify(body)));
    this.#reply.end();
  }

  #endSource(source: number, stray: string): void {
    this.#translation.finishSource(source, stray);
    this.#sourcesOpen -= 1;
    if (this.#sourcesOpen > 0) {
      this.#flush();
      return;
    }
    const last = this.#pending + this.#translation.end();
    this.#pending = "";
    this.#markFirst();
    this.#sendHead();
    this.#finish();
    this.#reply.end(last);
  }

  /**
   * One write for all that one read of the upstream's socket brings: an HTTP client may hand it on in many pieces, one
   * for each chunk of the body, and a write for each is most of what they cost.
   */
  #flushSoon(): void {
    if (this.#flushesSoon || this.#pending === "") return;
    this.#flushesSoon = true;
    whenRead(this);
  }

  /** What the upstream sends at once has been read. */
  onRead(): void {
    if (this.#done || !this.#flushesSoon) return;
    this.#flushesSoon = false;
    try {
      this.#flush();
    } catch (error) {
      this.fail(error);
    }
  }

  #flush(): void {
    if (this.#pending === "" || this.#unaccepted > 0) return;
    const text = this.#pending;
    this.#pending = "";
    this.#markFirst();
    this.#write(text);
  }

  #markFirst(): void {
    if (this.#record.firstTokenAt === 0) this.#record.firstTokenAt = performance.now();
  }

  #write(text: string): void {
    this.#sendHead();
    this.#lastWriteAt = performance.now();
    if (this.#reply.write(text)) return;
    this.#slow = true;
    // Few clients ever are.
    this.#reply.onDrain(() => {
      this.#slow = false;
      this.#active.resume();
    });
    this.#active.pause();
  }

  #sendHead(): void {
    const reply = this.#reply;
    if (reply.headSent) return;
    this.#record.headSent(200);
    reply.head(200, timed({ ...this.#headers, ...STREAM_HEADERS }, this.#record.startedAt));
    this.#resolve?.();
    this.#headers = undefined;
    this.#resolve = undefined;
    this.#reject = undefined;
  }

  #finish(): void {
    this.#done = true;
    this.#record.used(this.#translation.usage?.());
    this.#gateway.keepAlive.forget(this);
  }
}

/** One upstream call of an answer, from its bytes to its events. Its fields are all that it keeps, as closures keep more. */
class Source implements AcceptedReceiver, SseReaderOptions {
  readonly maxEventBytes: number;
  readonly #answer: StreamedAnswer;
  readonly #index: number;
  readonly #reader: SseReader;
  #stray = "";

  constructor(answer: StreamedAnswer, index: number, maxEventBytes: number) {
    this.#answer = answer;
    this.#index = index;
    this.maxEventBytes = maxEventBytes;
    this.#reader = new SseReader(this);
  }

  onAccepted(): void {
    this.#answer.accepted();
  }

  onData(chunk: Buffer): void {
    this.#answer.read(this.#reader, chunk);
  }

  take(bytes: Buffer, from: number): number {
    return this.#answer.take(bytes, from, this.maxEventBytes, this.#index);
  }

  onEvent(data: string, eventName: string | undefined): void {
    this.#answer.event(data, this.#index, eventName);
  }

  onStray(text: string): void {
    this.#stray += text;
  }

  onEnd(): void {
    this.#answer.ended(this.#index, this.#reader, () => this.#stray);
  }

  onBroken(error: unknown): void {
    this.#answer.broken(this.#index, error);
  }
}
