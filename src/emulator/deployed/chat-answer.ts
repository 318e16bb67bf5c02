/** An answer in vLLM's words: one `chat.completion`, or its chunks. */
import type { JsonObject, Part } from "../../wire/gemini.ts";
import type { EmulatedAnswer, EmulatedCandidate } from "../answer/emulated-answer.ts";
import { cutText } from "../events.ts";
import { isObject, type ChatRequest } from "./chat-request.ts";

export interface ChatFrame {
  id: string;
  /** Unix seconds. */
  created: number;
  model: string;
  chunkCharacters: number;
  mintCallId: (choice: number, call: number) => string;
}

interface ChatChoice {
  content: string;
  reasoning: string;
  calls: { id: string; type: "function"; function: { name: string; arguments: string } }[];
  finishReason: string;
}

export function toChatCompletion(answer: EmulatedAnswer, frame: ChatFrame): JsonObject {
  return {
    id: frame.id,
    object: "chat.completion",
    created: frame.created,
    model: frame.model,
    choices: answer.candidates.map((candidate, index) => {
      const choice = choiceOf(candidate, index, frame);
      return {
        index,
        message: {
          role: "assistant",
          content: choice.content === "" && choice.calls.length > 0 ? null : choice.content,
          refusal: null,
          annotations: null,
          audio: null,
          function_call: null,
          tool_calls: choice.calls,
          reasoning_content: choice.reasoning === "" ? null : choice.reasoning,
        },
        logprobs: null,
        finish_reason: choice.finishReason,
        stop_reason: null,
      };
    }),
    service_tier: null,
    system_fingerprint: null,
    usage: usageOf(answer),
    prompt_logprobs: null,
  };
}

/** Role first, then reasoning, text and calls, a finish chunk, and usage where it was asked for. */
export function toChatChunks(answer: EmulatedAnswer, request: ChatRequest, frame: ChatFrame): JsonObject[] {
  const options = request["stream_options"];
  const wantsUsage = isObject(options) && options["include_usage"] === true;
  const continuous = wantsUsage && options["continuous_usage_stats"] === true;
  const chunks: JsonObject[] = [];
  const chunk = (choices: JsonObject[], usage?: JsonObject): void => {
    chunks.push({
      id: frame.id,
      object: "chat.completion.chunk",
      created: frame.created,
      model: frame.model,
      choices,
      ...(usage !== undefined ? { usage } : continuous ? { usage: usageOf(answer) } : {}),
    });
  };
  const say = (index: number, delta: JsonObject): void =>
    chunk([{ index, delta, logprobs: null, finish_reason: null }]);
  const choices = answer.candidates.map((candidate, index) => choiceOf(candidate, index, frame));
  for (const index of choices.keys()) say(index, { role: "assistant", content: "" });
  for (const [index, choice] of choices.entries()) {
    for (const piece of cutText(choice.reasoning, frame.chunkCharacters))
      say(index, { reasoning_content: piece });
    for (const piece of cutText(choice.content, frame.chunkCharacters)) say(index, { content: piece });
    for (const [position, call] of choice.calls.entries()) {
      say(index, {
        tool_calls: [
          { index: position, id: call.id, type: "function", function: { name: call.function.name } },
        ],
      });
      for (const piece of cutText(call.function.arguments, frame.chunkCharacters)) {
        say(index, { tool_calls: [{ index: position, function: { arguments: piece } }] });
      }
    }
    const delta: JsonObject = choice.calls.length > 0 ? {} : { content: "" };
    chunk([{ index, delta, logprobs: null, finish_reason: choice.finishReason, stop_reason: null }]);
  }
  if (wantsUsage) chunk([], usageOf(answer));
  return chunks;
}

function choiceOf(candidate: EmulatedCandidate, index: number, frame: ChatFrame): ChatChoice {
  const calls = candidate.parts
    .flatMap((part) => part.functionCall ?? [])
    .map((call, position) => ({
      id: frame.mintCallId(index, position),
      type: "function" as const,
      function: { name: call.name ?? "", arguments: JSON.stringify(call.args ?? {}) },
    }));
  return {
    content: textOf(candidate.parts.filter((part) => part.thought !== true)),
    reasoning: textOf(candidate.parts.filter((part) => part.thought === true)),
    calls,
    finishReason:
      candidate.finishReason === "MAX_TOKENS" ? "length" : calls.length > 0 ? "tool_calls" : "stop",
  };
}

function textOf(parts: readonly Part[]): string {
  return parts.map((part) => part.text ?? "").join("");
}

function usageOf(answer: EmulatedAnswer): JsonObject {
  const completion = answer.candidates.reduce(
    (sum, { tokens }) => sum + tokens.candidates + tokens.thoughts,
    0,
  );
  return {
    prompt_tokens: answer.promptTokens,
    total_tokens: answer.promptTokens + completion,
    completion_tokens: completion,
    prompt_tokens_details: null,
  };
}
