import { describe, expect, test } from "vitest";
import { contextFor, noted, usedFields } from "../../../test/support/request-context.ts";
import { readGoogleOptions } from "./extra-body.ts";
import { toSamplingConfig } from "./sampling.ts";

function sample(request: Record<string, unknown>, model?: string) {
  const context = contextFor(model);
  const config = toSamplingConfig(request, readGoogleOptions(request, context.notes), context);
  return { config, notes: noted(context), used: usedFields(context) };
}

test("nothing asked for is nothing sent", () => {
  expect(sample({})).toEqual({ config: {}, notes: [], used: [] });
  expect(sample({ temperature: null, seed: null, max_tokens: null, logprobs: null, top_p: null })).toEqual({
    config: {},
    notes: [],
    used: [],
  });
});

describe("carried over exactly", () => {
  test.each<[Record<string, unknown>, Record<string, unknown>]>([
    [{ temperature: 0 }, { temperature: 0 }],
    [{ temperature: -0 }, { temperature: 0 }],
    [{ temperature: 2 }, { temperature: 2 }],
    [{ top_p: 0.9 }, { topP: 0.9 }],
    [{ top_k: 40 }, { topK: 40 }],
    [{ google: { topK: 8 } }, { topK: 8 }],
    [{ max_tokens: 100 }, { maxOutputTokens: 100 }],
    [{ max_completion_tokens: 65_536 }, { maxOutputTokens: 65_536 }],
    [{ max_completion_tokens: 5, max_tokens: 5 }, { maxOutputTokens: 5 }],
    [{ seed: -2_147_483_648 }, { seed: -2_147_483_648 }],
    [{ seed: 2_147_483_647 }, { seed: 2_147_483_647 }],
    [{ frequency_penalty: 0, presence_penalty: -0 }, {}],
    [{ logprobs: false }, {}],
    [{ logprobs: true }, { responseLogprobs: true }],
    [{ logprobs: true, top_logprobs: 0 }, { responseLogprobs: true }],
    [
      { logprobs: true, top_logprobs: 20 },
      { responseLogprobs: true, logprobs: 20 },
    ],
  ])("%j -> %j", (request, expected) => {
    const { config, notes, used } = sample(request);
    expect(config).toEqual(expected);
    expect(notes).toEqual([]);
    expect(used.length).toBe(Object.keys(request).length);
  });
});

describe("carried over with a note", () => {
  test.each<[string, Record<string, unknown>, Record<string, unknown>, string[]]>([
    ["gemini-3.5-flash", { max_tokens: 2 ** 31 }, { maxOutputTokens: 65_536 }, ["clamped max_tokens"]],
    [
      "gemini-2.0-flash",
      { max_completion_tokens: 8193 },
      { maxOutputTokens: 8192 },
      ["clamped max_completion_tokens"],
    ],
    ["gemini-2.5-flash", { max_tokens: 65_536 }, { maxOutputTokens: 65_535 }, ["clamped max_tokens"]],
    ["gemini-9-flash", { max_tokens: 100_000 }, { maxOutputTokens: 100_000 }, []],
    ["gemini-9-flash", { max_tokens: 2 ** 40 }, { maxOutputTokens: 2 ** 31 - 1 }, ["clamped max_tokens"]],
    [
      "gemini-3.5-flash",
      { max_completion_tokens: 7, max_tokens: 5 },
      { maxOutputTokens: 7 },
      ["ignored max_tokens"],
    ],
    ["gemini-3.8-flash", { temperature: 1 }, {}, ["ignored temperature"]],
    ["gemini-3.8-flash", { top_p: 1, top_k: 2 }, {}, ["ignored top_p", "ignored top_k"]],
    ["gemini-3.6-flash", { temperature: 1 }, { temperature: 1 }, []],
    ["gemini-3.5-flash", { top_k: 0 }, {}, ["ignored top_k"]],
    ["gemini-3.5-flash", { top_k: -1 }, {}, ["ignored top_k"]],
    ["gemini-3.5-flash", { top_k: 3, extra_body: { google: { top_k: 4 } } }, { topK: 4 }, ["ignored top_k"]],
    ["gemini-3.5-flash", { seed: 2 ** 31 }, { seed: -(2 ** 31) }, ["approximated seed"]],
    ["gemini-3.5-flash", { seed: 2 ** 32 + 5 }, { seed: 5 }, ["approximated seed"]],
    ["gemini-3.5-flash", { frequency_penalty: 0.5 }, {}, ["ignored frequency_penalty"]],
    ["gemini-2.0-flash", { frequency_penalty: 0.5 }, { frequencyPenalty: 0.5 }, []],
    ["gemini-2.0-flash", { presence_penalty: 2 }, { presencePenalty: 1.99 }, ["clamped presence_penalty"]],
    ["gemini-2.0-flash", { presence_penalty: -2 }, { presencePenalty: -2 }, []],
  ])("%s %j -> %j", (model, request, expected, notes) => {
    const result = sample(request, model);
    expect(result.config).toEqual(expected);
    expect(result.notes).toEqual(notes);
  });
});

describe("refused", () => {
  test.each([
    [{ temperature: 2.1 }, "temperature"],
    [{ temperature: -1 }, "temperature"],
    [{ temperature: Infinity }, "temperature"],
    [{ temperature: NaN }, "temperature"],
    [{ temperature: "1" }, "temperature"],
    [{ top_p: 1.5 }, "top_p"],
    [{ top_k: 1.5 }, "top_k"],
    [{ google: { top_k: "8" } }, "google.top_k"],
    [{ max_tokens: 0 }, "max_tokens"],
    [{ max_tokens: 1.5 }, "max_tokens"],
    [{ max_completion_tokens: -5 }, "max_completion_tokens"],
    [{ max_completion_tokens: 5, max_tokens: "5" }, "max_tokens"],
    [{ seed: 1.5 }, "seed"],
    [{ seed: 2 ** 53 }, "seed"],
    [{ frequency_penalty: 2.5 }, "frequency_penalty"],
    [{ presence_penalty: -3 }, "presence_penalty"],
    [{ logprobs: 1 }, "logprobs"],
    [{ top_logprobs: 5 }, "top_logprobs"],
    [{ logprobs: false, top_logprobs: 5 }, "top_logprobs"],
    [{ logprobs: true, top_logprobs: 21 }, "top_logprobs"],
    [{ logprobs: true, top_logprobs: -1 }, "top_logprobs"],
  ])("%j names %s", (request, param) => {
    expect(() => sample(request)).toThrow(
      expect.objectContaining({ failure: expect.objectContaining({ kind: "invalid_request", param }) }),
    );
  });
});
