import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  budgetModel,
  firstCandidate,
  model,
  plainModel,
  prompt,
  textOf,
  user,
} from "../../../test/emulator/answering.ts";
import * as make from "../../../test/emulator/media-bytes.ts";
import type { GenerateContentRequest, GenerationConfig, ThinkingConfig } from "../../wire/gemini.ts";
import { composeAnswer } from "./compose-answer.ts";
import { readMedia } from "./media/read-media.ts";
import { countTextTokens } from "./tokens.ts";

const explain = "Explain how tides work";
const withConfig = (text: string, generationConfig: GenerationConfig) =>
  firstCandidate(prompt(text, { generationConfig }));

const thinking = (config: ThinkingConfig, with_ = budgetModel) =>
  firstCandidate(prompt(explain, { generationConfig: { thinkingConfig: config } }), with_).tokens.thoughts;

describe("thoughts", () => {
  test("follow the budget and stay within it", () => {
    const spent = [1, 128, 1024, 8192, 24_576].map((thinkingBudget) => thinking({ thinkingBudget }));
    expect(spent).toEqual(spent.toSorted((a, b) => a - b));
    expect(spent[0]).toBe(1);
    expect(new Set(spent).size).toBe(5);
    expect(thinking({ thinkingBudget: 0 })).toBe(0);
    expect(thinking({ thinkingBudget: -1 })).toBeGreaterThan(0);
  });

  test("follow the level", () => {
    const spent = ["MINIMAL", "LOW", "MEDIUM", "HIGH"].map((thinkingLevel) =>
      thinking({ thinkingLevel }, model),
    );
    expect(spent).toEqual(spent.toSorted((a, b) => a - b));
    expect(new Set(spent).size).toBe(4);
    expect(spent[0]).toBeLessThanOrEqual(64);
  });

  test("are shown first, only when asked for, and never by a model that does not think", () => {
    const shown = withConfig(explain, { thinkingConfig: { includeThoughts: true } });
    expect(shown.parts.map((part) => part.thought ?? false)).toEqual([true, false]);
    expect(countTextTokens(shown.parts[0]?.text ?? "")).toBeLessThanOrEqual(shown.tokens.thoughts);
    expect(withConfig(explain, {}).parts).toHaveLength(1);
    const plain = firstCandidate(
      prompt(explain, { generationConfig: { thinkingConfig: { includeThoughts: true } } }),
      plainModel,
    );
    expect(plain.parts).toHaveLength(1);
    expect(plain.tokens.thoughts).toBe(0);
  });

  test("count inside maxOutputTokens and can leave the answer empty", () => {
    const candidate = withConfig(explain, { maxOutputTokens: 10, thinkingConfig: { thinkingLevel: "HIGH" } });
    expect(candidate).toEqual({
      parts: [],
      finishReason: "MAX_TOKENS",
      tokens: { candidates: 0, thoughts: 10 },
    });
  });
});

