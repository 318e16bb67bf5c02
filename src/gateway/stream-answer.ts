/** A Gemini answer as a stream of OpenAI chunks: upstream bytes to client bytes, pushed. */
import type { GatewayError } from "../errors.ts";
import { errorInEvent, type FailureHints, toFailure } from "../translate/gemini-to-openai/error.ts";
import { StreamTranslation } from "../translate/gemini-to-openai/stream.ts";
import type { RouteTarget } from "../routing/route.ts";
import type { AnswerContext, GeminiCall } from "../translate/target.ts";
import type { GenerateContentResponse } from "../wire/gemini.ts";
import type { OutgoingText } from "../wire/outgoing-text.ts";
import type { ActiveCalls } from "./active-calls.ts";
import { badUpstreamResponse, parseUpstreamJson } from "./bad-upstream-response.ts";
import type { GeminiConnection } from "./connected-upstream.ts";
import type { Call, Reply } from "./exchange.ts";
import type { GatheredAnswer } from "./gather.ts";
import type { Gateway } from "./gateway.ts";
import { type EventTranslation, StreamedAnswer } from "./streamed-answer.ts";
import { type BuildRequest, streamAuthorized } from "./upstream-session.ts";

export interface StreamParts {
  gateway: Gateway;
  upstream: GeminiConnection;
  gemini: GeminiCall;
  build: BuildRequest;
  context: AnswerContext;
  active: ActiveCalls;
  call: Call;
  reply: Reply;
  headers: Record<string, string>;
  hints: FailureHints;
  target: RouteTarget;
}

/**
 * Streams one answer. The promise settles when the head has been sent (resolved: whatever comes later is told
 * inside the stream) or when the request failed before that (rejected: nothing has been sent).
 */
export function streamAnswer(parts: StreamParts): Promise<void> {
  const { upstream, gemini, build, context, active, call, hints } = parts;
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const { answer: shape, fanOut: sources } = gemini;
  const translation = new GeminiEvents(
    new StreamTranslation(shape, context, gemini.target.model, sources),
    hints,
  );
  const { gateway, reply, headers, target } = parts;
  const answer = new StreamedAnswer(
    { gateway, call, reply, active, headers, translation, target, sources },
    resolve,
    reject,
  );
  const toError = ({ status, headers: answerHeaders, body }: GatheredAnswer): GatewayError =>
    toFailure(status, answerHeaders, body, hints);
  for (let source = 0; source < sources; source += 1) {
    streamAuthorized(upstream, call.callerToken, build, active, answer.receiver(source), toError).catch(
      (error: unknown) => answer.fail(error),
    );
  }
  return promise;
}

class GeminiEvents implements EventTranslation {
  readonly #stream: StreamTranslation;
  readonly #hints: FailureHints;

  constructor(stream: StreamTranslation, hints: FailureHints) {
    this.#stream = stream;
    this.#hints = hints;
  }

  take(bytes: Buffer, from: number, maxBytes: number, source: number, out: OutgoingText): number {
    return this.#stream.pushPlainText(bytes, from, maxBytes, source, out);
  }

  push(data: string, source: number): string {
    const event = parseUpstreamJson(data, "holds an event that is not JSON");
    const failure = errorInEvent(event, this.#hints);
    if (failure !== undefined) throw failure;
    if (typeof event !== "object" || event === null || Array.isArray(event)) {
      throw badUpstreamResponse("holds an event that is not a JSON object");
    }
    return this.#stream.push(event as GenerateContentResponse, source, data);
  }

  finishSource(source: number, stray: string): void {
    checkStray(stray, this.#hints);
    this.#stream.finishSource(source);
  }

  end(): string {
    return this.#stream.end();
  }

  usage(): unknown {
    return this.#stream.usage;
  }
}

/** Text outside any event is how Google reports an error in a started stream; anything else is no stream at all. */
function checkStray(text: string, hints: FailureHints): void {
  if (text.trim() === "") return;
  const otherwise = "is not the event stream that was asked for";
  throw errorInEvent(parseUpstreamJson(text, otherwise), hints) ?? badUpstreamResponse(otherwise);
}
