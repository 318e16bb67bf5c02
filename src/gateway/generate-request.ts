import { jsonPieces } from "../wire/base64-text.ts";
import type { GeminiCall } from "../translate/target.ts";
import type { RouteTarget } from "../routing/route.ts";
import type { GoogleRoute, Scope } from "../upstreams/google-upstream.ts";
import type { UpstreamTimeouts } from "../upstreams/upstream.ts";
import type { ConnectedUpstream, GeminiConnection } from "./connected-upstream.ts";
import { header, type RequestHeaders } from "./exchange.ts";
import { jsonRequest, type BuildRequest } from "./upstream-session.ts";

/**
 * The HTTP request that carries a translated call, but for its credentials.
 * @throws GatewayError when the project or location is not one to call.
 */
export function generateRequest(
  upstream: GeminiConnection,
  gemini: GeminiCall,
  place: Place,
  callerHeaders: RequestHeaders,
  timeouts: UpstreamTimeouts,
): BuildRequest {
  const headers = generateHeaders(upstream, gemini, place);
  if (upstream.passedHeaders.length > 0) Object.assign(headers, passedOn(upstream, callerHeaders));
  const address = upstream.at.address(generateRoute(gemini, place));
  return jsonRequest(address, headers, jsonPieces(gemini.body), timeouts);
}

/** Where within an upstream: the project and location of the caller's path, or what the route's target says. */
export interface Place {
  scope: Scope | undefined;
  target: Pick<RouteTarget, "location" | "requestType">;
}

/** Where a translated call goes. */
export function generateRoute(gemini: GeminiCall, { scope, target }: Place): GoogleRoute {
  const route: GoogleRoute = { kind: "generate", model: gemini.target.model, stream: gemini.stream };
  if (scope !== undefined) route.scope = scope;
  else if (target.location !== undefined) route.location = target.location;
  return route;
}

/** The request's own tier wins over the upstream's; the kind of capacity that the route chose wins over both. */
export function generateHeaders(
  upstream: GeminiConnection,
  gemini: GeminiCall,
  { target }: Place,
): Record<string, string> {
  const headers = { ...upstream.headers, ...gemini.headers };
  if (target.requestType !== undefined) headers["x-vertex-ai-llm-request-type"] = target.requestType;
  return headers;
}

/** A caller's headers do not reach an upstream, but for those the gateway was made to pass on. */
export function passedOn(upstream: ConnectedUpstream, callerHeaders: RequestHeaders): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const name of upstream.passedHeaders) {
    const value = header(callerHeaders, name);
    if (value !== undefined) headers[name] = value;
  }
  return headers;
}
