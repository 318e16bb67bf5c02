import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { completionArbitrary, type Json } from "../../../test/support/chat-stream-arbitrary.ts";
import { GatewayError } from "../../errors.ts";
import { repairCompletion } from "./completion.ts";

function repair(body: unknown): { value: Json; repairs: string[] } {
  let minted = 0;
  return repairCompletion(body, {
    id: "chatcmpl-own",
    created: 7,
    model: "asked",
    mintToolCallId: () => `call_${(minted += 1)}`,
  });
}

const USAGE = { prompt_tokens: 4, completion_tokens: 2, total_tokens: 6 };
const MESSAGE = { role: "assistant", content: "Hi", refusal: null };
const CHOICE = { index: 0, message: MESSAGE, finish_reason: "stop", logprobs: null };
const GOOD = { id: "c1", object: "chat.completion", created: 1, model: "m", choices: [CHOICE], usage: USAGE };

const withMessage = (message: unknown, more: Json = {}): Json => ({
  ...GOOD,
  choices: [{ ...CHOICE, message, ...more }],
});
const withCalls = (...tool_calls: unknown[]): Json =>
  withMessage({ ...MESSAGE, content: null, tool_calls }, { finish_reason: "tool_calls" });
const called = (id: string, args: unknown = "{}"): Json => ({
  id,
  type: "function",
  function: { name: "f", arguments: args },
});

test("a well-formed answer is given back itself, whatever else is in it", () => {
  fc.assert(
    fc.property(completionArbitrary, (completion) => {
      const { value, repairs } = repair(completion);
      expect(value).toBe(completion);
      expect(repairs).toEqual([]);
    }),
  );
});

