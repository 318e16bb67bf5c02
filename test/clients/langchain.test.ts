import {
  AIMessageChunk,
  type BaseMessageLike,
  type UsageMetadata,
  HumanMessage,
  SystemMessage,
  ToolMessage,
} from "@langchain/core/messages";
import { tool } from "@langchain/core/tools";
import { ChatOpenAI, type ChatOpenAIFields } from "@langchain/openai";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod/v4";
import { dataUrl, png } from "./media.ts";
import { type RunningPollux, startGateway } from "./running-pollux.ts";

let gateway: RunningPollux;
beforeAll(async () => {
  gateway = await startGateway();
});
afterAll(() => gateway?.stop());

const connect = (fields: ChatOpenAIFields = {}) =>
  new ChatOpenAI({
    model: "google/gemini-3.5-flash",
    apiKey: "any",
    configuration: { baseURL: `${gateway.url}/v1` },
    maxRetries: 0,
    ...fields,
  });

const getWeather = tool(async ({ city }: { city: string }) => `17.3 degrees in ${city}`, {
  name: "get_weather",
  description: "Get the current weather in a city",
  schema: z.object({ city: z.string().describe("Name of the city") }),
});

/** The library's own types lose this property on a message with the default structure. */
const usageOf = (message: AIMessageChunk | undefined) => message?.usage_metadata as UsageMetadata | undefined;

describe("@langchain/openai", () => {
  const lighthouse = [
    new SystemMessage("You are a keeper of lights."),
    new HumanMessage("Tell me about the lighthouse of Ushant."),
  ];

  test("invoke", async () => {
    const answer = await connect().invoke(lighthouse);
    expect(answer.text).toMatch(/lighthouse.*Ushant/is);
    expect(answer.response_metadata).toMatchObject({ finish_reason: "stop" });
    const usage = usageOf(answer);
    expect(usage?.input_tokens).toBeGreaterThan(5);
    expect(usage?.total_tokens).toBe((usage?.input_tokens ?? 0) + (usage?.output_tokens ?? 0));
  });

  test("stream gives the invoked text and its usage", async () => {
    const whole = await connect().invoke(lighthouse);
    let gathered: AIMessageChunk | undefined;
    let count = 0;
    for await (const chunk of await connect().stream(lighthouse)) {
      gathered = gathered === undefined ? chunk : gathered.concat(chunk);
      count += 1;
    }
    expect(count).toBeGreaterThan(3);
    expect(gathered?.text).toBe(whole.text);
    expect(usageOf(gathered)?.total_tokens).toBe(usageOf(whole)?.total_tokens);
  });

  test.each(["invoke", "stream"] as const)("bindTools round trip by %s", async (way) => {
    const bound = connect().bindTools([getWeather]);
    const messages: BaseMessageLike[] = [new HumanMessage("What is the weather in Paris and Tokyo?")];
    let asked: AIMessageChunk | undefined;
    if (way === "invoke") asked = await bound.invoke(messages);
    else
      for await (const chunk of await bound.stream(messages))
        asked = asked === undefined ? chunk : asked.concat(chunk);
    const calls = asked?.tool_calls ?? [];
    expect(calls.map((call) => call.args)).toEqual([{ city: "Paris" }, { city: "Tokyo" }]);
    messages.push(asked!);
    for (const call of calls) messages.push((await getWeather.invoke(call as never)) as ToolMessage);
    const answer = await bound.invoke(messages);
    expect(answer.tool_calls ?? []).toEqual([]);
    expect(answer.text).toContain("17.3 degrees in Paris");
    expect(answer.text).toContain("17.3 degrees in Tokyo");
  });

  test.each(["jsonSchema", "functionCalling"] as const)("withStructuredOutput by %s", async (method) => {
    const Event = z.object({ name: z.string(), date: z.string(), participants: z.array(z.string()) });
    const event = await connect()
      .withStructuredOutput(Event, { method, name: "calendar_event" })
      .invoke("Maryam and Yann attend a robotics conference on Tuesday.");
    expect(event.participants).toEqual(["Maryam", "Yann"]);
    expect(event.date).toContain("Tuesday");
  });

  test("image input", async () => {
    const answer = await connect().invoke([
      new HumanMessage({
        content: [
          { type: "text", text: "What is in this image?" },
          { type: "image_url", image_url: { url: dataUrl("image/png", png(37, 23, [220, 30, 30])) } },
        ],
      }),
    ]);
    expect(answer.text).toMatch(/PNG.*37 x 23.*red/s);
  });

  test("an unknown model is refused with its name", async () => {
    await expect(connect({ model: "google/gemini-99-flash" }).invoke("Hello")).rejects.toMatchObject({
      status: 404,
      message: expect.stringContaining("gemini-99-flash"),
    });
  });
});
