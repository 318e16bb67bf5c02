/** A chat completion answered as a stream: upstream bytes to client bytes, pushed, with nothing held back but the head. */
import { GatewayError } from "../errors.ts";
import { errorInEvent, type FailureHints, toFailure } from "../translate/gemini-to-openai/error.ts";
import { StreamTranslation } from "../translate/gemini-to-openai/stream.ts";
import type { AnswerContext, GeminiCall } from "../translate/target.ts";
import type { GenerateContentResponse } from "../wire/gemini.ts";
import { encodeData, SseReader } from "../wire/sse.ts";
import { type ActiveCalls, SIBLING_FAILED } from "./active-calls.ts";
import { timed } from "./answer-headers.ts";
import { badUpstreamResponse } from "./bad-upstream-response.ts";
import { toErrorAnswer } from "./error-answer.ts";
import type { Call, Reply } from "./exchange.ts";
import type { GatheredAnswer } from "./gather.ts";
import type { Gateway } from "./gateway.ts";
import { KEEP_ALIVE_COMMENT, type SilentStream } from "./keep-alive.ts";
import { type AcceptedReceiver, type BuildRequest, streamAuthorized } from "./upstream-session.ts";

export const STREAM_HEADERS: Readonly<Record<string, string>> = {
  "content-type": "text/event-stream; charset=utf-8",
  "cache-control": "no-cache, no-transform",
  // nginx would otherwise hold chunks back until its buffer is full.
  "x-accel-buffering": "no",
};

export interface StreamParts {
  gateway: Gateway;
  gemini: GeminiCall;
  build: BuildRequest;
  context: AnswerContext;
  /** Ended here when the stream fails. */
  active: ActiveCalls;
  call: Call;
  reply: Reply;
  /** Headers of the 200, without the stream's own. */
  headers: Record<string, string>;
  hints: FailureHints;
}

/**
 * Streams one answer. The promise settles when the head has been sent (resolved: whatever comes later is told
 * inside the stream) or when the request failed before that (rejected: nothing has been sent).
 */
export function streamAnswer(parts: StreamParts): Promise<void> {
  const { gateway, gemini, build, active, call, hints } = parts;
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const answer = new StreamedAnswer(parts, resolve, reject);
  const toError = ({ status, headers, body }: GatheredAnswer): GatewayError =>
    toFailure(status, headers, body, hints);
  for (let source = 0; source < gemini.fanOut; source += 1) {
    streamAuthorized(gateway, call.callerToken, build, active, answer.receiver(source), toError).catch(
      (error: unknown) => answer.fail(error),
    );
  }
  return promise;
}

/** Lives as long as the stream, so it keeps nothing of the request: that may be tens of megabytes. */
class StreamedAnswer implements SilentStream {
  readonly #gateway: Gateway;
  readonly #reply: Reply;
  readonly #active: ActiveCalls;
  readonly #hints: FailureHints;
  readonly #headers: Record<string, string>;
  readonly #requestId: string;
  readonly #startedAt: number;
  readonly #translation: StreamTranslation;
  readonly #resolve: () => void;
  readonly #reject: (error: unknown) => void;
  #lastWriteAt = performance.now();
  /** Frames not yet written: those made by the read being worked on, and all of them until every call is accepted. */
  #pending = "";
  /** Calls that the upstream has not accepted. While there are any, a refusal can still be an HTTP status. */
  #unaccepted: number;
  #sourcesOpen: number;
  /** The client does not read as fast as the upstream sends. */
  #slow = false;
  #done = false;

  constructor(parts: StreamParts, resolve: () => void, reject: (error: unknown) => void) {
    const { gateway, reply, active, hints, headers, call, gemini, context } = parts;
    this.#gateway = gateway;
    this.#reply = reply;
    this.#active = active;
    this.#hints = hints;
    this.#headers = headers;
    this.#requestId = call.requestId;
    this.#startedAt = call.startedAt;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#unaccepted = gemini.fanOut;
    this.#sourcesOpen = gemini.fanOut;
    this.#translation = new StreamTranslation(gemini.answer, context, gemini.target.model, gemini.fanOut);
    reply.onDrain(() => {
      this.#slow = false;
      active.resume();
    });
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
    let stray = "";
    const reader = new SseReader({
      maxEventBytes: this.#gateway.limits.maxResponseBytes,
      onEvent: (data) => this.#event(data, source),
      onStray: (text) => {
        stray += text;
      },
    });
    return {
      onAccepted: () => {
        this.#unaccepted -= 1;
        this.#flush();
      },
      onData: (chunk) => {
        if (this.#done) return;
        reader.push(chunk);
        this.#flush();
      },
      onEnd: () => {
        if (this.#done) return;
        try {
          reader.end();
          this.#checkStray(stray);
          this.#endSource(source);
        } catch (error) {
          this.fail(error);
        }
      },
      onBroken: (error) => this.fail(error),
    };
  }

  /** Before the head: an ordinary error answer. After it: an event that the SDKs throw, and no `[DONE]`. */
  fail(error: unknown): void {
    if (this.#done) return;
    this.#finish();
    this.#active.end(SIBLING_FAILED);
    if (!this.#reply.headSent) {
      this.#reject(error);
      return;
    }
    if (!(error instanceof GatewayError)) this.#gateway.reportBug(error, this.#requestId);
    const { body } = toErrorAnswer(error, this.#requestId);
    this.#reply.write(this.#pending + encodeData(JSON.stringify(body)));
    this.#reply.end();
  }

  #event(data: string, source: number): void {
    if (this.#done) return;
    let event: unknown;
    try {
      event = JSON.parse(data);
    } catch (error) {
      throw badUpstreamResponse("holds an event that is not JSON", error);
    }
    const failure = errorInEvent(event, this.#hints);
    if (failure !== undefined) throw failure;
    if (typeof event !== "object" || event === null || Array.isArray(event)) {
      throw badUpstreamResponse("holds an event that is not a JSON object");
    }
    this.#pending += this.#translation.push(event as GenerateContentResponse, source);
  }

  /** Text outside any event is how Google reports an error in a started stream; anything else is no stream at all. */
  #checkStray(text: string): void {
    if (text.trim() === "") return;
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch (error) {
      throw badUpstreamResponse("is not the event stream that was asked for", error);
    }
    throw (
      errorInEvent(value, this.#hints) ?? badUpstreamResponse("is not the event stream that was asked for")
    );
  }

  #endSource(source: number): void {
    this.#translation.finishSource(source);
    this.#sourcesOpen -= 1;
    if (this.#sourcesOpen > 0) {
      this.#flush();
      return;
    }
    this.#pending += this.#translation.end();
    this.#flush();
    this.#finish();
    this.#reply.end();
  }

  #flush(): void {
    if (this.#pending === "" || this.#unaccepted > 0) return;
    const text = this.#pending;
    this.#pending = "";
    this.#write(text);
  }

  #write(text: string): void {
    const reply = this.#reply;
    if (!reply.headSent) {
      reply.head(200, timed({ ...this.#headers, ...STREAM_HEADERS }, this.#startedAt));
      this.#resolve();
    }
    this.#lastWriteAt = performance.now();
    if (reply.write(text)) return;
    this.#slow = true;
    this.#active.pause();
  }

  #finish(): void {
    this.#done = true;
    this.#gateway.keepAlive.forget(this);
  }
}
