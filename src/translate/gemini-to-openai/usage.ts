/**
 * Token counts. OpenAI's rule is `prompt + completion = total`, with reasoning inside completion; Google's own
 * compatibility layer leaves reasoning out, so its totals do not add up. Gemini counts four things apart:
 * prompt, candidates, thoughts, and prompt tokens of its own tools' results (js-genai src/types.ts
 * `GenerateContentResponseUsageMetadata`). Cached tokens are inside the prompt count in both APIs.
 */
import type { ModalityTokenCount, UsageMetadata } from "../../wire/gemini.ts";
import type { CompletionUsage } from "../../wire/openai.ts";
import { objects, record, string } from "./lenient.ts";

/** Every field that says something; anything else in `usageMetadata` is not kept. */
const FIELDS = [
  "promptTokenCount",
  "candidatesTokenCount",
  "thoughtsTokenCount",
  "toolUsePromptTokenCount",
  "cachedContentTokenCount",
  "totalTokenCount",
  "promptTokensDetails",
  "candidatesTokensDetails",
  "cacheTokensDetails",
  "toolUsePromptTokensDetails",
  "trafficType",
] as const satisfies readonly (keyof UsageMetadata)[];

/**
 * Counts are cumulative, so the latest value of each field counts; but the last event does not repeat every field
 * (`trafficType` comes only there, others only earlier), so it is merged field by field and never added up.
 */
export function mergeUsage(earlier: UsageMetadata | undefined, latest: unknown): UsageMetadata | undefined {
  const given = record(latest);
  if (given === undefined) return earlier;
  const merged: Record<string, unknown> = { ...earlier };
  for (const field of FIELDS) {
    const value = given[field];
    if (value !== undefined && value !== null) merged[field] = value;
  }
  return merged as UsageMetadata;
}

/**
 * One usage for all upstream calls an answer took (several when `n` had to be fanned out): each was billed with its
 * own prompt, so everything is summed. Missing counts are 0; the total is always prompt + completion.
 */
export function toUsage(calls: readonly (UsageMetadata | undefined)[]): CompletionUsage {
  const usage: CompletionUsage = {
    prompt_tokens: 0,
    completion_tokens: 0,
    total_tokens: 0,
    prompt_tokens_details: { cached_tokens: 0, audio_tokens: 0 },
    completion_tokens_details: {
      reasoning_tokens: 0,
      audio_tokens: 0,
      accepted_prediction_tokens: 0,
      rejected_prediction_tokens: 0,
    },
  };
  const prompt = usage.prompt_tokens_details;
  const completion = usage.completion_tokens_details;
  for (const call of calls) {
    if (call === undefined) continue;
    const toolUse = count(call.toolUsePromptTokenCount);
    const thoughts = count(call.thoughtsTokenCount);
    usage.prompt_tokens += promptTokens(call) + toolUse;
    usage.completion_tokens += count(call.candidatesTokenCount) + thoughts;
    prompt.cached_tokens += count(call.cachedContentTokenCount);
    if (toolUse > 0) prompt["tool_use_tokens"] = (prompt["tool_use_tokens"] ?? 0) + toolUse;
    completion.reasoning_tokens += thoughts;
    addModalities(prompt, call.promptTokensDetails);
    addModalities(prompt, call.toolUsePromptTokensDetails);
    addModalities(completion, call.candidatesTokensDetails);
    const traffic = string(call.trafficType);
    if (traffic !== undefined && traffic !== "")
      usage.extra_properties = { google: { traffic_type: traffic } };
  }
  usage.total_tokens = usage.prompt_tokens + usage.completion_tokens;
  return usage;
}

/**
 * Vertex AI at times leaves the tokens of a cache out of the prompt count, which is then smaller than the cached count
 * that it should hold (https://github.com/BerriAI/litellm/issues/39125).
 */
function promptTokens(call: UsageMetadata): number {
  const prompt = count(call.promptTokenCount);
  const cached = count(call.cachedContentTokenCount);
  return cached > prompt ? prompt + cached : prompt;
}

const TIERS = new Map([
  ["ON_DEMAND", "default"],
  ["ON_DEMAND_PRIORITY", "priority"],
  ["ON_DEMAND_FLEX", "flex"],
  // OpenAI's name for capacity bought in advance.
  ["PROVISIONED_THROUGHPUT", "scale"],
]);

/** OpenAI's `service_tier` for what Vertex says it served; undefined when it has no such word. */
export function toServiceTier(calls: readonly (UsageMetadata | undefined)[]): string | undefined {
  const traffic = calls.findLast((call) => string(call?.trafficType) !== undefined)?.trafficType;
  // Lower-case values have been seen.
  return traffic === undefined ? undefined : TIERS.get(traffic.toUpperCase());
}

const MODALITY_FIELDS = new Map([
  ["TEXT", "text_tokens"],
  ["IMAGE", "image_tokens"],
  ["VIDEO", "video_tokens"],
  ["AUDIO", "audio_tokens"],
  ["DOCUMENT", "document_tokens"],
]);

function addModalities(details: Record<string, number>, counts: ModalityTokenCount[] | undefined): void {
  for (const entry of objects(counts)) {
    const field = MODALITY_FIELDS.get(string(entry["modality"]) ?? "");
    if (field !== undefined) details[field] = (details[field] ?? 0) + count(entry["tokenCount"]);
  }
}

function count(value: unknown): number {
  return typeof value === "number" && value > 0 && Number.isSafeInteger(value) ? value : 0;
}
