import type { ChatCompletionRequest } from "../../wire/openai.ts";
import type { Notes } from "../notes.ts";
import type { RuleId } from "../rules.ts";
import { isGoogleOption, MISPLACED_OPTION } from "./extra-body.ts";
import { toSnakeCase } from "./native-json.ts";
import { memberPath } from "./member-path.ts";

const MAX_NAME = 64;

/** Every top-level field that some translator reads, whether or not it reaches Gemini. */
const READ_FIELDS: ReadonlySet<string> = new Set([
  // All that OpenAI's API defines.
  "messages",
  "model",
  "audio",
  "frequency_penalty",
  "function_call",
  "functions",
  "logit_bias",
  "logprobs",
  "max_completion_tokens",
  "max_tokens",
  "metadata",
  "modalities",
  "moderation",
  "n",
  "parallel_tool_calls",
  "prediction",
  "presence_penalty",
  "prompt_cache_key",
  "prompt_cache_options",
  "prompt_cache_retention",
  "reasoning_effort",
  "response_format",
  "safety_identifier",
  "seed",
  "service_tier",
  "stop",
  "store",
  "stream",
  "stream_options",
  "temperature",
  "tool_choice",
  "tools",
  "top_logprobs",
  "top_p",
  "user",
  "verbosity",
  "web_search_options",
  // Google's additions, and the one sampling field that everybody adds.
  "extra_body",
  "google",
  "top_k",
]);

/** Notes every top-level field that is nobody's: Google's own layer ignores those in silence. */
export function noteUnknownFields(request: ChatCompletionRequest, notes: Notes): void {
  for (const key of Object.keys(request)) {
    const value = request[key];
    if (value === null || value === undefined || READ_FIELDS.has(key)) continue;
    const detail =
      !notes.isFull && isGoogleOption(toSnakeCase(key))
        ? MISPLACED_OPTION
        : "Neither OpenAI's API nor Google's layer has this field.";
    notes.add("ignored", "unknown-field", shortened(key), detail);
  }
}

/** Callers name odd fields as they like, and names end up in messages. */
function shortened(key: string): string {
  return key.length > MAX_NAME ? `${key.slice(0, MAX_NAME)}…` : key;
}

/** Notes the keys of one object inside the request that its translator does not read. */
export function noteUnknownKeys(
  object: Record<string, unknown>,
  read: readonly string[],
  path: string,
  notes: Notes,
  rule: RuleId = "unknown-field",
): void {
  for (const key in object) {
    if (read.includes(key) || !Object.hasOwn(object, key)) continue;
    const value = object[key];
    if (value !== null && value !== undefined) {
      notes.add("ignored", rule, memberPath(path, key), "This field is not known here.");
    }
  }
}
