/**
 * `…/endpoints/{ENDPOINT_ID}/chat/completions`: a self-deployed container already speaks OpenAI's API, so bytes go
 * through both ways as they are; only host and credentials are ours.
 */
import { GatewayError } from "../errors.ts";
import { toFailure } from "../translate/gemini-to-openai/error.ts";
import type { GoogleRoute } from "../upstreams/google-upstream.ts";
import { timed } from "./answer-headers.ts";
import { answering } from "./answering.ts";
import { header, type Call, type Reply, type RequestHeaders } from "./exchange.ts";
import type { GatheredAnswer } from "./gather.ts";
import type { Gateway } from "./gateway.ts";
import { parseBody } from "./json-body.ts";
import { STREAM_HEADERS } from "./stream-answer.ts";
import { streamAuthorized } from "./upstream-session.ts";

type EndpointRoute = Extract<GoogleRoute, { kind: "endpoint" }>;

/** Answers one request. Never rejects: what goes wrong is answered. */
export function endpointPassThrough(
  gateway: Gateway,
  call: Call,
  reply: Reply,
  route: EndpointRoute,
): Promise<void> {
  return answering(gateway, call, reply, (active, headers) => {
    if (gateway.upstream.surface !== "vertex") {
      throw new GatewayError(
        { kind: "not_found", code: "endpoint_not_available" },
        "Self-deployed endpoints live on Vertex AI; this gateway is set up for the Gemini API.",
      );
    }
    // Refused here with a clear message rather than by a container whose errors differ from server to server.
    parseBody(call.body);
    return streamAuthorized(
      gateway,
      call.callerToken,
      (authorization) => ({
        ...gateway.upstream.address(route),
        method: "POST",
        headers: { "content-type": "application/json", ...authorization },
        body: call.body,
        timeouts: gateway.timeouts,
      }),
      active,
      {
        onAccepted: (upstreamHeaders) => {
          reply.onDrain(() => active.resume());
          reply.head(200, timed({ ...headers, ...passedHeaders(upstreamHeaders) }, call.startedAt));
        },
        onData: (chunk) => {
          if (!reply.write(chunk)) active.pause();
        },
        onEnd: () => reply.end(),
        // The body is not ours to frame an error into: a broken connection is the one sign every client reads.
        onBroken: () => reply.destroy(),
      },
      (refusal) => endpointFailure(gateway, refusal),
    );
  });
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
  return new GatewayError(
    { kind: "upstream", status, type: own.type, code: own.code, param: own.param },
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
  const text_ = (key: string): string | null => {
    const field: unknown = Object.hasOwn(error, key) ? error[key as keyof typeof error] : null;
    return typeof field === "string" || typeof field === "number" ? String(field) : null;
  };
  return { message, type: text_("type") ?? "api_error", code: text_("code"), param: text_("param") };
}
