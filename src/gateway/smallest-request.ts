import type { JsonObject } from "../wire/gemini.ts";
import { parseModelId } from "../models/model-id.ts";
import type { RouteTarget } from "../routing/route.ts";
import type { GeminiConnection } from "./connected-upstream.ts";

type Place = Pick<RouteTarget, "model" | "location">;

/**
 * The call that costs nothing and still shows that a model answers in its location with our credentials.
 * @throws GatewayError when the model or location is not one to call.
 */
export function countTokensRequest(
  upstream: GeminiConnection,
  place: Place,
): { origin: string; path: string; body: string } {
  const { origin, path } = generateAddress(upstream, place);
  return { origin, path: path.replace(/:generateContent$/, ":countTokens"), body: question({}) };
}

/** The smallest call that does cost something: one token. */
export function oneTokenRequest(
  upstream: GeminiConnection,
  place: Place,
): { origin: string; path: string; body: string } {
  return {
    ...generateAddress(upstream, place),
    body: question({ generationConfig: { maxOutputTokens: 1 } }),
  };
}

function generateAddress(
  upstream: GeminiConnection,
  { model, location }: Place,
): { origin: string; path: string } {
  return upstream.at.address({
    kind: "generate",
    model: model.startsWith("endpoints/") ? model : parseModelId(model).model,
    stream: false,
    ...(location === undefined ? {} : { location }),
  });
}

function question(more: JsonObject): string {
  return JSON.stringify({ contents: [{ role: "user", parts: [{ text: "Hi" }] }], ...more });
}
