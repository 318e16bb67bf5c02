/** Answers that go through byte for byte: the upstream speaks OpenAI's API, and its extras are its own. */
import { GatewayError } from "../errors.ts";
import type { RequestRecord } from "../observe/request-record.ts";
import { type FailureHints, toFailure } from "../translate/gemini-to-openai/error.ts";
import { upstreamWords } from "../translate/gemini-to-openai/upstream-words.ts";
import { retryAfterMs } from "../translate/gemini-to-openai/retry-advice.ts";
import type { ActiveCalls } from "./active-calls.ts";
import { timed } from "./answer-headers.ts";
import type { ConnectedUpstream } from "./connected-upstream.ts";
import { header, type Call, type Reply, type RequestHeaders } from "./exchange.ts";
import type { GatheredAnswer } from "./gather.ts";
import { STREAM_HEADERS } from "./streamed-answer.ts";
import { type AcceptedReceiver, type BuildRequest, streamAuthorized } from "./upstream-session.ts";

export interface PassThroughParts {
  upstream: ConnectedUpstream;
  call: Call;
  reply: Reply;
  active: ActiveCalls;
  /** Headers of the 200 besides the upstream's own. */
  headers: Record<string, string>;
  build: BuildRequest;
  toError: (answer: GatheredAnswer) => GatewayError;
}

/**
 * Resolves when the upstream has accepted, and its answer is on its way to the client.
 * @throws GatewayError when it has not: nothing has been sent to the client.
 */
export function passThrough(parts: PassThroughParts): Promise<void> {
  const { upstream, call, reply, active, headers, build, toError } = parts;
  const receiver = forward(reply, active, headers, call.record);
  return streamAuthorized(upstream, call.callerToken, build, active, receiver, toError);
}

/** Apart from its caller, so that the stream keeps nothing of the request. */
function forward(
  reply: Reply,
  active: ActiveCalls,
  headers: Record<string, string>,
  record: RequestRecord,
): AcceptedReceiver {
  return {
    onAccepted: (upstreamHeaders) => {
      reply.onDrain(() => active.resume());
      record.headSent(200);
      reply.head(200, timed({ ...headers, ...passedHeaders(upstreamHeaders) }, record.startedAt));
    },
    onData: (chunk) => {
      if (record.firstTokenAt === 0) record.firstTokenAt = performance.now();
      if (!reply.write(chunk)) active.pause();
    },
    onEnd: () => reply.end(),
    // The body is not ours to frame an error into: a broken connection is the one sign every client reads.
    onBroken: (error) => {
      record.fail(error);
      reply.destroy();
    },
  };
}

function passedHeaders(upstream: RequestHeaders): Record<string, string> {
  const type = header(upstream, "content-type") ?? "application/json";
  if (type.startsWith("text/event-stream")) return { ...STREAM_HEADERS, "content-type": type };
  const length = header(upstream, "content-length");
  return { "content-type": type, ...(length === undefined ? {} : { "content-length": length }) };
}

/** A container's own error, if it is in OpenAI's shape already, keeps its words; Google's front end's is translated. */
export function endpointFailure(
  { status, headers, body }: GatheredAnswer,
  hints: FailureHints & { now: number },
): GatewayError {
  const own = openaiError(body);
  // A redirect or a status of no class is no answer to anyone, whatever stands in its body.
  const refuses = status >= 400 && status < 600;
  if (own === undefined || !refuses || status === 401 || status === 403) {
    return toFailure(status, headers, body, hints);
  }
  const wait = retryAfterMs(headers, undefined, hints.now);
  const words = upstreamWords(own.message, hints.credentials === "caller");
  return new GatewayError(
    {
      kind: "upstream",
      status,
      type: own.type,
      code: own.code,
      param: own.param,
      ...(wait === undefined ? {} : { retryAfterMs: wait }),
      ...(words?.said === undefined ? {} : { said: words.said }),
    },
    words?.told ?? `The upstream answered HTTP ${status} with a page.`,
  );
}

function openaiError(
  text: string,
): { message: string; type: string; code: string | null; param: string | null } | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null) return undefined;
  // vLLM before 0.10 puts the error's fields at the top, later versions and everyone else under `error`.
  const error = "error" in value ? value.error : value;
  // TGI's has the words alone, with `error_type` beside them.
  if (typeof error === "string" && error !== "") {
    return { message: error, type: "api_error", code: null, param: null };
  }
  if (typeof error !== "object" || error === null || !("message" in error) || "status" in error)
    return undefined;
  const { message } = error;
  if (typeof message !== "string") return undefined;
  const field = (key: string): string | null => {
    const value: unknown = Object.hasOwn(error, key) ? error[key as keyof typeof error] : null;
    return typeof value === "string" || typeof value === "number" ? String(value) : null;
  };
  return { message, type: field("type") ?? "api_error", code: field("code"), param: field("param") };
}
