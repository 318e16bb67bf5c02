/** Token counts that keep OpenAI's rule: prompt + completion = total, with reasoning inside completion. */
import { record } from "../gemini-to-openai/lenient.ts";
import type { Json } from "./json.ts";
import type { Repairs } from "./repairs.ts";

/** A count a client can add up. */
function count(value: unknown): number | undefined {
  return typeof value === "number" && Number.isFinite(value) && value >= 0 ? value : undefined;
}

/**
 * The usage with what is missing or contradicts its own total put right; the same object when nothing was.
 * Google's layer leaves counts of 0 out (agentgateway#1464) and reasoning out of `completion_tokens`
 * (any-llm#1290); a total that says neither is believed.
 */
export function repairUsage(usage: Json, repairs: Repairs): Json {
  const given = {
    prompt: count(usage["prompt_tokens"]),
    completion: count(usage["completion_tokens"]),
    total: count(usage["total_tokens"]),
  };
  let { prompt, completion, total } = given;
  if (total === undefined) {
    prompt ??= 0;
    completion ??= 0;
    total = prompt + completion;
  }
  prompt ??= Math.max(0, total - (completion ?? 0));
  completion ??= Math.max(0, total - prompt);
  const reasoning = count(record(usage["completion_tokens_details"])?.["reasoning_tokens"]) ?? 0;
  if (Object.values(given).includes(undefined)) repairs.add("usage");
  if (reasoning > 0 && prompt + completion + reasoning === total) {
    completion += reasoning;
    repairs.add("usageReasoning");
  }
  if (prompt === given.prompt && completion === given.completion && total === given.total) return usage;
  return { ...usage, prompt_tokens: prompt, completion_tokens: completion, total_tokens: total };
}

export const NO_USAGE = { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 } as const;
