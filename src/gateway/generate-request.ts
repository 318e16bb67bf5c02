import type { GeminiCall } from "../translate/target.ts";
import type { Scope } from "../upstreams/google-upstream.ts";
import type { UpstreamRequest } from "../upstreams/upstream.ts";
import { header, type RequestHeaders } from "./exchange.ts";
import type { Gateway } from "./gateway.ts";

/** The HTTP request that carries a translated call, but for its credentials. */
export function generateRequest(
  gateway: Gateway,
  gemini: GeminiCall,
  scope: Scope | undefined,
  authorization: Record<string, string>,
  callerHeaders: RequestHeaders,
): UpstreamRequest {
  const { origin, path } = gateway.upstream.address({
    kind: "generate",
    model: gemini.target.model,
    stream: gemini.stream,
    ...(scope === undefined ? {} : { scope }),
  });
  return {
    origin,
    path,
    method: "POST",
    headers: {
      "content-type": "application/json",
      ...gemini.headers,
      ...passedOn(gateway, callerHeaders),
      ...authorization,
    },
    body: JSON.stringify(gemini.body),
    timeouts: gateway.timeouts,
  };
}

/** A caller's headers do not reach an upstream, but for those the gateway was made to pass on. */
function passedOn(gateway: Gateway, callerHeaders: RequestHeaders): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const name of gateway.passedHeaders) {
    const value = header(callerHeaders, name);
    if (value !== undefined) headers[name] = value;
  }
  return headers;
}