describe("endings", () => {
  test("maxOutputTokens cuts the text", () => {
    const whole = textOf(firstCandidate(prompt(explain), plainModel));
    const cut = firstCandidate(prompt(explain, { generationConfig: { maxOutputTokens: 12 } }), plainModel);
    expect(cut).toMatchObject({ finishReason: "MAX_TOKENS", tokens: { candidates: 12, thoughts: 0 } });
    expect(whole.startsWith(textOf(cut))).toBe(true);
    expect(countTextTokens(textOf(cut))).toBe(12);
  });

  test("the text ends before the first stop sequence", () => {
    expect(withConfig("Count to 10", { stopSequences: ["8", "5"] })).toMatchObject({
      parts: [{ text: "1, 2, 3, 4, " }],
      finishReason: "STOP",
    });
    expect(withConfig("Count to 10", { stopSequences: ["1"] }).parts).toEqual([]);
  });

  test.each([
    ["EMULATOR_SAFETY", "SAFETY", true],
    ["EMULATOR_FINISH:RECITATION", "RECITATION", true],
    ["EMULATOR_FINISH:MALFORMED_FUNCTION_CALL", "MALFORMED_FUNCTION_CALL", false],
    ["EMULATOR_FINISH:IMAGE_SAFETY", "IMAGE_SAFETY", false],
    ["EMULATOR_FINISH:A_REASON_FROM_NEXT_YEAR", "A_REASON_FROM_NEXT_YEAR", true],
  ])("%s in the prompt forces %s", (words, finishReason, hasText) => {
    const candidate = firstCandidate(prompt(`${explain}. ${words}`));
    expect(candidate).toMatchObject({ finishReason, finishMessage: expect.stringContaining(finishReason) });
    expect(textOf(candidate) !== "").toBe(hasText);
  });

  test.each([
    ["EMULATOR_BLOCK_PROMPT", "SAFETY"],
    ["please EMULATOR_BLOCK_PROMPT:PROHIBITED_CONTENT now", "PROHIBITED_CONTENT"],
  ])("%s blocks the prompt", (text, blockReason) => {
    const answer = composeAnswer(prompt(text), model);
    expect(answer).toMatchObject({
      candidates: [],
      blocked: { blockReason, blockReasonMessage: expect.any(String) },
    });
    expect(answer.promptTokens).toBeGreaterThan(0);
  });
});

describe("logprobs", () => {
  test("there is one entry for each token, and the sums agree", () => {
    const candidate = withConfig(explain, { responseLogprobs: true, logprobs: 3 });
    const {
      chosenCandidates = [],
      topCandidates = [],
      logProbabilitySum = 0,
    } = candidate.logprobsResult ?? {};
    expect(chosenCandidates.map((chosen) => chosen.token).join("")).toBe(textOf(candidate));
    expect(chosenCandidates).toHaveLength(candidate.tokens.candidates);
    const sum = chosenCandidates.reduce((total, chosen) => total + (chosen.logProbability ?? 0), 0);
    expect(logProbabilitySum).toBeCloseTo(sum, 4);
    expect(candidate.avgLogprobs).toBeCloseTo(sum / chosenCandidates.length, 4);
    for (const { candidates = [] } of topCandidates) {
      expect(candidates).toHaveLength(3);
      expect(new Set(candidates.map((one) => one.token)).size).toBe(3);
      const values = candidates.map((one) => one.logProbability ?? 1);
      expect(values).toEqual(values.toSorted((a, b) => b - a));
      expect(values[0]).toBeLessThanOrEqual(0);
    }
  });

  test("come only when asked for, and without alternatives unless counted", () => {
    expect(withConfig(explain, {}).logprobsResult).toBeUndefined();
    expect(withConfig(explain, { responseLogprobs: true }).logprobsResult?.topCandidates).toBeUndefined();
  });
});

test("a search is grounded: segments are UTF-8 bytes of their part", () => {
  const generationConfig = { thinkingConfig: { includeThoughts: true } };
  const candidate = firstCandidate(
    prompt("Erkläre Ebbe und Flut – größer als Überraschung 🌊?", {
      tools: [{ googleSearch: {} }],
      generationConfig,
    }),
  );
  const {
    webSearchQueries,
    groundingChunks = [],
    groundingSupports = [],
  } = candidate.groundingMetadata ?? {};
  expect(webSearchQueries).toEqual(["Erkläre Ebbe und Flut – größer als Überraschung 🌊"]);
  expect(groundingSupports.length).toBeGreaterThan(2);
  for (const { segment, groundingChunkIndices = [] } of groundingSupports) {
    const bytes = Buffer.from(candidate.parts[segment?.partIndex ?? 0]?.text ?? "");
    expect(bytes.subarray(segment?.startIndex ?? 0, segment?.endIndex).toString()).toBe(segment?.text);
    expect(candidate.parts[segment?.partIndex ?? 0]?.thought).toBeUndefined();
    expect(groundingChunkIndices.every((index) => groundingChunks[index]?.web?.uri !== undefined)).toBe(true);
  }
});

