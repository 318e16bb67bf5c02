import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type OpenAI from "openai7";
import { helpersOf, MAJORS } from "./openai-majors.ts";
import { type RunningPollux, startGateway } from "./running-pollux.ts";

// Gemini 3 refuses a second turn whose function calls come back without their thought signatures.
const MODEL = "google/gemini-3.5-flash";

type Message = OpenAI.Chat.ChatCompletionMessageParam;

const getWeather = {
  type: "function",
  function: {
    name: "get_weather",
    description: "Get the current weather in a city",
    parameters: {
      type: "object",
      properties: { city: { type: "string", description: "Name of the city" } },
      required: ["city"] as string[],
      additionalProperties: false,
    },
  },
} as const satisfies OpenAI.Chat.ChatCompletionFunctionTool;

/** The assistant message as most clients keep it: what OpenAI's schema has and nothing else. */
function forgetful(
  message: OpenAI.Chat.ChatCompletionMessage,
): OpenAI.Chat.ChatCompletionAssistantMessageParam {
  const calls = (message.tool_calls ?? []).flatMap((call) =>
    call.type === "function"
      ? [
          {
            id: call.id,
            type: call.type,
            function: { name: call.function.name, arguments: call.function.arguments },
          },
        ]
      : [],
  );
  return calls.length === 0
    ? { role: "assistant", content: message.content }
    : { role: "assistant", content: message.content, tool_calls: calls };
}

function callsOf(message: OpenAI.Chat.ChatCompletionMessage | undefined) {
  return (message?.tool_calls ?? []).map((call) => {
    if (call.type !== "function") throw new Error(`not a function call: ${call.type}`);
    return {
      id: call.id,
      name: call.function.name,
      city: JSON.parse(call.function.arguments).city as string,
    };
  });
}

let gateway: RunningPollux;
beforeAll(async () => {
  gateway = await startGateway();
});
afterAll(() => gateway?.stop());

