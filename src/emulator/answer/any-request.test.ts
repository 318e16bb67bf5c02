import * as fc from "fast-check";
import { expect, test } from "vitest";
import { budgetModel, model, plainModel } from "../../../test/emulator/answering.ts";
import * as make from "../../../test/emulator/media-bytes.ts";
import type { GenerateContentRequest } from "../../wire/gemini.ts";
import { composeAnswer } from "./compose-answer.ts";

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
