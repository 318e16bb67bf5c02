/** Exact or loud, and signatures that survive any client: seen from outside, against the emulator's own checks. */
import OpenAI from "openai";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { GenerateContentRequest, Part } from "../src/wire/gemini.ts";
import { post, startGateway, type RunningGateway } from "./support/running-gateway.ts";

const HELLO = {
  model: "google/gemini-3.5-flash",
  messages: [{ role: "user" as const, content: "Hello there" }],
};

let gateway: RunningGateway;
let openai: OpenAI;

beforeAll(async () => {
  gateway = await startGateway();
  openai = new OpenAI({ apiKey: "any", baseURL: `${gateway.url}/v1`, maxRetries: 0 });
});

afterAll(async () => {
  await gateway.close();
  expect(gateway.bugs).toEqual([]);
});

beforeEach(() => gateway.composed.emulator!.clearRules());

describe("notes", () => {
  test("come back in a header, streamed or not", async () => {
    for (const stream of [false, true]) {
      const response = await post(gateway, { ...HELLO, stream, user: "u-1", reasoning_effort: "xhigh" });
      expect(response.headers.get("x-pollux-notes")).toMatch(
        /ignored: user.*; clamped: reasoning_effort|clamped: reasoning_effort.*; ignored: user/,
      );
      await response.text();
    }
    expect((await post(gateway, HELLO)).headers.get("x-pollux-notes")).toBeNull();
  });

  test("S-49 hold nothing of what the caller wrote but field names", async () => {
    const response = await post(gateway, {
      ...HELLO,
      user: "secret\r\nx-evil: 1",
      "odd\r\nx-evil: 1": "secret",
    });
    expect(response.status).toBe(200);
    expect(response.headers.get("x-evil")).toBeNull();
    const notes = response.headers.get("x-pollux-notes")!;
    expect(notes).not.toContain("secret");
    expect(notes.length).toBeLessThan(2100);
  });

  test("stay bounded with ten thousand odd fields", async () => {
    const odd = Object.fromEntries(Array.from({ length: 10_000 }, (_, index) => [`odd_field_${index}`, 1]));
    const response = await post(gateway, { ...odd, ...HELLO });
    expect(response.status).toBe(200);
    expect(response.headers.get("x-pollux-notes")!.length).toBeLessThan(2100);
  });
});

describe("x-pollux-strict", () => {
  test("turns an ignored field into a 400 that names it", async () => {
    const before = gateway.composed.emulator!.requestCount;
    const response = await post(
      gateway,
      { ...HELLO, logit_bias: { "50256": -100 } },
      { headers: { "x-pollux-strict": "1" } },
    );
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({
      error: { type: "invalid_request_error", param: "logit_bias" },
    });
    expect(gateway.composed.emulator!.requestCount).toBe(before);
  });

  test("lets an exact request pass", async () => {
    const response = await post(
      gateway,
      { ...HELLO, temperature: 0.5, max_completion_tokens: 500 },
      { headers: { "x-pollux-strict": "1" } },
    );
    expect(response.status).toBe(200);
  });
});

