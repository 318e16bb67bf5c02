/** A chat completion answered as a stream: upstream bytes to client bytes, pushed, with nothing held back but the head. */
import { errorInEvent, toFailure } from "../translate/gemini-to-openai/error.ts";
import { StreamTranslation } from "../translate/gemini-to-openai/stream.ts";
import type { AnswerContext, GeminiCall } from "../translate/target.ts";
import type { Scope } from "../upstreams/google-upstream.ts";
import type { GenerateContentResponse } from "../wire/gemini.ts";
import { encodeData, SseReader } from "../wire/sse.ts";
import type { ActiveCalls } from "./active-calls.ts";
import { toErrorAnswer } from "./error-answer.ts";
import type { Call, Reply } from "./exchange.ts";
import type { Gateway } from "./gateway.ts";
import { generateRequest } from "./generate-request.ts";
import { KEEP_ALIVE_COMMENT, type SilentStream } from "./keep-alive.ts";
import { badUpstreamResponse } from "./unary-answer.ts";
import { streamAuthorized } from "./upstream-session.ts";

export const STREAM_HEADERS: Readonly<Record<string, string>> = {
  "content-type": "text/event-stream; charset=utf-8",
  "cache-control": "no-cache, no-transform",
  // nginx would otherwise hold chunks back until its buffer is full.
  "x-accel-buffering": "no",
};

export interface StreamParts {
  gateway: Gateway;
  gemini: GeminiCall;
  scope: Scope | undefined;
  context: AnswerContext;
  active: ActiveCalls;
  call: Call;
  reply: Reply;
  /** Headers of the 200, without the stream's own. */
  headers: Record<string, string>;
}

/**
 * Streams one answer. The promise settles when the head has been sent (resolved: whatever comes later is told
 * inside the stream) or when the request failed before that (rejected: nothing has been sent).
 */
export function streamAnswer(parts: StreamParts): Promise<void> {
  return new StreamedAnswer(parts).open();
}

class StreamedAnswer implements SilentStream {
  readonly #parts: StreamParts;
  readonly #translation: StreamTranslation;
  #lastWriteAt = performance.now();
  /** Frames made by the read being worked on: they leave in one write. */
  #pending = "";
  #sourcesOpen: number;
  /** The upstream has accepted: from here on a keep-alive may commit the 200. */
  #accepted = false;
  #done = false;
  #resolve: () => void = () => {};
  #reject: (error: unknown) => void = () => {};

  constructor(parts: StreamParts) {
    this.#parts = parts;
    const { gemini, context } = parts;
    this.#sourcesOpen = gemini.fanOut;
    this.#translation = new StreamTranslation(gemini.answer, context, gemini.target.model, gemini.fanOut);
  }

  get lastWriteAt(): number {
    return this.#lastWriteAt;
  }

  open(): Promise<void> {
    const { gateway, reply, active, gemini } = this.#parts;
    return new Promise<void>((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
      reply.onDrain(() => active.resume());
      gateway.keepAlive.watch(this);
      for (let source = 0; source < gemini.fanOut; source += 1) {
        this.#openSource(source).catch((error: unknown) => this.#fail(error));
      }
    });
  }

  /** The client has gone: nothing more will be sent or expected. */
  #abandon(): void {
    if (this.#done) return;
    this.#finish();
    this.#resolve();
  }

  keepAlive(): void {
    if (this.#done || !this.#accepted) return;
    this.#write(KEEP_ALIVE_COMMENT);
  }

  async #openSource(source: number): Promise<void> {
    const { gateway, gemini, scope, call, active } = this.#parts;
    let stray = "";
    const reader = new SseReader({
      maxEventBytes: gateway.limits.maxResponseBytes,
      onEvent: (data) => this.#event(data, source),
      onStray: (text) => {
        stray += text;
      },
    });
    await streamAuthorized(
      gateway,
      call.callerToken,
      (authorization) => generateRequest(gateway, gemini, scope, authorization, call.headers),
      active,
      {
        onAccepted: () => {
          this.#accepted = true;
        },
        onData: (chunk) => {
          if (this.#done) return;
          reader.push(chunk);
          this.#flush();
        },
        onEnd: () => {
          if (!this.#done) this.#endSource(source, reader, () => stray);
        },
        onBroken: (error) => this.#fail(error),
        onAborted: () => this.#abandon(),
      },
      (refusal) =>
        toFailure(refusal.status, refusal.headers, refusal.body, {
          credentials: gateway.upstream.credentials,
          now: gateway.now(),
        }),
    );
  }

  #event(data: string, source: number): void {
    if (this.#done) return;
    let event: unknown;
    try {
      event = JSON.parse(data);
    } catch (error) {
      throw badUpstreamResponse("holds an event that is not JSON", error);
    }
    const failure = errorInEvent(event);
    if (failure !== undefined) throw failure;
    if (typeof event !== "object" || event === null || Array.isArray(event)) {
      throw badUpstreamResponse("holds an event that is not a JSON object");
    }
    this.#pending += this.#translation.push(event as GenerateContentResponse, source);
  }

  #endSource(source: number, reader: SseReader, stray: () => string): void {
    try {
      reader.end();
      this.#checkStray(stray());
      this.#pending += this.#translation.finishSource(source) ?? "";
      this.#sourcesOpen -= 1;
      if (this.#sourcesOpen > 0) {
        this.#flush();
        return;
      }
      this.#pending += this.#translation.end();
    } catch (error) {
      this.#fail(error);
      return;
    }
    this.#flush();
    this.#finish();
    this.#parts.reply.end();
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
    throw errorInEvent(value) ?? badUpstreamResponse("is not the event stream that was asked for");
  }

  #flush(): void {
    if (this.#pending === "") return;
    const text = this.#pending;
    this.#pending = "";
    this.#write(text);
  }

  #write(text: string): void {
    const { reply, active } = this.#parts;
    if (!reply.headSent) {
      reply.head(200, { ...this.#parts.headers, ...STREAM_HEADERS });
      this.#resolve();
    }
    this.#lastWriteAt = performance.now();
    if (!reply.write(text)) active.pause();
  }

  /** Before the head: an ordinary error answer. After it: an event that the SDKs throw, and no `[DONE]`. */
  #fail(error: unknown): void {
    if (this.#done) return;
    this.#finish();
    const { reply, active, call, gateway } = this.#parts;
    active.abortAll();
    if (!reply.headSent) {
      this.#reject(error);
      return;
    }
    const answer = toErrorAnswer(error, call.requestId);
    if (answer.status === 500) gateway.reportBug(error, call.requestId);
    reply.write(this.#pending + encodeData(JSON.stringify(answer.body)));
    reply.end();
  }

  #finish(): void {
    this.#done = true;
    this.#parts.gateway.keepAlive.forget(this);
  }
}
