import type { GeminiCall } from "../translate/target.ts";
import type { Scope } from "../upstreams/google-upstream.ts";
import type { UpstreamRequest } from "../upstreams/upstream.ts";
import type { Gateway } from "./gateway.ts";

/** The HTTP request that carries a translated call, but for its credentials. */
export function generateRequest(
  gateway: Gateway,
  gemini: GeminiCall,
  scope: Scope | undefined,
  authorization: Record<string, string>,
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
    headers: { "content-type": "application/json", ...gemini.headers, ...authorization },
    body: JSON.stringify(gemini.body),
    timeouts: gateway.timeouts,
  };
}
