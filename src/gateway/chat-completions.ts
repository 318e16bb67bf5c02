/** `POST …/chat/completions`: routed, attempted until a target answers, answered. */
import { stickyKeyOf } from "../routing/sticky.ts";
import type { RouteTarget } from "../routing/route.ts";
import type { Scope } from "../upstreams/google-upstream.ts";
import { timed } from "./answer-headers.ts";
import { answering } from "./answering.ts";
import { runAttempts } from "./attempts.ts";
import type { ConnectedUpstream } from "./connected-upstream.ts";
import { header, isOn, type Call, type Reply } from "./exchange.ts";
import { explain, explainPassThrough } from "./explain.ts";
import type { Gateway } from "./gateway.ts";
import { type AttemptParts, geminiAttempt, translate } from "./gemini-attempt.ts";
import { parseBody } from "./json-body.ts";
import { openaiAttempt } from "./openai-attempt.ts";
import { chooseRoute, defaultUpstream } from "./routing-choice.ts";
import { sendJson } from "./send-json.ts";

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
  return answering(gateway, call, reply, async (active, headers) => {
    const body = parseBody(call.body);
    const route = chooseRoute(gateway, body["model"], scope);
    const parts: AttemptParts = { gateway, call, body, reply, active, headers };
    if (isOn(call.headers, "x-pollux-explain")) {
      const [target] = route.targets;
      if (target !== undefined) sendJson(reply, 200, timed(headers, call.startedAt), explanation(parts, target, scope));
      return;
    }
    const request = {
      stickyKey: route.sticky === "off" ? undefined : stickyKeyOf(body, route.sticky),
      clientRetry: Number(header(call.headers, "x-stainless-retry-count") ?? 0) || 0,
    };
    await runAttempts(gateway, route, request, active, reply, headers, (target) => {
      const upstream = upstreamOf(gateway, target);
      return upstream.kind === "gemini"
        ? geminiAttempt(parts, upstream, target, scope)
        : openaiAttempt(parts, upstream, target);
    });
  });
}

function explanation(parts: AttemptParts, target: RouteTarget, scope: Scope | undefined): object {
  const { gateway, call, body } = parts;
  const upstream = upstreamOf(gateway, target);
  if (upstream.kind === "openai") return explainPassThrough(upstream, body, target);
  return explain(upstream, translate(gateway, call, body, upstream, target, { trace: true }), { scope, target });
}

/** The configuration's checks see to it that every target names an upstream there is. */
function upstreamOf(gateway: Gateway, target: RouteTarget): ConnectedUpstream {
  return gateway.upstreams.get(target.upstream) ?? defaultUpstream(gateway);
}
