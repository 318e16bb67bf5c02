/** Tool calls and JSON, held to their shape by grammars; the model itself would write nonsense. */
import OpenAI from "openai";
import { Ajv } from "ajv";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { LocalModel } from "../../src/upstreams/local/local-model.ts";
import { END, type TinyModel } from "../support/tiny-gguf.ts";
import { ask, chunks, complete, Models } from "./asking.ts";

const BRIEF = { '"': 8, "}": 8, "]": 8, ",": 4, [END]: 9 };
const NO_STRAY_BYTES = Object.fromEntries(
  Array.from({ length: 128 }, (_, at) => [`<0x${(128 + at).toString(16).toUpperCase()}>`, -40]),
);
/** Announces a tool call, and then babbles. */
const CALLS: TinyModel = {
  whole: ["<tool_call>", "</tool_call>"],
  next: { "\n": "Well. ", "Well. ": "<tool_call>" },
  bias: { ...NO_STRAY_BYTES, ...BRIEF, "<tool_call>": 9 },
};
/** Says something else. */
const CHATS: TinyModel = {
  next: { "\n": "No need.", "No need.": END },
  bias: { ...NO_STRAY_BYTES, ...BRIEF },
};

const models = new Models();
let calls: LocalModel;
let chats: LocalModel;
beforeAll(async () => {
  calls = await models.load(CALLS);
  chats = await models.load(CHATS);
});
afterAll(() => models.close());

const WEATHER = {
  type: "object",
  properties: {
    city: { type: "string", maxLength: 12 },
    unit: { enum: ["celsius", "fahrenheit"] },
    days: { type: "array", items: { type: "integer", minimum: 1, maximum: 7 }, maxItems: 3 },
  },
  required: ["city", "unit"],
  additionalProperties: false,
};
const weather = { type: "function" as const, function: { name: "get_weather", parameters: WEATHER } };
const now = { type: "function" as const, function: { name: "now" } };
const validWeather = new Ajv().compile(WEATHER);
const SEEDS = [1, 2, 3, 4, 5, 6];
const LIMIT = { max_tokens: 2000 };

function isCall(call: { function: { name: string; arguments: string } }): boolean {
  const args: unknown = JSON.parse(call.function.arguments);
  return call.function.name === "get_weather"
    ? validWeather(args)
    : call.function.name === "now" && Object.keys(args as object).length === 0;
}

