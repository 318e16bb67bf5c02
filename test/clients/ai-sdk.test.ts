import { createOpenAI } from "@ai-sdk/openai";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { APICallError, generateText, type LanguageModel, Output, stepCountIs, streamText, tool } from "ai";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod/v4";
import { png } from "./media.ts";
import { type RunningPollux, startGateway } from "./running-pollux.ts";

const MODEL = "google/gemini-3.5-flash";

let gateway: RunningPollux;
beforeAll(async () => {
  gateway = await startGateway();
});
afterAll(() => gateway?.stop());

const getWeather = (asked: string[]) =>
  tool({
    description: "Get the current weather in a city",
    inputSchema: z.object({ city: z.string().describe("Name of the city") }),
    execute: async ({ city }) => {
      asked.push(city);
      return { celsius: 17.3, city };
    },
  });

const PROVIDERS: { name: string; model: (id: string) => LanguageModel }[] = [
  {
    name: "@ai-sdk/openai-compatible",
    model: (id) =>
      createOpenAICompatible({
        name: "pollux",
        apiKey: "any",
        baseURL: `${gateway.url}/v1`,
        includeUsage: true,
        supportsStructuredOutputs: true,
      })(id),
  },
  {
    name: "@ai-sdk/openai chat",
    model: (id) => createOpenAI({ apiKey: "any", baseURL: `${gateway.url}/v1` }).chat(id),
  },
];

describe.each(PROVIDERS)("$name", ({ model }) => {
  test("generateText", async () => {
    const { text, finishReason, usage } = await generateText({
      model: model(MODEL),
      instructions: "You are a keeper of lights.",
      prompt: "Tell me about the lighthouse of Ushant.",
    });
    expect(text).toMatch(/lighthouse.*Ushant/is);
    expect(finishReason).toBe("stop");
    expect(usage.inputTokens).toBeGreaterThan(5);
    expect(usage.totalTokens).toBe((usage.inputTokens ?? 0) + (usage.outputTokens ?? 0));
  });

  test("streamText gives the same text, in pieces, with usage", async () => {
    const prompt = "Tell me about the lighthouse of Ushant.";
    const result = streamText({ model: model(MODEL), prompt });
    const pieces = [];
    for await (const piece of result.textStream) pieces.push(piece);
    const whole = await generateText({ model: model(MODEL), prompt });
    expect(pieces.length).toBeGreaterThan(1);
    expect(pieces.join("")).toBe(whole.text);
    expect(await result.finishReason).toBe("stop");
    expect((await result.usage).totalTokens).toBe(whole.usage.totalTokens);
  });

  test("tools in several steps", async () => {
    const asked: string[] = [];
    const { text, steps } = await generateText({
      model: model(MODEL),
      tools: { get_weather: getWeather(asked) },
      stopWhen: stepCountIs(4),
      prompt: "What is the weather in Chicago?",
    });
    expect(asked).toEqual(["Chicago"]);
    expect(steps.map((step) => step.finishReason)).toEqual(["tool-calls", "stop"]);
    expect(text).toContain("17.3");
  });

  test("streamed parallel tools in several steps", async () => {
    const asked: string[] = [];
    const result = streamText({
      model: model(MODEL),
      tools: { get_weather: getWeather(asked) },
      stopWhen: stepCountIs(4),
      prompt: "What is the weather in Paris and Tokyo?",
    });
    expect(await result.text).toContain("17.3");
    expect(asked.toSorted()).toEqual(["Paris", "Tokyo"]);
    expect((await result.steps).map((step) => step.finishReason)).toEqual(["tool-calls", "stop"]);
  });

  test("structured output", async () => {
    const { output } = await generateText({
      model: model(MODEL),
      output: Output.object({
        schema: z.object({ name: z.string(), date: z.string(), participants: z.array(z.string()) }),
      }),
      prompt: "Maryam and Yann attend a robotics conference on Tuesday.",
    });
    expect(output.participants).toEqual(["Maryam", "Yann"]);
    expect(output.date).toContain("Tuesday");
  });

  test("image input", async () => {
    const { text } = await generateText({
      model: model(MODEL),
      messages: [
        {
          role: "user",
          content: [
            { type: "text", text: "What is in this image?" },
            { type: "file", data: png(37, 23, [220, 30, 30]), mediaType: "image/png" },
          ],
        },
      ],
    });
    expect(text).toMatch(/PNG.*37 x 23.*red/s);
  });

  test("an unknown model is an APICallError with the status and the message", async () => {
    const error = await generateText({
      model: model("google/gemini-99-flash"),
      prompt: "Hello",
      maxRetries: 0,
    }).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(APICallError.isInstance(error)).toBe(true);
    expect(error).toMatchObject({ statusCode: 404, message: expect.stringContaining("gemini-99-flash") });
  });
});

describe("@ai-sdk/openai-compatible", () => {
  const thinking = {
    model: () => PROVIDERS[0]!.model("google/gemini-2.5-flash"),
    prompt: "Is 2^31-1 prime?",
    providerOptions: {
      pollux: {
        extra_body: { google: { thinking_config: { include_thoughts: true, thinking_budget: 1024 } } },
      },
    },
  };

  test("reads the thoughts as reasoning", async () => {
    const { reasoningText, text, usage } = await generateText({ ...thinking, model: thinking.model() });
    expect(reasoningText).toBeTruthy();
    expect(text).toBeTruthy();
    expect(text).not.toContain(reasoningText);
    expect(usage.outputTokenDetails.reasoningTokens).toBeGreaterThan(0);
  });

  test("reads the thoughts as reasoning in a stream", async () => {
    const result = streamText({ ...thinking, model: thinking.model() });
    const kinds = [];
    for await (const part of result.stream) kinds.push(part.type);
    expect(kinds.indexOf("reasoning-delta")).toBeGreaterThan(-1);
    expect(kinds.indexOf("text-delta")).toBeGreaterThan(kinds.lastIndexOf("reasoning-delta"));
    const whole = await generateText({ ...thinking, model: thinking.model() });
    expect(await result.reasoningText).toBe(whole.reasoningText);
    expect(await result.text).toBe(whole.text);
  });
});
