/** The answer to `x-pollux-explain: 1`, and of `pollux explain`. */
import type { RouteTarget } from "../routing/route.ts";
import type { Scope } from "../upstreams/google-upstream.ts";
import { explain, explainPassThrough } from "./explain.ts";
import type { Gateway } from "./gateway.ts";
import { translate } from "./gemini-attempt.ts";
import { RequestMedia } from "./request-media.ts";
import { chooseRoute, upstreamOf } from "./routing-choice.ts";

export interface ExplainOptions {
  scope?: Scope | undefined;
  /** Refuse what would be ignored. */
  strict: boolean;
}

/**
 * What the first target of the request's route would be sent.
 * @throws GatewayError when the request cannot be translated.
 */
export function explainRequest(
  gateway: Gateway,
  body: Record<string, unknown>,
  { scope, strict }: ExplainOptions,
): object {
  const route = chooseRoute(gateway, body["model"], scope);
  const [target] = route.targets;
  if (target === undefined) throw new Error("a route without targets");
  return { ...callTo(gateway, body, target, scope, strict), ...others(route.targets) };
}

function callTo(
  gateway: Gateway,
  body: Record<string, unknown>,
  target: RouteTarget,
  scope: Scope | undefined,
  strict: boolean,
): object {
  const upstream = upstreamOf(gateway, target);
  if (upstream.kind === "openai") return explainPassThrough(upstream, body, target);
  const media = new RequestMedia(gateway);
  const resolveMedia = media.resolver(upstream);
  const gemini = translate(gateway, body, upstream, target, { trace: true, strict, resolveMedia });
  for (const path of media.wanted.values()) {
    gemini.notes.add(
      "approximated",
      "part-media-read",
      path,
      "The gateway will read the URL, and its bytes will be sent inline.",
    );
  }
  return explain(upstream, gemini, { scope, target });
}

/** Where the request could go as well. */
function others(targets: readonly RouteTarget[]): object {
  return targets.length > 1 ? { other_targets: targets.slice(1).map(({ id }) => id) } : {};
}
