import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { mergeUsage, toServiceTier, toUsage } from "./usage.ts";

describe("toUsage", () => {
  test("counts thinking as completion and tool results as prompt", () => {
    const usage = toUsage([
      {
        promptTokenCount: 100,
        candidatesTokenCount: 20,
        thoughtsTokenCount: 30,
        toolUsePromptTokenCount: 7,
        cachedContentTokenCount: 64,
        totalTokenCount: 157,
        promptTokensDetails: [
          { modality: "TEXT", tokenCount: 60 },
          { modality: "AUDIO", tokenCount: 40 },
        ],
        toolUsePromptTokensDetails: [{ modality: "TEXT", tokenCount: 7 }],
        candidatesTokensDetails: [{ modality: "AUDIO", tokenCount: 20 }],
      },
    ]);
    expect(usage).toEqual({
      prompt_tokens: 107,
      completion_tokens: 50,
      total_tokens: 157,
      prompt_tokens_details: { cached_tokens: 64, audio_tokens: 40, text_tokens: 67, tool_use_tokens: 7 },
      completion_tokens_details: {
        reasoning_tokens: 30,
        audio_tokens: 20,
        accepted_prediction_tokens: 0,
        rejected_prediction_tokens: 0,
      },
    });
  });

  test("F-36 missing counts are zeros, and there is always a usage", () => {
    expect(toUsage([undefined])).toMatchObject({ prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 });
    expect(toUsage([{ promptTokenCount: 4 }])).toMatchObject({ completion_tokens: 0, total_tokens: 4 });
  });

  test("cached tokens that Google leaves out of the prompt count are added to it", () => {
    const inside = { promptTokenCount: 13_715, cachedContentTokenCount: 13_710, candidatesTokenCount: 20 };
    expect(toUsage([inside])).toMatchObject({ prompt_tokens: 13_715, total_tokens: 13_735 });
    expect(toUsage([{ ...inside, promptTokenCount: 5 }])).toMatchObject({
      prompt_tokens: 13_715,
      completion_tokens: 20,
      total_tokens: 13_735,
      prompt_tokens_details: { cached_tokens: 13_710 },
    });
    expect(toUsage([{ promptTokenCount: 7, cachedContentTokenCount: 7 }])).toMatchObject({
      prompt_tokens: 7,
    });
  });

  test("adds up fanned-out calls, whatever Google's own totals say", () => {
    expect(
      toUsage([
        { promptTokenCount: 3, candidatesTokenCount: 1, totalTokenCount: 999, trafficType: "ON_DEMAND" },
        { promptTokenCount: 3, thoughtsTokenCount: 5 },
      ]),
    ).toMatchObject({
      prompt_tokens: 6,
      completion_tokens: 6,
      total_tokens: 12,
      extra_properties: { google: { traffic_type: "ON_DEMAND" } },
    });
  });

  test("counts of any kind add up to the total and are whole numbers", () => {
    const value = fc.oneof(fc.integer(), fc.double(), fc.string(), fc.constantFrom(null, undefined, {}));
    const fields = [
      "promptTokenCount",
      "candidatesTokenCount",
      "thoughtsTokenCount",
      "toolUsePromptTokenCount",
    ];
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom(...fields), value), (counts) => {
        const usage = toUsage([counts as never]);
        expect(usage.total_tokens).toBe(usage.prompt_tokens + usage.completion_tokens);
        expect(Number.isSafeInteger(usage.total_tokens)).toBe(true);
      }),
    );
  });
});

describe("mergeUsage", () => {
  test("takes each field from the latest event that has it, and never adds", () => {
    const first = mergeUsage(undefined, {
      promptTokenCount: 9,
      candidatesTokenCount: 1,
      cachedContentTokenCount: 4,
    });
    const second = mergeUsage(first, {
      promptTokenCount: 9,
      candidatesTokenCount: 3,
      trafficType: "ON_DEMAND",
    });
    expect(second).toEqual({
      promptTokenCount: 9,
      candidatesTokenCount: 3,
      cachedContentTokenCount: 4,
      trafficType: "ON_DEMAND",
    });
    expect(first).toEqual({ promptTokenCount: 9, candidatesTokenCount: 1, cachedContentTokenCount: 4 });
  });

  test("passes over what is not an object and fields it does not know", () => {
    expect(mergeUsage({ promptTokenCount: 1 }, null)).toEqual({ promptTokenCount: 1 });
    expect(mergeUsage(undefined, { other: 1, totalTokenCount: null })).toEqual({});
  });
});

test.each([
  ["ON_DEMAND", "default"],
  ["on_demand", "default"],
  ["ON_DEMAND_PRIORITY", "priority"],
  ["ON_DEMAND_FLEX", "flex"],
  ["PROVISIONED_THROUGHPUT", "scale"],
  ["ON_DEMAND_OFFPEAK", undefined],
  [undefined, undefined],
])("traffic type %s is service tier %s", (trafficType, tier) => {
  expect(toServiceTier([trafficType === undefined ? {} : { trafficType }])).toBe(tier);
});
