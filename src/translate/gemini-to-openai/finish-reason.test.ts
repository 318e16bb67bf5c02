import { describe, expect, test } from "vitest";
import { isWorthTelling, toFinishReason } from "./finish-reason.ts";

const NOTHING = { calledTools: false, legacyFunctions: false, hasOutput: false };
const TEXT = { ...NOTHING, hasOutput: true };
const CALLS = { ...TEXT, calledTools: true };
const LEGACY = { ...CALLS, legacyFunctions: true };

describe("toFinishReason", () => {
  test.each([
    { gemini: "STOP", facts: TEXT, openai: "stop" },
    { gemini: "STOP", facts: NOTHING, openai: "stop" },
    { gemini: "STOP", facts: CALLS, openai: "tool_calls" },
    { gemini: "STOP", facts: LEGACY, openai: "function_call" },
    { gemini: undefined, facts: TEXT, openai: "stop" },
    { gemini: undefined, facts: CALLS, openai: "tool_calls" },
    { gemini: "FINISH_REASON_UNSPECIFIED", facts: TEXT, openai: "stop" },
    { gemini: "MAX_TOKENS", facts: NOTHING, openai: "length" },
    { gemini: "MAX_TOKENS", facts: CALLS, openai: "length" },
    { gemini: "CONTINUATION", facts: TEXT, openai: "length" },
    { gemini: "SAFETY", facts: NOTHING, openai: "content_filter" },
    { gemini: "SAFETY", facts: CALLS, openai: "content_filter" },
    { gemini: "RECITATION", facts: TEXT, openai: "content_filter" },
    { gemini: "LANGUAGE", facts: NOTHING, openai: "content_filter" },
    { gemini: "BLOCKLIST", facts: TEXT, openai: "content_filter" },
    { gemini: "PROHIBITED_CONTENT", facts: TEXT, openai: "content_filter" },
    { gemini: "SPII", facts: TEXT, openai: "content_filter" },
    { gemini: "MODEL_ARMOR", facts: NOTHING, openai: "content_filter" },
    { gemini: "IMAGE_SAFETY", facts: NOTHING, openai: "content_filter" },
    { gemini: "IMAGE_PROHIBITED_CONTENT", facts: NOTHING, openai: "content_filter" },
    { gemini: "IMAGE_RECITATION", facts: NOTHING, openai: "content_filter" },
    { gemini: "NO_IMAGE", facts: TEXT, openai: "stop" },
    { gemini: "IMAGE_OTHER", facts: TEXT, openai: "stop" },
    { gemini: "OTHER", facts: TEXT, openai: "content_filter" },
    { gemini: "A_REASON_FROM_NEXT_YEAR", facts: TEXT, openai: "content_filter" },
    { gemini: "A_REASON_FROM_NEXT_YEAR", facts: CALLS, openai: "content_filter" },
  ])("$gemini ($facts.hasOutput, tools $facts.calledTools) -> $openai", ({ gemini, facts, openai }) => {
    expect(toFinishReason(gemini, facts)).toBe(openai);
  });

  test.each([
    { gemini: "MALFORMED_FUNCTION_CALL", facts: NOTHING, code: "malformed_function_call" },
    { gemini: "MALFORMED_FUNCTION_CALL", facts: TEXT, code: "malformed_function_call" },
    { gemini: "UNEXPECTED_TOOL_CALL", facts: NOTHING, code: "unexpected_tool_call" },
    { gemini: "TOO_MANY_TOOL_CALLS", facts: CALLS, code: "too_many_tool_calls" },
    { gemini: "MALFORMED_RESPONSE", facts: TEXT, code: "malformed_response" },
    { gemini: "NO_IMAGE", facts: NOTHING, code: "no_image" },
    { gemini: "IMAGE_OTHER", facts: NOTHING, code: "image_other" },
    { gemini: "OTHER", facts: NOTHING, code: "no_usable_answer" },
    { gemini: "A_REASON_FROM_NEXT_YEAR", facts: NOTHING, code: "no_usable_answer" },
    { gemini: "<script>", facts: NOTHING, code: "no_usable_answer" },
  ])("F-34 $gemini with nothing usable is an error: $code", ({ gemini, facts, code }) => {
    const act = (): unknown => toFinishReason(gemini, facts, "print(oops");
    expect(act).toThrowError(
      expect.objectContaining({
        failure: expect.objectContaining({ kind: "upstream", status: 502, code, shouldRetry: true }),
        message: expect.stringContaining("print(oops"),
      }),
    );
    expect(act).not.toThrowError(/<script>/);
  });
});

test.each(["STOP", "MAX_TOKENS", "", "FINISH_REASON_UNSPECIFIED"])(
  "%s says no more than OpenAI's word",
  (reason) => {
    expect(isWorthTelling(reason)).toBe(false);
    expect(isWorthTelling("RECITATION")).toBe(true);
  },
);
