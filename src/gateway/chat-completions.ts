/** `POST …/chat/completions`: routed, attempted until a target answers, answered. */
import { stickyKeyOf } from "../routing/sticky.ts";
import type { Scope } from "../upstreams/google-upstream.ts";
import type { ActiveCalls } from "./active-calls.ts";
import { timed } from "./answer-headers.ts";
import { answering } from "./answering.ts";
import { clientRetryOf, runAttempts } from "./attempts.ts";
import { isOn, type Call, type Reply } from "./exchange.ts";
import { explainRequest } from "./explain-request.ts";
import { fetchSignatures } from "./fetch-signatures.ts";
import type { Gateway } from "./gateway.ts";
import { type AttemptParts, geminiAttempt } from "./gemini-attempt.ts";
import { parseBody } from "./json-body.ts";
import { checkCounts } from "./request-counts.ts";
import { turnFor } from "./large-work.ts";
import { openaiAttempt } from "./openai-attempt.ts";
import { RequestMedia } from "./request-media.ts";
import { chooseRoute, upstreamOf } from "./routing-choice.ts";
import { sendJson } from "./send-json.ts";

/** One request and what goes with it to its end. */
interface Asked {
  gateway: Gateway;
  call: Call;
  reply: Reply;
  scope: Scope | undefined;
  active: ActiveCalls;
  headers: Record<string, string>;
}

/**
 * Answers one request. Never rejects: what goes wrong is answered.
 * @param scope project and location of a Vertex path
 */
export function chatCompletions(
  gateway: Gateway,
  call: Call,
  reply: Reply,
  scope: Scope | undefined,
): Promise<void> {
  // Nearly all requests wait for nothing before their call is made, and then make no promise for it either.
  return answering(gateway, call, reply, (active, headers) => {
    const asked: Asked = { gateway, call, reply, scope, active, headers };
    const turn = turnFor(call.body, active);
    return turn === undefined ? read(asked) : turn.then(() => read(asked));
  });
}

function read(asked: Asked): Promise<void> {
  const { gateway, call } = asked;
  const body = parseBody(call.body, gateway.limits);
  call.record.asked(body, gateway.config.models);
  checkCounts(body, call.body.length, gateway.limits);
  const fetched = fetchSignatures(gateway, body);
  return fetched === undefined ? answer(asked, body) : fetched.then(() => answer(asked, body));
}

function answer(asked: Asked, body: Record<string, unknown>): Promise<void> {
  const { gateway, call, reply, scope, active, headers } = asked;
  if (isOn(call.headers, "x-pollux-explain")) {
    const strict = isOn(call.headers, "x-pollux-strict");
    const explanation = explainRequest(gateway, body, { scope, strict });
    sendJson(reply, call.record, 200, timed(headers, call.startedAt), explanation);
    return Promise.resolve();
  }
  if (body["stream"] === true) gateway.admission.beginStream(call.ticket);
  const route = chooseRoute(gateway, body["model"], scope);
  const media = new RequestMedia(gateway);
  const parts: AttemptParts = { gateway, call, body, media, reply, active, headers };
  const request = {
    stickyKey: route.sticky === "off" ? undefined : stickyKeyOf(body, route.sticky),
    clientRetry: clientRetryOf(call),
  };
  return runAttempts(gateway, route, request, call.record, active, reply, headers, (target) => {
    const upstream = upstreamOf(gateway, target);
    return upstream.kind === "gemini"
      ? geminiAttempt(parts, upstream, target, scope)
      : openaiAttempt(parts, upstream, target);
  });
}
