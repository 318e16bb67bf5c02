import { describe, expect, test } from "vitest";
import type { Candidate, GenerateContentResponse, Part } from "../../wire/gemini.ts";
import type { Choice } from "../../wire/openai.ts";
import type { AnswerShape } from "../target.ts";
import { toWav } from "./audio.ts";
import { toChatCompletion } from "./completion.ts";

const SHAPE: AnswerShape = {
  model: "google/m",
  stream: false,
  includeUsage: false,
  legacyFunctions: false,
  thoughtTagMarker: undefined,
  reasoningFormat: "reasoning_content",
  audioFormat: undefined,
  logprobs: false,
};

function answer(
  response: GenerateContentResponse | GenerateContentResponse[],
  shape: Partial<AnswerShape> = {},
) {
  let minted = 0;
  const context = {
    id: "own-id",
    created: 7,
    mintToolCallId: () => `call_${(minted += 1)}`,
    remember: () => {},
  };
  return toChatCompletion([response].flat(), { ...SHAPE, ...shape }, context, "m");
}

function choiceOf(candidate: Candidate, shape: Partial<AnswerShape> = {}): Choice | undefined {
  return answer({ candidates: [candidate] }, shape).choices[0];
}

const parts = (...given: (Part | Record<string, unknown>)[]): Candidate => ({
  content: { parts: given as Part[] },
  finishReason: "STOP",
});

describe("the envelope", () => {
  test("is Gemini's where it says, and ours where it does not", () => {
    expect(
      answer({ responseId: "r", createTime: "2026-11-21T10:00:00.987654321Z", modelVersion: "m-001" }),
    ).toMatchObject({
      id: "r",
      object: "chat.completion",
      created: 1_795_255_200,
      model: "google/m",
      system_fingerprint: "m-001",
    });
    expect(answer({ responseId: "" })).toMatchObject({ id: "own-id", created: 7, system_fingerprint: null });
  });

  test("service tier only where Vertex names one", () => {
    expect(answer({ usageMetadata: { trafficType: "ON_DEMAND_FLEX" } }).service_tier).toBe("flex");
    expect(answer({})).not.toHaveProperty("service_tier");
  });

  test.each([[null], ["x"], [[]]])("%j is no answer", (response) => {
    expect(() => toChatCompletion([response as never], SHAPE, {} as never, "m")).toThrowError(
      /not a generateContent/,
    );
  });
});

