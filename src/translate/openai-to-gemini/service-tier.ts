import { invalidRequest } from "../../errors.ts";
import type { ChatCompletionRequest } from "../../wire/openai.ts";
import { optionalString } from "../read-field.ts";
import type { RequestContext } from "../target.ts";

/** Asking for no tier in particular. `standard` is Google's word for OpenAI's `default`. */
const STANDARD = ["auto", "default", "standard"];
/** Tiers that both companies sell under the same name. */
const PAID = ["flex", "priority"];
/** OpenAI's own tiers. */
const OTHERS = ["scale", "fast"];

/**
 * `service_tier`: a body field on the Gemini API, two headers on Vertex AI.
 *
 * @throws GatewayError `invalid_request` for a tier that OpenAI does not have.
 */
export function toServiceTier(
  request: ChatCompletionRequest,
  context: RequestContext,
): { serviceTier: string | undefined; headers: Record<string, string> } {
  const tier = optionalString(request, "service_tier", "service_tier");
  const { notes, target } = context;
  if (tier === undefined) {
    return { serviceTier: undefined, headers: {} };
  }
  if (OTHERS.includes(tier)) {
    notes.add(
      "ignored",
      "service-tier",
      "service_tier",
      `Google has no ${tier} tier; the standard one is used.`,
    );
    return { serviceTier: undefined, headers: {} };
  }
  if (!STANDARD.includes(tier) && !PAID.includes(tier)) {
    throw invalidRequest(
      "service_tier",
      `service_tier: must be one of ${[...STANDARD, ...PAID, ...OTHERS].join(", ")}.`,
    );
  }
  notes.used("service_tier", "service-tier");
  if (STANDARD.includes(tier)) {
    return { serviceTier: undefined, headers: {} };
  }
  return target.surface === "gemini-api"
    ? { serviceTier: tier, headers: {} }
    : {
        serviceTier: undefined,
        headers: {
          "X-Vertex-AI-LLM-Request-Type": "shared",
          "X-Vertex-AI-LLM-Shared-Request-Type": tier,
        },
      };
}