describe.each(MAJORS)("openai $major", ({ sdk }) => {
  const connect = () => new sdk.OpenAI({ apiKey: "any", baseURL: `${gateway.url}/v1`, maxRetries: 0 });

  test("tools over several turns, with a client that drops unknown fields", async () => {
    const client = connect();
    const messages: Message[] = [{ role: "user", content: "What is the weather in Chicago?" }];
    const temperatures = { Chicago: "17.3", Oslo: "-4.6" };

    for (const [city, temperature] of Object.entries(temperatures)) {
      const asked = await client.chat.completions.create({ model: MODEL, messages, tools: [getWeather] });
      expect(asked.choices[0]?.finish_reason).toBe("tool_calls");
      const message = asked.choices[0]?.message;
      const [call, ...others] = callsOf(message);
      expect(others).toEqual([]);
      expect(call?.name).toBe("get_weather");
      expect(call?.city).toContain(city);
      expect(call?.id.length).toBeLessThanOrEqual(40);
      messages.push(forgetful(message!), {
        role: "tool",
        tool_call_id: call!.id,
        content: JSON.stringify({ temperature_celsius: Number(temperature), sky: "hazy" }),
      });

      const { data: answered, response } = await client.chat.completions
        .create({ model: MODEL, messages, tools: [getWeather] })
        .withResponse();
      expect(answered.choices[0]?.finish_reason).toBe("stop");
      expect(answered.choices[0]?.message.content).toContain(temperature);
      // The signature came out of the gateway's store, so no bypass was needed and none is reported.
      expect(response.headers.get("x-pollux-notes") ?? "").not.toContain("tool_calls");
      messages.push(forgetful(answered.choices[0]!.message), {
        role: "user",
        content: "And what is the weather in Oslo?",
      });
    }
  });

  test("parallel calls keep their ids, and results may come back in any order", async () => {
    const client = connect();
    const messages: Message[] = [{ role: "user", content: "What is the weather in Paris and Tokyo?" }];
    const asked = await client.chat.completions.create({ model: MODEL, messages, tools: [getWeather] });
    const calls = callsOf(asked.choices[0]?.message);
    expect(calls.map((call) => call.city)).toEqual(["Paris", "Tokyo"]);
    expect(new Set(calls.map((call) => call.id)).size).toBe(2);
    const degrees: Record<string, number> = { Paris: 11.2, Tokyo: 22.9 };
    messages.push(
      forgetful(asked.choices[0]!.message),
      ...calls.toReversed().map((call): Message => ({
        role: "tool",
        tool_call_id: call.id,
        content: `${degrees[call.city]} degrees`,
      })),
    );
    const answered = await client.chat.completions.create({ model: MODEL, messages, tools: [getWeather] });
    expect(answered.choices[0]?.message.content).toMatch(/11\.2[^]*22\.9/);
  });

  test("streamed parallel calls have an index each and the ids of the final message", async () => {
    const client = connect();
    const stream = await client.chat.completions.create({
      model: MODEL,
      stream: true,
      tools: [getWeather],
      messages: [{ role: "user", content: "What is the weather in Paris and Tokyo?" }],
    });
    const names: Record<number, string> = {};
    const written: Record<number, string> = {};
    const reasons = [];
    for await (const chunk of stream) {
      for (const choice of chunk.choices) {
        if (choice.finish_reason !== null) reasons.push(choice.finish_reason);
        for (const call of choice.delta.tool_calls ?? []) {
          if (call.function?.name !== undefined) names[call.index] = call.function.name;
          written[call.index] = (written[call.index] ?? "") + (call.function?.arguments ?? "");
        }
      }
    }
    expect(names).toEqual({ 0: "get_weather", 1: "get_weather" });
    expect(Object.values(written).map((text) => JSON.parse(text).city)).toEqual(["Paris", "Tokyo"]);
    expect(reasons).toEqual(["tool_calls"]);
  });

  test("the stream helper gathers calls that can be answered in the next turn", async () => {
    const client = connect();
    const messages: Message[] = [{ role: "user", content: "What is the weather in Lima?" }];
    const stream = helpersOf(client).stream({ model: MODEL, messages, tools: [getWeather] });
    const message = (await stream.finalChatCompletion()).choices[0]!.message;
    const [call] = callsOf(message);
    expect(call?.city).toContain("Lima");
    messages.push(forgetful(message), { role: "tool", tool_call_id: call!.id, content: '{"celsius": 19.4}' });
    const answered = await client.chat.completions.create({ model: MODEL, messages, tools: [getWeather] });
    expect(answered.choices[0]?.message.content).toContain("19.4");
  });

  test("runTools() calls the function and ends with an answer that uses its result", async () => {
    const asked: string[] = [];
    const runner = helpersOf(connect()).runTools({
      model: MODEL,
      messages: [{ role: "user", content: "What is the weather in Quito?" }],
      tools: [
        {
          type: "function",
          function: {
            ...getWeather.function,
            parse: (text: string) => JSON.parse(text) as { city: string },
            function: ({ city }: { city: string }) => {
              asked.push(city);
              return { celsius: 13.8 };
            },
          },
        },
      ],
    });
    expect(await runner.finalContent()).toContain("13.8");
    expect(asked).toEqual(["Quito"]);
  });

  test("tool_choice none, required and by name are obeyed", async () => {
    const client = connect();
    const ask = async (tool_choice: OpenAI.Chat.ChatCompletionToolChoiceOption, content: string) => {
      const completion = await client.chat.completions.create({
        model: MODEL,
        messages: [{ role: "user", content }],
        tools: [
          getWeather,
          {
            type: "function",
            function: { name: "lock_door", parameters: { type: "object", properties: {} } },
          },
        ],
        tool_choice,
      });
      return completion.choices[0]!;
    };
    expect((await ask("none", "What is the weather in Bergen?")).message.tool_calls).toBeUndefined();
    expect((await ask("required", "Tell me a joke.")).finish_reason).toBe("tool_calls");
    const named = await ask(
      { type: "function", function: { name: "lock_door" } },
      "What is the weather in Bergen?",
    );
    expect(named.message.tool_calls?.map((call) => call.type === "function" && call.function.name)).toEqual([
      "lock_door",
    ]);
  });
});