describe("a message", () => {
  test("has every required field, even when nothing came", () => {
    for (const response of [{}, { candidates: [] }, { candidates: [{}] }, { usageMetadata: {} }]) {
      expect(answer(response)).toMatchObject({
        choices: [
          {
            index: 0,
            message: { role: "assistant", content: "", refusal: null },
            finish_reason: "stop",
            logprobs: null,
          },
        ],
        usage: { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 },
      });
    }
  });

  test.each([
    { name: "text", candidate: parts({ text: "a" }, { text: "b" }), content: "ab" },
    { name: "a call alone", candidate: parts({ functionCall: { name: "f" } }), content: null },
    {
      name: "an image alone",
      candidate: parts({ inlineData: { mimeType: "image/png", data: "AA==" } }),
      content: null,
    },
    {
      name: "a call after text",
      candidate: parts({ text: "a" }, { functionCall: { name: "f" } }),
      content: "a",
    },
    { name: "empty text", candidate: parts({ text: "" }), content: "" },
    { name: "a refused answer", candidate: { finishReason: "SAFETY" }, content: null },
    { name: "parts that are no list", candidate: { content: { parts: {} as never } }, content: "" },
  ])("content of $name", ({ candidate, content }) => {
    expect(choiceOf(candidate)?.message.content).toBe(content);
  });

  test("a refused answer says why", () => {
    expect(choiceOf({ finishReason: "RECITATION", finishMessage: "Too close to a source." })).toMatchObject({
      finish_reason: "content_filter",
      message: { refusal: "Too close to a source." },
      extra_content: { google: { finish_reason: "RECITATION", finish_message: "Too close to a source." } },
    });
    expect(choiceOf({ finishReason: "SPII" })?.message.refusal).toBe("Answer blocked: SPII");
  });

  test("the last text signature counts; one on a thought does not", () => {
    const message = choiceOf(
      parts(
        { text: "t", thought: true, thoughtSignature: "dA==" },
        { text: "a", thoughtSignature: "YQ==" },
        { text: "", thoughtSignature: "Yg==" },
      ),
    )?.message;
    expect(message?.extra_content).toEqual({ google: { thought_signature: "Yg==" } });
    expect(message?.content).toBe("a");
  });

  test("a signature in a part of its own is kept", () => {
    const candidate = parts({ text: "a" }, { thoughtSignature: "Yg==" });
    expect(choiceOf(candidate)?.message.extra_content).toEqual({ google: { thought_signature: "Yg==" } });
    expect(choiceOf(candidate)?.extra_content).toBeUndefined();
  });

  test("parts without a counterpart are counted", () => {
    const candidate = parts(
      { text: "a" },
      { toolCall: {} },
      { inlineData: { mimeType: "video/mp4", data: "AA==" } },
      { functionCall: { args: {} } },
      {},
    );
    expect(choiceOf(candidate)).toMatchObject({
      message: { content: "a" },
      finish_reason: "stop",
      extra_content: { google: { ignored_parts: 4 } },
    });
  });

  test("images by address", () => {
    const candidate = parts({ fileData: { mimeType: "image/png", fileUri: "gs://b/i.png" } });
    expect(choiceOf(candidate)?.message.images).toEqual([
      { type: "image_url", index: 0, image_url: { url: "gs://b/i.png" } },
    ]);
  });

  test.each([
    { audioFormat: "pcm16", mimeType: "audio/L16;rate=24000", wav: false },
    { audioFormat: "wav", mimeType: "audio/L16;rate=24000", wav: true },
    { audioFormat: undefined, mimeType: "audio/L16;rate=24000", wav: true },
    { audioFormat: "wav", mimeType: "audio/mpeg", wav: false },
  ])("audio for $audioFormat of $mimeType", ({ audioFormat, mimeType, wav }) => {
    const message = choiceOf(parts({ inlineData: { mimeType, data: "AQI=" } }), { audioFormat })?.message;
    const bytes = Buffer.from(message?.audio?.data ?? "", "base64");
    expect(bytes.length).toBe(wav ? 46 : 2);
    expect([...bytes.subarray(-2)]).toEqual([1, 2]);
    expect(message?.audio).toMatchObject({ id: "audio_own-id_0", transcript: "", expires_at: 7 });
  });

  test.each([
    { audioFormat: "pcm16", length: 2 },
    { audioFormat: "wav", length: 46 },
  ])("a WAV file for $audioFormat", ({ audioFormat, length }) => {
    const data = toWav("AQI=", "audio/L16;rate=24000");
    const candidate = parts({ inlineData: { mimeType: "audio/wav", data } });
    const audio = choiceOf(candidate, { audioFormat })?.message.audio?.data ?? "";
    expect(Buffer.from(audio, "base64")).toHaveLength(length);
  });

  test("a call made while thinking says so", () => {
    const candidate = parts({ functionCall: { name: "f" }, thought: true });
    expect(choiceOf(candidate)?.message.tool_calls?.[0]?.extra_content).toEqual({
      google: { thought: true },
    });
  });
});

describe("beside the message", () => {
  test("logprobs only when they were asked for", () => {
    const candidate = { ...parts({ text: "a" }), logprobsResult: { chosenCandidates: [{ token: "a" }] } };
    expect(choiceOf(candidate)?.logprobs).toBeNull();
    expect(choiceOf(candidate, { logprobs: true })?.logprobs?.content).toHaveLength(1);
  });

  test("Google's own metadata in extra_content", () => {
    const google = {
      safetyRatings: [{ category: "HARM_CATEGORY_HARASSMENT", probability: "LOW" }],
      urlContextMetadata: { urlMetadata: [] },
      groundingMetadata: { webSearchQueries: ["q"] },
    };
    expect(choiceOf({ ...parts({ text: "a" }), ...google })?.extra_content).toEqual({
      google: {
        safety_ratings: google.safetyRatings,
        url_context_metadata: google.urlContextMetadata,
        grounding_metadata: google.groundingMetadata,
      },
    });
  });

  test("annotations count thoughts and tags that stand in content", () => {
    const candidate: Candidate = {
      ...parts({ text: "hm", thought: true }, { text: "answer" }),
      groundingMetadata: {
        groundingChunks: [{ web: { uri: "https://a.test" } }],
        groundingSupports: [{ segment: { partIndex: 1, endIndex: 6 }, groundingChunkIndices: [0] }],
      },
    };
    const message = choiceOf(candidate, { thoughtTagMarker: "t" })?.message;
    const citation = message?.annotations?.[0]?.url_citation;
    expect(message?.content?.slice(citation?.start_index, citation?.end_index)).toBe("answer");
  });
});

test("choices of several calls are numbered on, whatever their candidates say", () => {
  const one = {
    candidates: [
      { ...parts({ text: "a" }), index: 3 },
      { ...parts({ text: "b" }), index: 9 },
    ],
  };
  const two = { promptFeedback: { blockReason: "SAFETY" } };
  const choices = answer([one, two, {}]).choices;
  expect(choices.map(({ index, finish_reason }) => [index, finish_reason])).toEqual([
    [0, "stop"],
    [1, "stop"],
    [2, "content_filter"],
    [3, "stop"],
  ]);
});