describe("x-pollux-explain", () => {
  test("shows the call, sends nothing", async () => {
    const before = gateway.composed.emulator!.requestCount;
    const response = await post(
      gateway,
      { ...HELLO, user: "u", temperature: 0.5 },
      { headers: { "x-pollux-explain": "1" } },
    );
    const explanation = await response.json();
    expect(explanation).toMatchObject({
      object: "pollux.explanation",
      upstream: {
        method: "POST",
        url: expect.stringMatching(/\/publishers\/google\/models\/gemini-3\.5-flash:generateContent$/),
        body: {
          contents: [{ role: "user", parts: [{ text: "Hello there" }] }],
          generationConfig: { temperature: 0.5 },
        },
        calls: 1,
      },
      notes: [
        {
          action: "ignored",
          field: "user",
          source: expect.stringMatching(/^https:\/\//),
          summary: expect.any(String),
        },
      ],
    });
    expect(JSON.stringify(explanation)).not.toContain("emulated-token");
    expect(gateway.composed.emulator!.requestCount).toBe(before);
  });

  test("shows exactly what is sent", async () => {
    const request = {
      ...HELLO,
      messages: [{ role: "system", content: "Be brief." }, ...HELLO.messages],
      tools: [
        {
          type: "function",
          function: { name: "f", parameters: { type: "object", properties: { a: { type: "string" } } } },
        },
      ],
      reasoning_effort: "low",
      seed: 7,
    };
    const explained = (await (
      await post(gateway, request, { headers: { "x-pollux-explain": "1" } })
    ).json()) as {
      upstream: { url: string; body: unknown };
    };
    expect((await post(gateway, request)).status).toBe(200);
    const sent = gateway.composed.emulator!.requests.at(-1)!;
    expect(sent.body).toEqual(explained.upstream.body);
    expect(explained.upstream.url.endsWith(sent.url)).toBe(true);
  });
});

describe("F-41 thought signatures with a client that keeps only id, type and function", () => {
  const tools = ["get_tide", "get_wind"].map((name) => ({
    type: "function" as const,
    function: {
      name,
      parameters: { type: "object", properties: { port: { type: "string" } }, required: ["port"] },
    },
  }));
  const model = "google/gemini-3.5-flash";

  /** What most frameworks do to an assistant message. */
  function rebuilt(message: OpenAI.ChatCompletionMessage): OpenAI.ChatCompletionAssistantMessageParam {
    return {
      role: "assistant",
      content: message.content,
      tool_calls: message.tool_calls!.map((call) => {
        if (call.type !== "function") throw new Error("not a function");
        return {
          id: call.id,
          type: "function",
          function: { name: call.function.name, arguments: call.function.arguments },
        };
      }),
    };
  }

  function callsSent(): Part[] {
    const { contents } = gateway.composed.emulator!.requests.at(-1)!.body as GenerateContentRequest;
    return contents!.flatMap(({ parts }) => parts!.filter(({ functionCall }) => functionCall !== undefined));
  }

  test.each([false, true])("two parallel calls, then a further step (streamed: %s)", async (stream) => {
    const emulator = gateway.composed.emulator!;
    emulator.addRule({
      when: { nth: 1 },
      then: {
        calls: [
          { name: "get_tide", args: { port: "Brest" } },
          { name: "get_tide", args: { port: "Roscoff" } },
        ],
      },
    });
    emulator.addRule({ when: { nth: 1 }, then: { calls: [{ name: "get_wind", args: { port: "Brest" } }] } });
    const messages: OpenAI.ChatCompletionMessageParam[] = [{ role: "user", content: "Tides and wind?" }];
    const ask = async (): Promise<OpenAI.ChatCompletion.Choice> => {
      const completion = stream
        ? await openai.chat.completions.stream({ model, messages, tools }).finalChatCompletion()
        : await openai.chat.completions.create({ model, messages, tools });
      return completion.choices[0]!;
    };

    const first = await ask();
    expect(first.finish_reason).toBe("tool_calls");
    const signature = (call: object): string | undefined =>
      (call as { extra_content?: { google: { thought_signature?: string } } }).extra_content?.google
        .thought_signature;
    const given = first.message.tool_calls!.map(signature);
    expect(given).toEqual([expect.any(String), undefined]);
    const ids = first.message.tool_calls!.map(({ id }) => id);
    expect(new Set(ids).size).toBe(2);
    for (const id of ids) expect(id).toMatch(/^call_\w{24}$/);

    messages.push(rebuilt(first.message));
    for (const id of ids.toReversed()) messages.push({ role: "tool", tool_call_id: id, content: "04:12" });
    const second = await ask();
    expect(second.message.tool_calls).toHaveLength(1);
    // The emulator checks every signature against its part; this says it once more in plain words.
    expect(callsSent().map(({ thoughtSignature }) => thoughtSignature)).toEqual(given);

    messages.push(rebuilt(second.message), {
      role: "tool",
      tool_call_id: second.message.tool_calls![0]!.id,
      content: "NW 5",
    });
    const third = await ask();
    expect(third.finish_reason).toBe("stop");
    expect(callsSent().map(({ thoughtSignature }) => thoughtSignature)).toEqual([
      ...given,
      signature(second.message.tool_calls![0]!),
    ]);
  });

  test("a history from elsewhere gets Google's bypass value, once a step, with a note", async () => {
    const response = await post(gateway, {
      model,
      tools,
      messages: [
        { role: "user", content: "Tides?" },
        {
          role: "assistant",
          content: null,
          tool_calls: ["a", "b"].map((id) => ({
            id,
            type: "function",
            function: { name: "get_tide", arguments: '{"port":"Brest"}' },
          })),
        },
        { role: "tool", tool_call_id: "a", content: "1" },
        { role: "tool", tool_call_id: "b", content: "2" },
      ],
    });
    expect(response.status).toBe(200);
    expect(response.headers.get("x-pollux-notes")).toMatch(/added: messages\[1\]\.tool_calls\[0\]/);
    expect(callsSent().map(({ thoughtSignature }) => thoughtSignature)).toEqual([
      "skip_thought_signature_validator",
      undefined,
    ]);
  });

  test("an altered signature that the client echoes is repaired by the bypass, once", async () => {
    const emulator = gateway.composed.emulator!;
    emulator.addRule({ when: { nth: 1 }, then: { calls: [{ name: "get_tide", args: { port: "Brest" } }] } });
    const { message } = (
      await openai.chat.completions.create({ model, tools, messages: [{ role: "user", content: "Tides?" }] })
    ).choices[0]!;
    const [call] = message.tool_calls!;
    const before = emulator.requestCount;
    const response = await post(gateway, {
      model,
      tools,
      messages: [
        { role: "user", content: "Tides?" },
        {
          ...rebuilt(message),
          tool_calls: [
            {
              ...rebuilt(message).tool_calls![0],
              extra_content: { google: { thought_signature: "QUFBQUFBQUFBQUFBQUFBQUFBQUE=" } },
            },
          ],
        },
        { role: "tool", tool_call_id: call!.id, content: "04:12" },
      ],
    });
    expect(response.status).toBe(200);
    expect(emulator.requestCount).toBe(before + 2);
    expect(callsSent()[0]!.thoughtSignature).toBe("skip_thought_signature_validator");
  });
});
