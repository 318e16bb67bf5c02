/**
 * Why a choice ended. OpenAI's clients know exactly five words and break on a sixth, and agents take `stop` as
 * "done, and done well", so `stop` is said only where Gemini says STOP.
 */
import { GatewayError } from "../../errors.ts";
import type { FinishReason } from "../../wire/openai.ts";

/** What a choice held when it ended. */
export interface ChoiceFacts {
  calledTools: boolean;
  /** The request used `functions`, so a call ends with `function_call`. */
  legacyFunctions: boolean;
  /** Anything but thoughts came: text, a call, an image, audio. */
  hasOutput: boolean;
}

/** The model's own output could not be used; there is no OpenAI word for it, and a repeat often helps. */
const UNUSABLE = new Set([
  "MALFORMED_FUNCTION_CALL",
  "UNEXPECTED_TOOL_CALL",
  "TOO_MANY_TOOL_CALLS",
  "MALFORMED_RESPONSE",
]);

/**
 * OpenAI's word for Gemini's `finishReason` (enum: js-genai src/types.ts `FinishReason`).
 *
 * - A tool call replaces `stop`, and only `stop`: a truncated call stays `length`.
 * - OTHER and values newer than this table: `content_filter` when there is output, because it is the only word that
 *   says "ended from outside, not finished"; an error when there is none, because then nothing usable came.
 *   The raw value is always in `choices[].extra_content.google.finish_reason`.
 * - Absent, or the proto default FINISH_REASON_UNSPECIFIED: as STOP. Whether it may be absent is for the caller to
 *   know: a whole document with nothing in it is an empty turn (seen after tool results); one that holds output, and
 *   any stream, was cut.
 *
 * @throws GatewayError 502 when nothing usable came (code is the reason in lower case).
 */
export function toFinishReason(
  reason: string | undefined,
  facts: ChoiceFacts,
  finishMessage?: string,
): FinishReason {
  switch (reason) {
    case undefined:
    case "":
    case "FINISH_REASON_UNSPECIFIED":
    case "STOP":
      return stopped(facts);
    case "MAX_TOKENS":
    // The per-request limit of models that can go on from a token: for a chat completion that is the limit.
    case "CONTINUATION":
      return "length";
    case "SAFETY":
    case "RECITATION":
    case "LANGUAGE":
    case "BLOCKLIST":
    case "PROHIBITED_CONTENT":
    case "SPII":
    case "MODEL_ARMOR":
    case "IMAGE_SAFETY":
    case "IMAGE_PROHIBITED_CONTENT":
    case "IMAGE_RECITATION":
      return "content_filter";
    case "NO_IMAGE":
    case "IMAGE_OTHER":
      // Text beside the missing image is a complete answer of its own; nothing at all is a failure.
      if (facts.hasOutput) return stopped(facts);
      throw unusable(reason, finishMessage);
    default:
      if (UNUSABLE.has(reason) || !facts.hasOutput) throw unusable(reason, finishMessage);
      return "content_filter";
  }
}

/** The reason says more than OpenAI's word for it, so it belongs in `extra_content`. */
export function isWorthTelling(reason: string): boolean {
  return (
    reason !== "" && reason !== "STOP" && reason !== "MAX_TOKENS" && reason !== "FINISH_REASON_UNSPECIFIED"
  );
}

function stopped(facts: ChoiceFacts): FinishReason {
  if (!facts.calledTools) return "stop";
  return facts.legacyFunctions ? "function_call" : "tool_calls";
}

const EXPLANATION = new Map([
  ["MALFORMED_FUNCTION_CALL", "The model wrote a function call that cannot be read"],
  ["UNEXPECTED_TOOL_CALL", "The model called a tool although none was enabled"],
  ["TOO_MANY_TOOL_CALLS", "The model called too many tools in a row and was stopped"],
  ["MALFORMED_RESPONSE", "The model's answer was malformed"],
  ["NO_IMAGE", "An image was expected and the model made none"],
  ["IMAGE_OTHER", "The model stopped before making an image"],
]);

/**
 * An answer came, and was paid for, that holds nothing usable: how the upstream fares is another matter.
 * @param code of an upstream's failure
 */
export function isUnusableAnswer(code: string | null): boolean {
  return code !== null && UNUSABLE_CODES.has(code);
}

const NO_USABLE_ANSWER = "no_usable_answer";
const UNUSABLE_CODES = new Set([
  NO_USABLE_ANSWER,
  ...[...UNUSABLE, ...EXPLANATION.keys()].map((reason) => reason.toLowerCase()),
]);

/** Finish messages quote the model's broken output, which has no limit of its own. */
const MAX_MESSAGE_LENGTH = 500;

function unusable(reason: string, finishMessage: string | undefined): GatewayError {
  // Only names shaped like an enum value are echoed as a code; anything else is the upstream's noise.
  const name = /^[A-Z][A-Z0-9_]{0,63}$/.test(reason) ? reason : "UNKNOWN";
  const explanation = EXPLANATION.get(name) ?? "The model ended without an answer";
  const detail =
    finishMessage === undefined || finishMessage === ""
      ? ""
      : `: ${finishMessage.slice(0, MAX_MESSAGE_LENGTH)}`;
  return new GatewayError(
    {
      kind: "upstream",
      status: 502,
      type: "server_error",
      code: UNUSABLE_CODES.has(name.toLowerCase()) ? name.toLowerCase() : NO_USABLE_ANSWER,
      param: null,
      shouldRetry: true,
      reason: name,
    },
    `${explanation} (finishReason ${name})${detail}. Sending the request again often helps.`,
  );
}