describe("mended", () => {
  test.each<[string, unknown, unknown, string[]]>([
    [
      "no envelope",
      { ...GOOD, id: "", object: "text_completion", created: null, model: undefined },
      { ...GOOD, id: "chatcmpl-own", created: 7, model: "asked" },
      ["id: added", "object: corrected", "created: added", "model: added"],
    ],
    [
      "no message",
      withMessage(undefined, { finish_reason: "length" }),
      withMessage({ ...MESSAGE, content: "" }, { finish_reason: "length" }),
      ["choices[].message: added"],
    ],
    [
      "an empty message",
      withMessage({}),
      withMessage({ ...MESSAGE, content: "" }),
      ["role: added", "content: added", "refusal: null added"],
    ],
    [
      "calls without content",
      withMessage({ role: "assistant", refusal: null, tool_calls: [called("a")] }),
      withCalls(called("a")),
      ["content: added", "finish_reason: corrected"],
    ],
    [
      "no usage",
      { ...GOOD, usage: null },
      { ...GOOD, usage: { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 } },
      ["usage: absent and told as 0"],
    ],
    [
      "no reason",
      withMessage(MESSAGE, { finish_reason: null }),
      GOOD,
      ["finish_reason: added", "finish_reason: corrected"],
    ],
    [
      "a misspelt reason",
      withMessage(MESSAGE, { finish_reason: "", finishReason: "length" }),
      withMessage(MESSAGE, { finish_reason: "length", finishReason: "length" }),
      ["finish_reason: corrected"],
    ],
    [
      "no logprobs and no index",
      { ...GOOD, choices: [{ message: MESSAGE, finish_reason: "stop" }] },
      GOOD,
      ["choices[].index: added", "logprobs: null added"],
    ],
    [
      "junk among the choices",
      { ...GOOD, choices: [null, CHOICE] },
      GOOD,
      ["choices[]: entry that is no object left out"],
    ],
    [
      "ids twice",
      withCalls(called("0"), called("0")),
      withCalls(called("0"), called("call_1")),
      ["tool_calls[].id: minted"],
    ],
    [
      "arguments as an object",
      withCalls(called("a", { x: 1 })),
      withCalls(called("a", `{"x":1}`)),
      ["tool_calls[].function.arguments: made JSON text"],
    ],
    [
      "no arguments",
      withCalls(called("a", undefined), called("b", " ")),
      withCalls(called("a"), called("b")),
      ["tool_calls[].function.arguments: made JSON text"],
    ],
    [
      "raw line breaks in arguments",
      withCalls(called("a", `{"x":"1\n2"}`)),
      withCalls(called("a", `{"x":"1\\n2"}`)),
      ["tool_calls[].function.arguments: control characters escaped"],
    ],
    [
      "one call and no list",
      withMessage({ ...MESSAGE, content: null, tool_calls: called("a") }, { finish_reason: "stop" }),
      withCalls(called("a")),
      ["tool_calls: made an array of objects", "finish_reason: corrected"],
    ],
    [
      "a legacy call",
      withMessage({ ...MESSAGE, function_call: { name: "f", arguments: "{}" } }),
      withMessage(
        { ...MESSAGE, function_call: { name: "f", arguments: "{}" } },
        { finish_reason: "function_call" },
      ),
      ["finish_reason: corrected"],
    ],
    [
      "text parts",
      withMessage({ ...MESSAGE, content: [{ type: "text", text: "H" }, "i"] }),
      GOOD,
      ["content: parts joined to text"],
    ],
  ])("%s", (_, given, expected, repairs) => {
    const before = structuredClone(given);
    const repaired = repair(given);
    expect(repaired.value).toEqual(expected);
    expect(repaired.repairs).toEqual(repairs);
    expect(given).toEqual(before);
  });

  test("parts that text cannot stand for stay", () => {
    const content = [{ type: "image_url", image_url: { url: "data:," } }];
    expect(repair(withMessage({ ...MESSAGE, content })).repairs).toEqual([]);
  });

  test("a custom tool's call keeps its input", () => {
    const call = { id: "a", type: "custom", custom: { name: "sh", input: "ls\n" } };
    const given = withCalls(call);
    expect(repair(given).value).toBe(given);
  });

  test.each([
    ["to the first call, when none is signed", undefined, true],
    ["nowhere, when a call is signed", "own", false],
  ])("a message's signature moves %s", (_, own, isMoved) => {
    const sign = (signature: string): Json => ({
      extra_content: { google: { thought_signature: signature } },
    });
    const first = own === undefined ? called("a") : { ...called("a"), ...sign(own) };
    const given = withMessage(
      { ...MESSAGE, ...sign("S"), tool_calls: [first, called("b")] },
      { finish_reason: "tool_calls" },
    );
    const moved = withMessage(
      { ...MESSAGE, tool_calls: [{ ...first, ...sign("S") }, called("b")] },
      { finish_reason: "tool_calls" },
    );
    expect(repair(given).value).toEqual(isMoved ? moved : given);
  });

  test("a signature under another name is written where Google documents it, with what stood beside it", () => {
    const given = withMessage(
      {
        ...MESSAGE,
        extra_content: { vertex: { thought_signature: "S", other: 1 } },
        tool_calls: [called("a")],
      },
      { finish_reason: "tool_calls" },
    );
    const [choice] = repair(given).value["choices"] as { message: Json }[];
    expect(choice?.message["extra_content"]).toEqual({ vertex: { other: 1 } });
    expect(choice?.message["tool_calls"]).toEqual([
      { ...called("a"), extra_content: { google: { thought_signature: "S" } } },
    ]);
  });
});

describe("finish reasons", () => {
  test.each([
    ["eos_token", "stop"],
    ["STOP", "stop"],
    ["end_turn", "stop"],
    ["MAX_TOKENS", "length"],
    ["model_length", "length"],
    ["SAFETY", "content_filter"],
    ["recitation", "content_filter"],
    ["tool_use", "tool_calls"],
    ["something_new", "content_filter"],
    ["constructor", "content_filter"],
  ])("%s is told as %s", (given, expected) => {
    const [choice] = repair(withMessage(MESSAGE, { finish_reason: given })).value["choices"] as Json[];
    expect(choice?.["finish_reason"]).toBe(expected);
  });

  test.each(["length", "content_filter"])("%s outranks calls", (reason) => {
    const given = { ...withCalls(called("a")) };
    (given["choices"] as Json[])[0]!["finish_reason"] = reason;
    expect(repair(given).value).toBe(given);
  });
});

