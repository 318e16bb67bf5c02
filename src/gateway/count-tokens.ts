import { parseModelId } from "../models/model-id.ts";
import type { RouteTarget } from "../routing/route.ts";
import type { GeminiConnection } from "./connected-upstream.ts";

/**
 * The call that costs nothing and still shows that a model answers in its location with our credentials.
 * @throws GatewayError when the model or location is not one to call.
 */
export function countTokensRequest(
  upstream: GeminiConnection,
  { model, location }: Pick<RouteTarget, "model" | "location">,
): { origin: string; path: string; body: string } {
  const { origin, path } = upstream.at.address({
    kind: "generate",
    model: model.startsWith("endpoints/") ? model : parseModelId(model).model,
    stream: false,
    ...(location === undefined ? {} : { location }),
  });
  return {
    origin,
    path: path.replace(/:generateContent$/, ":countTokens"),
    body: JSON.stringify({ contents: [{ role: "user", parts: [{ text: "Hi" }] }] }),
  };
}
