import { describe, expect, test } from "vitest";
import { toGeminiRequest, type RequestOptions } from "./request.ts";

const USER = { role: "user", content: "Hello" };
const CONTENTS = [{ role: "user", parts: [{ text: "Hello" }] }];

function translate(body: unknown, options: Partial<RequestOptions> = {}) {
  return toGeminiRequest(body, { surface: "vertex", ...options });
}

test("the least that can be asked", () => {
  const call = translate({ model: "google/gemini-3.5-flash", messages: [USER] });
  expect(call).toMatchObject({
    target: { surface: "vertex", model: "gemini-3.5-flash", facts: { id: "gemini-3.5-flash" } },
    headers: {},
    stream: false,
    fanOut: 1,
    answer: {
      model: "google/gemini-3.5-flash",
      stream: false,
      includeUsage: false,
      legacyFunctions: false,
      thoughtTagMarker: undefined,
      reasoningFormat: "reasoning_content",
      audioFormat: undefined,
      logprobs: false,
    },
  });
  expect(call.body).toEqual({ contents: CONTENTS });
  expect(call.notes.list).toEqual([]);
  expect(call.notes.uses).toBeUndefined();
});

test("much at once", () => {
  const call = translate(
    {
      model: "gemini-3.5-flash",
      messages: [{ role: "system", content: "Be brief." }, USER],
      stream: true,
      stream_options: { include_usage: true },
      temperature: 0.5,
      max_completion_tokens: 100,
      stop: ["END"],
      seed: 7,
      n: 2,
      logprobs: true,
      top_logprobs: 3,
      reasoning_effort: "low",
      service_tier: "flex",
      response_format: { type: "json_object" },
      tools: [{ type: "function", function: { name: "tide" } }],
      tool_choice: "required",
      extra_body: {
        google: {
          thought_tag_marker: "think",
          thinking_config: { include_thoughts: true },
          safety_settings: [{ category: "HARM_CATEGORY_HARASSMENT", threshold: "OFF" }],
          labels: { team: "search" },
          media_resolution: "low",
          audio_timestamp: true,
          image_config: { aspect_ratio: "1:1" },
        },
      },
    },
    { reasoningFormat: "none" },
  );
  expect(call.body).toEqual({
    contents: CONTENTS,
    systemInstruction: { parts: [{ text: "Be brief." }] },
    tools: [{ functionDeclarations: [{ name: "tide" }] }],
    toolConfig: { functionCallingConfig: { mode: "ANY" } },
    generationConfig: {
      temperature: 0.5,
      maxOutputTokens: 100,
      stopSequences: ["END"],
      seed: 7,
      candidateCount: 2,
      responseLogprobs: true,
      logprobs: 3,
      responseMimeType: "application/json",
      thinkingConfig: { thinkingLevel: "LOW", includeThoughts: true },
      mediaResolution: "MEDIA_RESOLUTION_LOW",
      audioTimestamp: true,
      imageConfig: { aspectRatio: "1:1" },
    },
    safetySettings: [{ category: "HARM_CATEGORY_HARASSMENT", threshold: "OFF" }],
    labels: { team: "search" },
  });
  expect(call).toMatchObject({
    stream: true,
    headers: { "X-Vertex-AI-LLM-Shared-Request-Type": "flex" },
    answer: {
      stream: true,
      includeUsage: true,
      thoughtTagMarker: "think",
      reasoningFormat: "none",
      logprobs: true,
    },
  });
  expect(call.notes.list).toEqual([]);
});

describe("model", () => {
  test("an alias goes upstream in its place, and the answer echoes what was written", () => {
    const call = translate({ model: "my-alias", messages: [USER] }, { model: "google/gemini-2.5-pro" });
    expect(call.target.model).toBe("gemini-2.5-pro");
    expect(call.answer.model).toBe("my-alias");
  });

  test("a routed call needs no model in the body", () => {
    expect(translate({ messages: [USER] }, { model: "gemini-2.5-pro" }).answer.model).toBe("gemini-2.5-pro");
  });

  test("a project in the name is noted", () => {
    const model = "projects/p/locations/l/publishers/google/models/gemini-2.5-pro";
    const { target, notes } = translate({ model, messages: [USER] });
    expect(target.model).toBe("gemini-2.5-pro");
    expect(notes.list).toMatchObject([{ action: "approximated", field: "model" }]);
  });

  test.each([
    [{ messages: [USER] }, { kind: "invalid_request", param: "model" }],
    [
      { model: 5, messages: [USER] },
      { kind: "invalid_request", param: "model" },
    ],
    [
      { model: "a?b", messages: [USER] },
      { kind: "invalid_request", param: "model" },
    ],
    [
      { model: "meta/llama", messages: [USER] },
      { kind: "model_not_found", model: "meta/llama" },
    ],
  ])("%j is refused", (body, failure) => {
    expect(() => translate(body)).toThrow(expect.objectContaining({ failure }));
  });
});

