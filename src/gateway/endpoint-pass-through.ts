/**
 * `…/endpoints/{ENDPOINT_ID}/chat/completions`: a self-deployed container already speaks OpenAI's API, so bytes go
 * through both ways as they are; only host and credentials are ours.
 */
import { GatewayError } from "../errors.ts";
import { resolveRoute } from "../routing/route-table.ts";
import type { GoogleRoute } from "../upstreams/google-upstream.ts";
import { answering } from "./answering.ts";
import { clientRetryOf, runAttempts } from "./attempts.ts";
import type { ConnectedUpstream } from "./connected-upstream.ts";
import type { Call, Reply } from "./exchange.ts";
import type { GatheredAnswer } from "./gather.ts";
import type { Gateway } from "./gateway.ts";
import { passedOn } from "./generate-request.ts";
import { parseBody } from "./json-body.ts";
import { checkCounts } from "./request-counts.ts";
import { turnFor } from "./large-work.ts";
import { endpointFor } from "./openai-attempt.ts";
import { endpointFailure, passThrough } from "./pass-through.ts";
import { RequestMedia } from "./request-media.ts";
import { locationFor, onlyTarget, upstreamForScope } from "./routing-choice.ts";
import { jsonRequest } from "./upstream-session.ts";

type EndpointRoute = Extract<GoogleRoute, { kind: "endpoint" }>;

/** Answers one request. Never rejects: what goes wrong is answered. */
export function endpointPassThrough(
  gateway: Gateway,
  call: Call,
  reply: Reply,
  route: EndpointRoute,
): Promise<void> {
  return answering(gateway, call, reply, async (active, headers) => {
    const { upstream, address } = await findEndpoint(gateway, route);
    // Refused here with a clear message rather than by a container whose errors differ from server to server.
    await turnFor(call.body, active);
    const body = parseBody(call.body, gateway.limits);
    call.record.asked(body, gateway.config.models);
    checkCounts(body, call.body.length, gateway.limits);
    if (body["stream"] === true) gateway.admission.beginStream(call.ticket);
    const bytes = await new RequestMedia(gateway).bytes(call, body, upstream, active);
    const build = jsonRequest(address, passedOn(upstream, call.headers), bytes, gateway.timeouts);
    const hints = { credentials: upstream.at.credentials, now: gateway.now() };
    const toError = (refusal: GatheredAnswer): GatewayError => endpointFailure(refusal, hints);
    const request = { stickyKey: undefined, clientRetry: clientRetryOf(call) };
    const { project } = route.scope;
    const model = `endpoints/${route.endpointId}`;
    const place = { upstream: upstream.name, model, location: locationFor(upstream, route.scope) };
    const fenced = {
      ...onlyTarget(place, `:${project}`),
      locations: resolveRoute(model, gateway.routes)?.locations,
    };
    await runAttempts(gateway, fenced, request, call.record, active, reply, headers, () =>
      passThrough({
        upstream,
        call,
        reply,
        active: active.branch(),
        headers,
        build,
        toError,
      }),
    );
  });
}

/** An endpoint of the configuration may have a host and credentials of its own; any other is on Vertex AI's shared one. */
async function findEndpoint(
  gateway: Gateway,
  route: EndpointRoute,
): Promise<{ upstream: ConnectedUpstream; address: { origin: string; path: string } }> {
  for (const upstream of gateway.upstreams.values()) {
    if (upstream.kind === "openai" && upstream.at.servesEndpoint?.(route) === true) {
      const { at } = await endpointFor(upstream, { model: route.endpointId });
      return { upstream, address: at.address() };
    }
  }
  const upstream = upstreamForScope(gateway, route.scope);
  if (upstream.kind === "gemini") return { upstream, address: upstream.at.address(route) };
  throw new GatewayError(
    { kind: "not_found", code: "endpoint_not_available" },
    "Self-deployed endpoints live on Vertex AI; no upstream of this gateway is there.",
  );
}
