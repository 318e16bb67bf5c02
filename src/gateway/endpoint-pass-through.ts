/**
 * `…/endpoints/{ENDPOINT_ID}/chat/completions`: a self-deployed container already speaks OpenAI's API, so bytes go
 * through both ways as they are; only host and credentials are ours.
 */
import { GatewayError } from "../errors.ts";
import { toFailure } from "../translate/gemini-to-openai/error.ts";
import { retryAfterMs } from "../translate/gemini-to-openai/retry-advice.ts";
import type { GoogleRoute } from "../upstreams/google-upstream.ts";
import type { ActiveCalls } from "./active-calls.ts";
import { timed } from "./answer-headers.ts";
import { answering } from "./answering.ts";
import { header, type Call, type Reply, type RequestHeaders } from "./exchange.ts";
import type { GatheredAnswer } from "./gather.ts";
import type { Gateway } from "./gateway.ts";
import { passedOn } from "./generate-request.ts";
import { parseBody } from "./json-body.ts";
import { STREAM_HEADERS } from "./stream-answer.ts";
import { type AcceptedReceiver, streamAuthorized } from "./upstream-session.ts";

type EndpointRoute = Extract<GoogleRoute, { kind: "endpoint" }>;

/** Answers one request. Never rejects: what goes wrong is answered. */
export function endpointPassThrough(
  gateway: Gateway,
  call: Call,
  reply: Reply,
  route: EndpointRoute,
): Promise<void> {
  return answering(gateway, call, reply, (active, headers) => {
    const address = gateway.upstream.address(route);
    // Refused here with a clear message rather than by a container whose errors differ from server to server.
    parseBody(call.body);
    const passed = passedOn(gateway, call.headers);
    return streamAuthorized(
      gateway,
      call.callerToken,
      (authorization) => ({
        ...address,
        method: "POST",
        headers: { "content-type": "application/json", ...passed, ...authorization },
        body: call.body,
        timeouts: gateway.timeouts,
      }),
      active,
      forward(reply, active, headers, call.startedAt),
      (refusal) => endpointFailure(gateway, refusal),
    );
  });
}

/** Apart from its caller, so that the stream keeps nothing of the request. */
function forward(
  reply: Reply,
  active: ActiveCalls,
  headers: Record<string, string>,
  startedAt: number,
): AcceptedReceiver {
  return {
    onAccepted: (upstreamHeaders) => {
      reply.onDrain(() => active.resume());
      reply.head(200, timed({ ...headers, ...passedHeaders(upstreamHeaders) }, startedAt));
    },
    onData: (chunk) => {
      if (!reply.write(chunk)) active.pause();
    },
    onEnd: () => reply.end(),
    // The body is not ours to frame an error into: a broken connection is the one sign every client reads.
    onBroken: () => reply.destroy(),
  };
}

function passedHeaders(upstream: RequestHeaders): Record<string, string> {
  const type = header(upstream, "content-type") ?? "application/json";
  if (type.startsWith("text/event-stream")) return { ...STREAM_HEADERS, "content-type": type };
  const length = header(upstream, "content-length");
  return { "content-type": type, ...(length === undefined ? {} : { "content-length": length }) };
}

/** A container's own error, if it is in OpenAI's shape already, keeps its words; Google's front end's is translated. */
function endpointFailure(gateway: Gateway, { status, headers, body }: GatheredAnswer): GatewayError {
  const own = openaiError(body);
  if (own === undefined || status === 401 || status === 403) {
    return toFailure(status, headers, body, {
      credentials: gateway.upstream.credentials,
      now: gateway.now(),
    });
  }
  const wait = retryAfterMs(headers, undefined, gateway.now());
  return new GatewayError(
    {
      kind: "upstream",
      status,
      type: own.type,
      code: own.code,
      param: own.param,
      ...(wait === undefined ? {} : { retryAfterMs: wait }),
    },
    own.message,
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
