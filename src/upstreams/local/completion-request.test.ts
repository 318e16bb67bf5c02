import { describe, expect, test } from "vitest";
import { readCompletionRequest } from "./completion-request.ts";

const messages = [{ role: "user", content: "Hi" }];
const add = { type: "function", function: { name: "add", parameters: { type: "object" } } };

describe("readCompletionRequest", () => {
  test("fills in what OpenAI's API says of absent fields", () => {
    expect(readCompletionRequest({ messages })).toEqual({
      messages,
      tools: undefined,
      parallelToolCalls: true,
      format: undefined,
      sampling: {
        temperature: 1,
        topP: 1,
        topK: 0,
        minP: 0,
        seed: undefined,
        presencePenalty: 0,
        frequencyPenalty: 0,
        repetitionPenalty: 1,
        logitBias: [],
      },
      stop: [],
      maxTokens: undefined,
      stream: false,
      includeUsage: false,
      templateArguments: {},
    });
  });

  test("reads every kind of message", () => {
    const { messages: read } = readCompletionRequest({
      messages: [
        { role: "developer", content: "Be brief." },
        {
          role: "user",
          name: "ada",
          content: [
            { type: "text", text: "a" },
            { type: "text", text: "b" },
          ],
        },
        {
          role: "assistant",
          content: null,
          tool_calls: [{ id: "c1", type: "function", function: { name: "add", arguments: '{"a":1}' } }],
        },
        { role: "tool", tool_call_id: "c1", content: "2" },
      ],
    });
    expect(read).toEqual([
      { role: "system", content: "Be brief." },
      { role: "user", name: "ada", content: "a\nb" },
      {
        role: "assistant",
        content: "",
        tool_calls: [{ id: "c1", type: "function", function: { name: "add", arguments: { a: 1 } } }],
      },
      { role: "tool", tool_call_id: "c1", content: "2" },
    ]);
  });

  test("ignores fields it does not know, and null, which is absent", () => {
    const body = {
      messages,
      model: "any",
      user: "u",
      store: true,
      best_of: 3,
      stop: null,
      seed: null,
      n: null,
      max_tokens: null,
    };
    expect(readCompletionRequest(body)).toEqual(readCompletionRequest({ messages }));
  });

  test("prefers max_completion_tokens to its older name", () => {
    expect(readCompletionRequest({ messages, max_tokens: 5, max_completion_tokens: 7 }).maxTokens).toBe(7);
  });

  test.each([
    ["stop", { stop: "END" }, { stop: ["END"] }],
    ["top_k of -1", { top_k: -1 }, { sampling: { topK: 0 } }],
    ["a negative seed", { seed: -1 }, { sampling: { seed: 4294967294 } }],
    ["logit_bias", { logit_bias: { "5": -100 } }, { sampling: { logitBias: [[5, -100]] } }],
    ["json_object", { response_format: { type: "json_object" } }, { format: { kind: "object" } }],
    ["guided_choice", { guided_choice: ["a", "b"] }, { format: { kind: "choice", choices: ["a", "b"] } }],
    [
      "json_schema",
      {
        response_format: {
          type: "json_schema",
          json_schema: { name: "n", strict: true, schema: { type: "null" } },
        },
      },
      {
        format: {
          kind: "schema",
          schema: { type: "null" },
          path: "response_format.json_schema.schema",
          strict: true,
        },
      },
    ],
    ["tools", { tools: [add] }, { tools: { mode: "auto", callable: [{ tool: add, path: "tools[0]" }] } }],
    [
      "a named tool",
      { tools: [add], tool_choice: { type: "function", function: { name: "add" } } },
      { tools: { mode: "required" } },
    ],
    [
      "allowed tools",
      {
        tools: [{ type: "function", function: { name: "sub" } }, add],
        tool_choice: {
          type: "allowed_tools",
          allowed_tools: { mode: "auto", tools: [{ type: "function", function: { name: "add" } }] },
        },
      },
      { tools: { tools: [add], mode: "auto", callable: [{ tool: add, path: "tools[1]" }] } },
    ],
    ["tools that are not to be called", { tools: [add], tool_choice: "none" }, { tools: undefined }],
    ["usage in a stream", { stream: true, stream_options: { include_usage: true } }, { includeUsage: true }],
  ])("reads %s", (_, body, expected) => {
    expect(readCompletionRequest({ messages, ...body })).toMatchObject(expected);
  });

  test.each<[param: string | null, body: unknown]>([
    [null, "text"],
    [null, []],
    ["messages", {}],
    ["messages", { messages: [] }],
    ["messages[0]", { messages: ["Hi"] }],
    ["messages[0].role", { messages: [{ role: "function", content: "x" }] }],
    ["messages[0].role", { messages: [{ role: "constructor", content: "x" }] }],
    ["messages[0].content", { messages: [{ role: "user" }] }],
    ["messages[0].content", { messages: [{ role: "assistant" }] }],
    [
      "messages[0].content[0].type",
      { messages: [{ role: "user", content: [{ type: "image_url", image_url: { url: "x" } }] }] },
    ],
    ["messages[0].name", { messages: [{ role: "user", content: "x", name: 1 }] }],
    ["messages[0].tool_call_id", { messages: [{ role: "tool", content: "x" }] }],
    [
      "messages[0].tool_calls[0].function.arguments",
      {
        messages: [
          { role: "assistant", tool_calls: [{ id: "a", function: { name: "f", arguments: "[1]" } }] },
        ],
      },
    ],
    ["n", { messages, n: 2 }],
    ["logprobs", { messages, logprobs: true }],
    ["top_logprobs", { messages, top_logprobs: 3 }],
    ["modalities", { messages, modalities: ["text", "audio"] }],
    ["audio", { messages, audio: {} }],
    ["guided_regex", { messages, guided_regex: "a*" }],
    ["functions", { messages, functions: [] }],
    ["temperature", { messages, temperature: 3 }],
    ["temperature", { messages, temperature: "0" }],
    ["top_p", { messages, top_p: 1.5 }],
    ["top_k", { messages, top_k: 1.5 }],
    ["seed", { messages, seed: 1.5 }],
    ["max_tokens", { messages, max_tokens: 0 }],
    ["stop[1]", { messages, stop: ["a", ""] }],
    ["stop", { messages, stop: 5 }],
    ["stream", { messages, stream: "yes" }],
    ["stream_options", { messages, stream_options: { include_usage: true } }],
    ["logit_bias.x", { messages, logit_bias: { x: 1 } }],
    ["logit_bias.1", { messages, logit_bias: { 1: 101 } }],
    ["response_format.type", { messages, response_format: { type: "xml" } }],
    ["response_format.json_schema", { messages, response_format: { type: "json_schema" } }],
    [
      "response_format.json_schema.schema",
      { messages, response_format: { type: "json_schema", json_schema: {} } },
    ],
    ["response_format", { messages, response_format: { type: "json_object" }, guided_json: {} }],
    ["tools[0].type", { messages, tools: [{ type: "custom" }] }],
    ["tools[0].function.name", { messages, tools: [{ type: "function", function: {} }] }],
    ["tool_choice", { messages, tool_choice: "required" }],
    ["tool_choice", { messages, tools: [add], tool_choice: "always" }],
    [
      "tool_choice.function.name",
      { messages, tools: [add], tool_choice: { type: "function", function: { name: "sub" } } },
    ],
    ["chat_template_kwargs", { messages, chat_template_kwargs: "x" }],
  ])("refuses naming %s in %j", (param, body) => {
    expect(() => readCompletionRequest(body)).toThrow(
      expect.objectContaining({ failure: expect.objectContaining({ kind: "invalid_request", param }) }),
    );
  });

  test("does not change the body", () => {
    const body = { messages, tools: [add], tool_choice: "auto", response_format: { type: "json_object" } };
    const before = structuredClone(body);
    readCompletionRequest(body);
    expect(body).toEqual(before);
  });
});
