/** Gemini's answers translated for the document. */
import { GatewayError } from "../../src/errors.ts";
import { toChatCompletion } from "../../src/translate/gemini-to-openai/completion.ts";
import { type ChoiceFacts, toFinishReason } from "../../src/translate/gemini-to-openai/finish-reason.ts";
import { StreamTranslation } from "../../src/translate/gemini-to-openai/stream.ts";
import { toGeminiRequest } from "../../src/translate/openai-to-gemini/request.ts";
import type { AnswerContext, GeminiCall } from "../../src/translate/target.ts";
import type { ChatCompletion } from "../../src/wire/openai.ts";
import { type AnswerSample, PLAIN_ANSWER } from "./answer-samples.ts";

const CONTEXT: AnswerContext = {
  id: "chatcmpl-1",
  created: 0,
  mintToolCallId: () => "call_1",
  remember: () => {},
};

/** A plain request with `fields`, translated. */
function callOf(fields: Record<string, unknown>): GeminiCall {
  const speech = Object.hasOwn(fields, "audio");
  const model = speech ? "google/gemini-2.5-flash-tts" : "google/gemini-3.5-flash";
  return toGeminiRequest(
    { model, messages: [{ role: "user", content: "Hi" }], ...fields },
    { surface: "vertex" },
  );
}

/** The chat completion that answers a plain request with `request`'s fields. */
export function completionOf({ gemini, request = {} }: Omit<AnswerSample, "field">): ChatCompletion {
  const { answer, target } = callOf(request);
  return toChatCompletion([{ ...PLAIN_ANSWER, ...gemini }], answer, CONTEXT, target.model);
}

/** A stream that ends before Gemini said why: throws what the gateway answers then. */
export function cutStream(): void {
  const { answer, target } = callOf({ stream: true });
  new StreamTranslation(answer, CONTEXT, target.model, 1).finishSource();
}

/** The value at a path such as `choices[0].message.content`; throws where there is none. */
export function valueAt(root: unknown, path: string): unknown {
  let value = root;
  for (const key of path.split(/\.|\[|\]\.?/).filter((piece) => piece !== "")) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) {
      throw new Error(`${path}: there is no ${key}`);
    }
    value = (value as Record<string, unknown>)[key];
  }
  return value;
}

/** Every value of Gemini's enum. https://github.com/googleapis/js-genai/blob/main/src/types.ts */
export const FINISH_REASONS = [
  "STOP",
  "MAX_TOKENS",
  "CONTINUATION",
  "SAFETY",
  "RECITATION",
  "LANGUAGE",
  "BLOCKLIST",
  "PROHIBITED_CONTENT",
  "SPII",
  "MODEL_ARMOR",
  "IMAGE_SAFETY",
  "IMAGE_PROHIBITED_CONTENT",
  "IMAGE_RECITATION",
  "NO_IMAGE",
  "IMAGE_OTHER",
  "MALFORMED_FUNCTION_CALL",
  "UNEXPECTED_TOOL_CALL",
  "TOO_MANY_TOOL_CALLS",
  "MALFORMED_RESPONSE",
  "OTHER",
  "A_REASON_OF_THE_FUTURE",
] as const;

export const FINISH_COLUMNS: readonly { title: string; facts: ChoiceFacts }[] = [
  { title: "with text", facts: { calledTools: false, legacyFunctions: false, hasOutput: true } },
  { title: "with tool calls", facts: { calledTools: true, legacyFunctions: false, hasOutput: true } },
  { title: "with nothing", facts: { calledTools: false, legacyFunctions: false, hasOutput: false } },
];

/** `stop`, or `error 502 no_usable_answer`. */
export function finishOf(reason: string, facts: ChoiceFacts): string {
  try {
    return toFinishReason(reason, facts);
  } catch (error) {
    if (!(error instanceof GatewayError) || error.failure.kind !== "upstream") throw error;
    return `error ${error.failure.status} ${error.failure.code}`;
  }
}
