import OpenAI from "openai";
import { createGateway } from "pollux";
import { afterAll, expect, test } from "vitest";

const file = `${import.meta.dirname}/weather.jsonl`;
const gateway = await createGateway({
  tape: process.env["RECORD"] === "1" ? { record: file } : { replay: file, strict: true },
});
const client = new OpenAI({ baseURL: "http://pollux/v1", apiKey: "any", fetch: gateway.fetch });

afterAll(async () => {
  expect(gateway.unusedRecordings()).toEqual([]);
  await gateway.close();
});

test("asks for the weather, and tells it to the person who wants to know", async () => {
  const tools: OpenAI.ChatCompletionTool[] = [
    {
      type: "function",
      function: {
        name: "get_weather",
        parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
      },
    },
  ];
  const messages: OpenAI.ChatCompletionMessageParam[] = [
    { role: "user", content: "I am ada@lovelace.org. What is the weather in Paris?" },
  ];
  const model = "google/gemini-3.5-flash";
  const first = await client.chat.completions.create({ model, messages, tools });
  const message = first.choices[0]!.message;
  const call = message.tool_calls?.[0];
  expect(call).toMatchObject({ function: { name: "get_weather", arguments: '{"city":"Paris"}' } });

  messages.push(message, { role: "tool", tool_call_id: call!.id, content: '{"sky":"clear","degrees":21}' });
  const second = await client.chat.completions.create({ model, messages, tools });
  expect(second.choices[0]?.message.content).toContain("21");
});