describe("tool_choice required", () => {
  test.each(SEEDS)("makes calls of the declared tools, with valid arguments (seed %i)", async (seed) => {
    const { choices } = await complete(chats, {
      ...LIMIT,
      seed,
      tools: [weather, now],
      tool_choice: "required",
    });
    const { message, finish_reason: reason } = choices[0]!;
    expect(reason).toBe("tool_calls");
    expect(message.content).toBeNull();
    expect(message.tool_calls!.length).toBeGreaterThan(0);
    expect(message.tool_calls!.filter((call) => !isCall(call))).toEqual([]);
    expect(message.tool_calls!.map(({ id }) => id)).toEqual(
      message.tool_calls!.map(() => expect.stringMatching(/^call_\w{24}$/)),
    );
  });

  test("of one tool, makes a call of that one", async () => {
    const choice = { type: "function", function: { name: "now" } };
    for (const seed of SEEDS) {
      const body = { ...LIMIT, seed, tools: [weather, now], tool_choice: choice, parallel_tool_calls: false };
      const { choices } = await complete(chats, body);
      expect(choices[0]!.message.tool_calls).toEqual([
        { id: expect.any(String), type: "function", function: { name: "now", arguments: "{}" } },
      ]);
    }
  });

  test("without parallel_tool_calls makes one call; with them some make several", async () => {
    const counts = async (parallel: boolean): Promise<number[]> => {
      const answers = [];
      for (let seed = 0; seed < 20; seed++) {
        const body = { ...LIMIT, seed, tools: [now], tool_choice: "required", parallel_tool_calls: parallel };
        answers.push((await complete(calls, body)).choices[0]!.message.tool_calls!.length);
      }
      return answers;
    };
    expect(new Set(await counts(false))).toEqual(new Set([1]));
    expect(Math.max(...(await counts(true)))).toBeGreaterThan(1);
  });

  test("gives the same streamed, in pieces OpenAI's own client puts together", async () => {
    const body = { ...LIMIT, seed: 3, tools: [weather, now], tool_choice: "required" as const };
    const whole = (await complete(chats, body)).choices[0]!.message.tool_calls!.map((call) => call.function);
    const fetch = async (_: unknown, init?: RequestInit): Promise<Response> => {
      const { status, headers, text } = await ask(chats.client, String(init?.body)).answer;
      return new Response(text, { status, headers: headers as Record<string, string> });
    };
    const client = new OpenAI({ apiKey: "none", baseURL: "http://local/v1", fetch });
    const messages = [{ role: "user" as const, content: "Hi" }];
    const final = await client.chat.completions
      .stream({ model: "tiny", messages, ...body })
      .finalChatCompletion();
    const streamed = final.choices[0]!.message.tool_calls!.map((call) =>
      call.type === "function" ? call.function : undefined,
    );
    expect(streamed).toMatchObject(whole);
    const deltas = (await chunks(chats, body)).flatMap(({ choices }) => choices[0]!.delta.tool_calls ?? []);
    expect(deltas.length).toBeGreaterThan(3);
  });

  test("that runs out of tokens says so", async () => {
    const { choices } = await complete(chats, {
      seed: 1,
      max_tokens: 60,
      tools: [weather],
      tool_choice: "required",
    });
    expect(choices[0]).toMatchObject({
      finish_reason: "length",
      message: {
        tool_calls: [{ function: { name: "get_weather", arguments: expect.stringMatching(/^\{"city"/) } }],
      },
    });
  });
});

describe("tool_choice auto", () => {
  test.each(SEEDS)("a model that opens a call is held to its shape from there (seed %i)", async (seed) => {
    const { choices } = await complete(calls, { ...LIMIT, seed, tools: [weather, now] });
    const { message, finish_reason: reason } = choices[0]!;
    expect([reason, message.content]).toEqual(["tool_calls", "Well."]);
    expect(message.tool_calls!.filter((call) => !isCall(call))).toEqual([]);
  });

  test("a model that opens none says what it likes", async () => {
    const { choices } = await complete(chats, { tools: [weather] });
    expect(choices[0]).toMatchObject({ finish_reason: "stop", message: { content: "No need." } });
    expect(choices[0]!.message.tool_calls).toBeUndefined();
  });

  test("with none, its tags are text", async () => {
    const { choices } = await complete(calls, {
      seed: 1,
      max_tokens: 2,
      tools: [weather],
      tool_choice: "none",
    });
    expect(choices[0]!.message).toMatchObject({ content: "Well. <tool_call>" });
  });

  test("beside a response format, an answer is one or the other", async () => {
    const format = {
      type: "json_schema",
      json_schema: { name: "n", schema: { type: "array", items: { type: "boolean" } } },
    };
    const kinds = new Set<string>();
    for (let seed = 0; seed < 12; seed++) {
      // The tag is no single token of this model, so both ways are open to chance.
      const { choices } = await complete(chats, {
        ...LIMIT,
        seed,
        tools: [now],
        response_format: format,
        temperature: 2,
      });
      const { content, tool_calls: made } = choices[0]!.message;
      kinds.add(made === undefined ? "format" : "call");
      if (made === undefined) expect(JSON.parse(content!)).toEqual(expect.any(Array));
      else expect([content, made.every(isCall)]).toEqual([null, true]);
    }
    expect(kinds).toEqual(new Set(["format", "call"]));
  });
});

describe("response_format", () => {
  test.each(SEEDS)("json_object gives an object (seed %i)", async (seed) => {
    const { choices } = await complete(chats, { ...LIMIT, seed, response_format: { type: "json_object" } });
    expect(choices[0]!.finish_reason).toBe("stop");
    expect(JSON.parse(choices[0]!.message.content!)).toEqual(expect.objectContaining({}));
  });

  test.each(SEEDS)("json_schema gives what the schema allows, streamed too (seed %i)", async (seed) => {
    const body = {
      ...LIMIT,
      seed,
      response_format: { type: "json_schema", json_schema: { name: "w", strict: true, schema: WEATHER } },
    };
    const content = (await complete(chats, body)).choices[0]!.message.content!;
    expect([content, validWeather(JSON.parse(content))]).toEqual([content, true]);
    const streamed = await chunks(chats, body);
    expect(streamed.map(({ choices }) => choices[0]?.delta.content ?? "").join("")).toBe(content);
  });

  test("guided_choice gives one of the choices", async () => {
    const given = new Set<string>();
    for (const seed of SEEDS) {
      const { choices } = await complete(chats, { seed, guided_choice: ["yes", "no", 'may"be'] });
      given.add(choices[0]!.message.content!);
    }
    expect(given.difference(new Set(["yes", "no", 'may"be']))).toEqual(new Set());
  });
});
