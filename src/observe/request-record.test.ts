import { expect, test } from "vitest";
import { GatewayError } from "../errors.ts";
import { observers } from "./observer.ts";
import { RequestRecord } from "./request-record.ts";

function recorded(): { record: RequestRecord; told: string[] } {
  const told: string[] = [];
  const observer = observers([
    {
      requestBegan: ({ route }) => told.push(`began ${route}`),
      streamBegan: () => told.push("stream"),
      requestEnded: ({ outcome }) => told.push(`ended ${outcome}`),
    },
  ]);
  return { record: new RequestRecord("req_1", 0, observer), told };
}

test("the end is told once, with the first word for it", () => {
  const { record, told } = recorded();
  record.begin("chatCompletions");
  record.phase = "waiting";
  record.fail(new GatewayError({ kind: "upstream_timeout", phase: "idle", afterMs: 1 }, ""));
  record.fail(new TypeError("what followed"));
  record.settle("slow_client.reading");
  record.end(false);
  record.end(true);
  expect(told).toEqual(["began chatCompletions", "ended upstream_timeout.idle"]);
});

test.each([
  [true, "completed"],
  [false, "client_closed.streaming"],
] as const)("an answer whose delivery is %s", (delivered, outcome) => {
  const { record, told } = recorded();
  record.headSent(200);
  record.end(delivered);
  expect(told).toEqual([`ended ${outcome}`]);
  expect(record).toMatchObject({ status: 200, outcome });
  expect(record.endedAt).toBeGreaterThan(0);
});

test("a stream has begun when its head is sent, and a refusal is none", () => {
  const stream = recorded();
  stream.record.asked({ stream: true }, {});
  stream.record.headSent(200);
  const refusal = recorded();
  refusal.record.asked({ stream: true }, {});
  refusal.record.headSent(429);
  expect([stream.record.streamed, stream.told]).toEqual([true, ["stream"]]);
  expect([refusal.record.streamed, refusal.told]).toEqual([false, []]);
});

test.each([
  ["a\r\nb\u001b[31m", "a??b?[31m"],
  ["modèle", "mod?le"],
  ["x".repeat(300), "x".repeat(200)],
  [5, ""],
  [null, ""],
])("S-49 the model %j is kept as %j", (model, kept) => {
  const { record } = recorded();
  record.asked({ model }, {});
  expect(record.model).toBe(kept);
});

test("only an alias of the configuration is told by its name", () => {
  const aliases = Object.assign(Object.create(null) as object, { fast: "gemini-3.5-flash" });
  for (const [model, alias] of [
    ["fast", "fast"],
    ["constructor", "other"],
    ["__proto__", "other"],
    ["gemini-3.5-flash", "other"],
  ]) {
    const { record } = recorded();
    record.asked({ model }, aliases);
    expect(record.alias).toBe(alias);
  }
});

test.each([
  [
    {
      prompt_tokens: 7,
      completion_tokens: 9,
      prompt_tokens_details: { cached_tokens: 2 },
      completion_tokens_details: { reasoning_tokens: 4 },
    },
    { prompt: 7, completion: 9, reasoning: 4, cached: 2 },
  ],
  [
    { prompt_tokens: 7, completion_tokens: "9" },
    { prompt: 7, completion: 0, reasoning: 0, cached: 0 },
  ],
  [{ prompt_tokens: -1, completion_tokens: Infinity }, undefined],
  [undefined, undefined],
  [null, undefined],
  ["7", undefined],
])("usage %j counts as %j", (usage, tokens) => {
  const { record } = recorded();
  record.used(usage);
  expect(record.tokens).toEqual(tokens);
});