test("code execution works a sum out in Python", () => {
  const { parts } = firstCandidate(prompt("What is 12 * 7?", { tools: [{ codeExecution: {} }] }));
  expect(parts.slice(0, 2)).toEqual([
    { executableCode: { language: "PYTHON", code: "print(12 * 7)\n" } },
    { codeExecutionResult: { outcome: "OUTCOME_OK", output: "84\n" } },
  ]);
  expect(parts[2]?.text).toContain("84");
});

const draw = (generationConfig: GenerationConfig) => {
  const { parts, tokens } = withConfig("Draw a red square", {
    responseModalities: ["TEXT", "IMAGE"],
    ...generationConfig,
  });
  return { parts, tokens, image: readMedia(parts.find((part) => part.inlineData)?.inlineData ?? {}) };
};

describe("image output", () => {
  test("is a real PNG in the aspect ratio and colour asked for, beside a text", () => {
    const { parts, image, tokens } = draw({ imageConfig: { aspectRatio: "16:9" } });
    expect(parts.map((part) => Object.keys(part)[0])).toEqual(["text", "inlineData"]);
    expect(image).toMatchObject({ format: "PNG", mimeType: "image/png", width: 128, height: 72 });
    expect(image.colour?.red).toBeGreaterThan(180);
    expect(image.colour?.green).toBeLessThan(80);
    expect(tokens.candidates).toBeGreaterThan(1290);
  });

  test("alone, larger, and different for each candidate", () => {
    expect(draw({ responseModalities: ["IMAGE"] }).parts).toHaveLength(1);
    expect(draw({ imageConfig: { imageSize: "2K" } }).image.width).toBe(192);
    const { candidates } = composeAnswer(
      prompt("Draw a cat", { generationConfig: { responseModalities: ["IMAGE"], candidateCount: 2 } }),
      model,
    );
    expect(candidates[0]?.parts).not.toEqual(candidates[1]?.parts);
  });
});

const speak = (text: string) => {
  const { parts, tokens } = withConfig(text, { responseModalities: ["AUDIO"] });
  return { blob: parts[0]?.inlineData ?? {}, tokens: tokens.candidates };
};

test("audio output is PCM whose length follows the text", () => {
  const short = speak("Say cheerfully: Hi");
  const long = speak("Say cheerfully: Have a wonderful day, all of you");
  expect(short.blob.mimeType).toBe("audio/L16;codec=pcm;rate=24000");
  const [shortSeconds = 0, longSeconds = 0] = [short, long].map(({ blob }) => readMedia(blob).seconds);
  expect(longSeconds).toBeGreaterThan(shortSeconds * 3);
  expect(long.tokens).toBe(Math.ceil(longSeconds * 25));
  expect(Buffer.from(long.blob.data ?? "", "base64").some((byte) => byte !== 0)).toBe(true);
});