describe("bodies that are none", () => {
  test.each([undefined, null, 5, "x", true, []])("%j", (body) => {
    expect(() => translate(body)).toThrow(
      expect.objectContaining({ failure: { kind: "invalid_request", param: null } }),
    );
  });

  test.each([{}, { messages: null }, { messages: {} }, { messages: [] }])("%j names messages", (body) => {
    expect(() => translate({ model: "gemini-3.5-flash", ...body })).toThrow(
      expect.objectContaining({ failure: { kind: "invalid_request", param: "messages" } }),
    );
  });
});

test("a model that writes no JSON beside tools is told to, after the caller's own instructions", () => {
  const { body } = translate({
    model: "gemini-2.5-flash",
    messages: [{ role: "system", content: "Be brief." }, USER],
    tools: [{ type: "function", function: { name: "tide" } }],
    response_format: { type: "json_object" },
  });
  expect(body.generationConfig).toBeUndefined();
  expect(body.systemInstruction?.parts).toEqual([
    { text: "Be brief." },
    { text: expect.stringContaining("JSON") },
  ]);
});

test("the older functions are answered in kind", () => {
  const { answer } = translate({
    model: "gemini-2.5-flash",
    messages: [USER],
    functions: [{ name: "tide" }],
  });
  expect(answer.legacyFunctions).toBe(true);
});

test("a cache refuses what it already holds", () => {
  const body = {
    model: "gemini-3.5-flash",
    messages: [{ role: "system", content: "x" }, USER],
    extra_body: { google: { cached_content: "projects/p/locations/global/cachedContents/1" } },
  };
  expect(() => translate(body)).toThrow(
    expect.objectContaining({
      failure: { kind: "invalid_request", param: "extra_body.google.cached_content" },
      message: expect.stringContaining("system"),
    }),
  );
  expect(translate({ ...body, messages: [USER] }).body.cachedContent).toBe(
    "projects/p/locations/global/cachedContents/1",
  );
});

describe("strict", () => {
  test("an ignored field is refused by name", () => {
    const body = { model: "gemini-3.5-flash", messages: [USER], n: 2, user: "u", logit_bias: { 1: 1 } };
    expect(() => translate(body, { strict: true })).toThrow(
      expect.objectContaining({ failure: { kind: "invalid_request", param: "user" } }),
    );
    expect(translate(body).notes.list.map(({ field }) => field)).toEqual(["user", "logit_bias"]);
  });

  test("what is clamped or approximated is not", () => {
    const body = { model: "gemini-3.8-flash", messages: [USER], n: 2, reasoning_effort: "minimal" };
    expect(translate(body, { strict: true }).notes.list.map(({ action }) => action)).toEqual([
      "approximated",
      "clamped",
    ]);
  });

  test("a body of odd fields beyond counting is refused too", () => {
    const odd = Object.fromEntries(Array.from({ length: 600 }, (_, index) => [`odd_${index}`, 1]));
    expect(() =>
      translate({ model: "gemini-3.5-flash", messages: [USER], ...odd }, { strict: true }),
    ).toThrow(expect.objectContaining({ failure: { kind: "invalid_request", param: "odd_0" } }));
  });
});

test("the Gemini API takes a tier in the body", () => {
  const { body, headers } = translate(
    { model: "gemini-3.5-flash", messages: [USER], service_tier: "priority" },
    { surface: "gemini-api" },
  );
  expect(body.serviceTier).toBe("priority");
  expect(headers).toEqual({});
});

describe("the schemas of one request together", () => {
  const recursive = {
    type: "object",
    properties: { first: { $ref: "#/$defs/node" } },
    $defs: {
      node: {
        type: "object",
        properties: Object.fromEntries(
          Array.from({ length: 60 }, (_, index) => [`p${index}`, { $ref: "#/$defs/node" }]),
        ),
      },
    },
  };
  const withTools = (count: number, parameters: object) => ({
    model: "gemini-3.5-flash",
    messages: [{ role: "user", content: "Hello" }],
    tools: Array.from({ length: count }, (_, index) => ({
      type: "function",
      function: { name: `f${index}`, parameters },
    })),
  });

  test("S-37 may not grow without limit, however many tools there are", () => {
    expect(() => toGeminiRequest(withTools(512, recursive), { surface: "vertex" })).toThrow(
      /^tools\[\d+\]\..*the schemas of this request have too many parts together/,
    );
  });

  test("have room for every tool that may be declared", () => {
    const properties = Object.fromEntries(
      Array.from({ length: 100 }, (_, index) => [`p${index}`, { type: "string" }]),
    );
    const { body } = toGeminiRequest(withTools(512, { type: "object", properties }), { surface: "vertex" });
    expect(body.tools?.[0]?.functionDeclarations).toHaveLength(512);
  });
});
