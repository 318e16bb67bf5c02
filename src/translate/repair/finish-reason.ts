/** Why a choice ended, in one of OpenAI's five words: its clients break on a sixth. */
import { GatewayError } from "../../errors.ts";
import type { FinishReason } from "../../wire/openai.ts";
import { type ChoiceFacts, toFinishReason } from "../gemini-to-openai/finish-reason.ts";

const LEGAL = new Set<string>(["stop", "length", "tool_calls", "content_filter", "function_call"]);

/** Words of other servers, in lower case. Gemini's own are known to `toFinishReason`. */
const ALIASES = new Map<string, FinishReason>([
  // TGI before 2.2 (huggingface/text-generation-inference#2344), and servers with Anthropic's or Cohere's words.
  ["eos_token", "stop"],
  ["eos", "stop"],
  ["stop_sequence", "stop"],
  ["end_turn", "stop"],
  ["complete", "stop"],
  // Ollama's answer to an empty prompt.
  ["load", "stop"],
  ["unload", "stop"],
  // mlx-lm (ml-explore/mlx-lm#782) and Anthropic's word.
  ["tool_call", "tool_calls"],
  ["tool_use", "tool_calls"],
  // Mistral documents model_length.
  ["model_length", "length"],
  ["max_new_tokens", "length"],
  ["max_length", "length"],
  ["model_context_window_exceeded", "length"],
  ["refusal", "content_filter"],
  ["content_filtered", "content_filter"],
  ["sensitive", "content_filter"],
]);

/** The server gave up: vLLM and SGLang say abort, OpenRouter error, DeepSeek insufficient_system_resource. */
const FAILED = new Set([
  "error",
  "abort",
  "aborted",
  "cancelled",
  "network_error",
  "insufficient_system_resource",
]);

/**
 * OpenAI's word for an upstream's. `stop` after calls is `tool_calls` (googleapis/python-genai#2868); any other
 * reason outranks the calls, so that a truncated call stays `length`.
 *
 * @throws GatewayError 502 when the reason says that the answer failed
 */
export function repairFinishReason(reason: string, facts: ChoiceFacts): FinishReason {
  const word = LEGAL.has(reason) ? (reason as FinishReason) : ALIASES.get(reason.toLowerCase());
  if (word === undefined) {
    if (FAILED.has(reason.toLowerCase())) throw failed(reason);
    return toFinishReason(reason.toUpperCase(), facts);
  }
  return word === "stop" ? toFinishReason("STOP", facts) : word;
}

function failed(reason: string): GatewayError {
  return new GatewayError(
    {
      kind: "upstream",
      status: 502,
      type: "server_error",
      code: "upstream_failed",
      param: null,
      shouldRetry: true,
    },
    `The upstream gave up on its answer (finish_reason ${JSON.stringify(reason)}). Send the request again.`,
  );
}