describe("usage", () => {
  const reasoning = (reasoning_tokens: number): Json => ({ completion_tokens_details: { reasoning_tokens } });

  test.each<[string, Json, [number, number, number]]>([
    [
      "reasoning outside",
      { prompt_tokens: 21, completion_tokens: 1, total_tokens: 135, ...reasoning(113) },
      [21, 114, 135],
    ],
    [
      "reasoning inside",
      { prompt_tokens: 21, completion_tokens: 114, total_tokens: 135, ...reasoning(113) },
      [21, 114, 135],
    ],
    [
      "a total that says neither",
      { prompt_tokens: 21, completion_tokens: 1, total_tokens: 99, ...reasoning(113) },
      [21, 1, 99],
    ],
    ["no completion", { prompt_tokens: 21, total_tokens: 60, ...reasoning(39) }, [21, 39, 60]],
    ["no total", { prompt_tokens: 21, completion_tokens: 4 }, [21, 4, 25]],
    ["no prompt", { completion_tokens: 4, total_tokens: 25 }, [21, 4, 25]],
    ["a prompt alone", { prompt_tokens: 21 }, [21, 0, 21]],
    ["words for numbers", { prompt_tokens: "21", completion_tokens: null, total_tokens: 21 }, [21, 0, 21]],
    ["less in total than in the prompt", { prompt_tokens: 21, total_tokens: 4 }, [21, 0, 4]],
  ])("%s", (_, usage, [prompt_tokens, completion_tokens, total_tokens]) => {
    const value = repair({ ...GOOD, usage }).value["usage"];
    expect(value).toEqual({ ...usage, prompt_tokens, completion_tokens, total_tokens });
  });
});

describe("refused", () => {
  test.each<[string, unknown, number, string]>([
    [
      "an error in an array",
      [{ error: { code: 429, message: "Quota", status: "RESOURCE_EXHAUSTED" } }],
      429,
      "rate_limit_exceeded",
    ],
    [
      "OpenAI's error",
      { error: { message: "No", type: "invalid_request_error", param: null, code: "bad_thing" } },
      500,
      "bad_thing",
    ],
    [
      "vLLM's flat error",
      { object: "error", message: "No", type: "NotFoundError", param: null, code: 404 },
      404,
      "not_found",
    ],
    ["null", null, 502, "bad_upstream_response"],
    ["text", "Hello", 502, "bad_upstream_response"],
    ["an empty object", {}, 502, "bad_upstream_response"],
    ["choices of nothing", { ...GOOD, usage: undefined, choices: [] }, 502, "bad_upstream_response"],
    ["an answer that failed", withMessage(MESSAGE, { finish_reason: "error" }), 502, "upstream_failed"],
  ])("%s", (_, body, status, code) => {
    expect(() => repair(body)).toThrow(GatewayError);
    try {
      repair(body);
    } catch (error) {
      expect(error).toMatchObject({ failure: { kind: "upstream", status, code } });
    }
  });

  test("whatever is answered, it is mended or refused", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), fc.jsonValue(), (choices, message, usage) => {
        for (const body of [choices, { ...GOOD, choices }, { ...GOOD, usage }, withMessage(message)]) {
          try {
            const { value } = repair(body);
            expect(value["object"]).toBe("chat.completion");
            expect((value["choices"] as unknown[]).length).toBeGreaterThan(0);
          } catch (error) {
            if (!(error instanceof GatewayError)) throw error;
          }
        }
      }),
    );
  });
});
