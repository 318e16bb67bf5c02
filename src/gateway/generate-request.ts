import type { GeminiCall } from "../translate/target.ts";
import type { GoogleRoute, Scope } from "../upstreams/google-upstream.ts";
import { header, type RequestHeaders } from "./exchange.ts";
import type { Gateway } from "./gateway.ts";
import type { BuildRequest } from "./upstream-session.ts";

/**
 * The HTTP request that carries a translated call, but for its credentials; its body is written once, however many
 * times it is sent.
 * @throws GatewayError when the project or location is not one to call.
 */
export function generateRequest(
  gateway: Gateway,
  gemini: GeminiCall,
  scope: Scope | undefined,
  callerHeaders: RequestHeaders,
): BuildRequest {
  const { origin, path } = gateway.upstream.address(generateRoute(gemini, scope));
  const headers = {
    "content-type": "application/json",
    ...gemini.headers,
    ...passedOn(gateway, callerHeaders),
  };
  const body = JSON.stringify(gemini.body);
  const { timeouts } = gateway;
  return (authorization) => ({
    origin,
    path,
    method: "POST",
    headers: { ...headers, ...authorization },
    body,
    timeouts,
  });
}

/** Where a translated call goes. */
export function generateRoute(gemini: GeminiCall, scope: Scope | undefined): GoogleRoute {
  return {
    kind: "generate",
    model: gemini.target.model,
    stream: gemini.stream,
    ...(scope === undefined ? {} : { scope }),
  };
}

/** A caller's headers do not reach an upstream, but for those the gateway was made to pass on. */
export function passedOn(gateway: Gateway, callerHeaders: RequestHeaders): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const name of gateway.passedHeaders) {
    const value = header(callerHeaders, name);
    if (value !== undefined) headers[name] = value;
  }
  return headers;
}
