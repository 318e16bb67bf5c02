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
import type { GenerationConfig, ThinkingConfig } from "../../wire/gemini.ts";
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
  expect(Buffer.from((long.blob.data ?? "").toString(), "base64").some((byte) => byte !== 0)).toBe(true);
});

test("a request without any text is answered too", () => {
  expect(textOf(firstCandidate({}))).not.toBe("");
  expect(textOf(firstCandidate({ contents: [user()] }))).not.toBe("");
});