const words = fc.constantFrom(
  "What is the weather in Paris?",
  "Hello!",
  "Say hi",
  "My name is Ada",
  "What is 2 + 2?",
  "JSON please",
  "日本語で",
  "🌊".repeat(5),
  "",
);
const json = fc.oneof(
  fc.jsonValue({ maxDepth: 3 }),
  fc.constantFrom({ type: "OBJECT", properties: { location: { type: "STRING" } } }),
);
const part = fc.oneof(
  fc.record({ text: fc.oneof(words, fc.string()) }),
  fc.record({ text: fc.string(), thought: fc.boolean() }),
  fc.record({
    inlineData: fc.record({
      mimeType: fc.constantFrom("image/png", "text/plain", "audio/wav", "x"),
      data: fc.oneof(
        fc.base64String(),
        fc.constantFrom(
          ...[make.png(2, 2, [1, 2, 3]), make.wav(8000, 1, 0.01)].map((bytes) => bytes.toString("base64")),
        ),
      ),
    }),
  }),
  fc.record({ fileData: fc.record({ fileUri: fc.webUrl(), mimeType: fc.string() }) }),
  fc.record({
    functionCall: fc.record({
      name: fc.constantFrom("get_weather", "__proto__"),
      args: fc.dictionary(fc.string(), fc.jsonValue()),
    }),
  }),
  fc.record({
    functionResponse: fc.record({
      name: fc.constantFrom("get_weather", "toString"),
      response: fc.dictionary(fc.string(), fc.jsonValue()),
    }),
  }),
);
const request = fc.record(
  {
    contents: fc.array(
      fc.record({
        role: fc.constantFrom("user", "model", "function"),
        parts: fc.array(part, { maxLength: 4 }),
      }),
      { maxLength: 5 },
    ),
    systemInstruction: fc.record({ parts: fc.array(fc.record({ text: fc.string() }), { maxLength: 2 }) }),
    tools: fc.array(
      fc.oneof(
        fc.record({
          functionDeclarations: fc.array(
            fc.record({
              name: fc.constantFrom("get_weather", "constructor"),
              description: fc.string(),
              parametersJsonSchema: json,
            }),
            { maxLength: 3 },
          ),
        }),
        fc.constantFrom({ googleSearch: {} }, { codeExecution: {} }),
      ),
      { maxLength: 2 },
    ),
    toolConfig: fc.record({
      functionCallingConfig: fc.record({ mode: fc.constantFrom("AUTO", "ANY", "NONE", "VALIDATED") }),
    }),
    generationConfig: fc.record(
      {
        candidateCount: fc.integer({ min: 1, max: 3 }),
        maxOutputTokens: fc.integer({ min: 1, max: 3000 }),
        stopSequences: fc.array(fc.string(), { maxLength: 3 }),
        seed: fc.integer(),
        temperature: fc.double({ min: 0, max: 2, noNaN: true }),
        responseLogprobs: fc.boolean(),
        logprobs: fc.nat(20),
        responseMimeType: fc.constantFrom("text/plain", "application/json", "text/x.enum"),
        responseJsonSchema: json,
        responseModalities: fc.constantFrom(["TEXT"], ["IMAGE"], ["AUDIO"], ["TEXT", "IMAGE"]),
        thinkingConfig: fc.record(
          { includeThoughts: fc.boolean(), thinkingBudget: fc.integer({ min: -1, max: 24_576 }) },
          { requiredKeys: [] },
        ),
        mediaResolution: fc.constantFrom("MEDIA_RESOLUTION_LOW", "MEDIA_RESOLUTION_HIGH"),
      },
      { requiredKeys: [] },
    ),
    cachedContent: fc.string(),
  },
  { requiredKeys: ["contents"] },
);

test("any request gets the same answer twice, within its limits, and stays as it was", () => {
  fc.assert(
    fc.property(request, fc.constantFrom(model, budgetModel, plainModel), (generated, with_) => {
      const asked = generated as unknown as GenerateContentRequest;
      const before = JSON.stringify(asked);
      const answer = composeAnswer(asked, with_);
      expect(JSON.stringify(asked)).toBe(before);
      expect(composeAnswer(JSON.parse(before) as GenerateContentRequest, with_)).toEqual(answer);
      expect(answer.promptTokens).toBe(
        answer.promptTokensDetails.reduce((sum, { tokenCount = 0 }) => sum + tokenCount, 0),
      );
      expect(answer.cachedTokens).toBeLessThanOrEqual(answer.promptTokens);
      expect(answer.candidates).toHaveLength(asked.generationConfig?.candidateCount ?? 1);
      for (const { tokens, finishReason, parts } of answer.candidates) {
        expect(tokens.candidates + tokens.thoughts).toBeLessThanOrEqual(
          asked.generationConfig?.maxOutputTokens ?? 65_536,
        );
        expect(["STOP", "MAX_TOKENS"]).toContain(finishReason);
        expect(parts.every((one) => one.text !== "")).toBe(true);
      }
    }),
    { numRuns: 300 },
  );
});

test("a request without any text is answered too", () => {
  expect(textOf(firstCandidate({}))).not.toBe("");
  expect(textOf(firstCandidate({ contents: [user()] }))).not.toBe("");
});
