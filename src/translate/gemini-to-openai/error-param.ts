/** Which field of the caller's request an upstream's complaint is about. */
import { nonEmpty, objects, string } from "./lenient.ts";
import type { ReadError } from "./google-error.ts";

/** Gemini's field, in snake case and without indices, to OpenAI's or to Google's extension of it. */
const PARAMS: readonly (readonly [prefix: string, param: string])[] = [
  ["generation_config.temperature", "temperature"],
  ["generation_config.top_p", "top_p"],
  ["generation_config.top_k", "extra_body.google.top_k"],
  ["generation_config.candidate_count", "n"],
  ["generation_config.max_output_tokens", "max_completion_tokens"],
  ["generation_config.stop_sequences", "stop"],
  ["generation_config.seed", "seed"],
  ["generation_config.frequency_penalty", "frequency_penalty"],
  ["generation_config.presence_penalty", "presence_penalty"],
  ["generation_config.response_logprobs", "logprobs"],
  ["generation_config.logprobs", "top_logprobs"],
  ["generation_config.response_schema", "response_format"],
  ["generation_config.response_json_schema", "response_format"],
  ["generation_config.response_mime_type", "response_format"],
  ["generation_config.response_modalities", "modalities"],
  ["generation_config.thinking_config", "reasoning_effort"],
  ["generation_config.media_resolution", "extra_body.google.media_resolution"],
  ["generation_config.speech_config", "audio"],
  ["generation_config.image_config", "extra_body.google.image_config"],
  ["contents", "messages"],
  ["system_instruction", "messages"],
  ["tools", "tools"],
  ["tool_config", "tool_choice"],
  ["safety_settings", "extra_body.google.safety_settings"],
  ["cached_content", "extra_body.google.cached_content"],
  ["labels", "extra_body.google.labels"],
  ["model", "model"],
];

/** From BadRequest's field violations, else from a field path quoted in the message; null when neither says. */
export function errorParam(error: ReadError): string | null {
  for (const detail of error.details) {
    for (const violation of objects(detail["fieldViolations"]).slice(0, 20)) {
      const param = toParam(string(violation["field"]) ?? "");
      if (param !== null) return param;
    }
  }
  const message = nonEmpty(error.message)?.slice(0, MAX_SEARCHED) ?? "";
  // "Invalid value at 'generation_config.temperature' (TYPE_FLOAT)", "Unknown name "x" at 'tools[0]'"
  const quoted = /\bat '([^']{1,200})'/.exec(message)?.[1];
  // "* GenerateContentRequest.generation_config.response_schema.properties: should be non-empty"
  const dotted = /\bGenerateContentRequest\.([\w.[\]]{1,200})/.exec(message)?.[1];
  const fromPath = toParam(quoted ?? dotted ?? "");
  if (fromPath !== null) return fromPath;
  if (/\blogprobs is not (enabled|supported)\b/i.test(message)) return "logprobs";
  if (/\bpenalty is not enabled\b/i.test(message))
    return /presence/i.test(message) ? "presence_penalty" : "frequency_penalty";
  if (/\b(mime_?type|file ?uri)\b/i.test(message)) return "messages";
  if (/\bfunction(_?declarations?| calling)\b/i.test(message)) return "tools";
  if (/\bthinking (level|budget)\b/i.test(message)) return "reasoning_effort";
  return null;
}

const MAX_SEARCHED = 4000;

/** OpenAI's name for a path in Gemini's request, in either spelling; null when no field stands for it. */
function toParam(path: string): string | null {
  const plain = path
    .slice(0, MAX_SEARCHED)
    .replace(/\[[^\]]*\]/g, "")
    .replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
    .replace(/^(_?generate_content_request|request)\./, "");
  for (const [prefix, param] of PARAMS) {
    if (plain === prefix || plain.startsWith(`${prefix}.`)) return param;
  }
  return null;
}
