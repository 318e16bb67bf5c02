/**
 * However the network cuts an upstream's stream, the client gets the same bytes; and put together, a stream is the
 * answer that the same request gets unstreamed. Through the whole gateway.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setImmediate as turn } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { chatCompletions } from "../src/gateway/chat-completions.ts";
import type { ChatCompletion } from "../src/wire/openai.ts";
import { accumulateChunks } from "./support/accumulate-chunks.ts";
import { post, startGateway, type RunningGateway } from "./support/running-gateway.ts";
import { callWith, RecordedReply, scriptedGateway } from "./support/scripted-upstream.ts";

const root = new URL("./fixtures/", import.meta.url).pathname;
const STREAM = "gemini-stream.jsonl";
const streamed = readdirSync(root).filter((name) => existsSync(join(root, name, STREAM)));

interface Received {
  status: number | undefined;
  text: string;
}

/** What the client gets when the upstream's bytes come in these pieces. */
async function receive(request: object, pieces: readonly Buffer[]): Promise<Received> {
  const gateway = scriptedGateway();
  const reply = new RecordedReply();
  const done = chatCompletions(gateway, callWith(request), reply, undefined);
  await turn();
  const [call] = gateway.calls;
  expect(gateway.calls).toHaveLength(1);
  call!.accept();
  for (const piece of pieces) if (!call!.aborted) call!.send(piece);
  if (!call!.aborted) call!.end();
  await done;
  expect(gateway.bugs).toEqual([]);
  expect(reply.closed).toBe(true);
  return { status: reply.status, text: withoutMinted(reply.text) };
}

/** Random ids by the order in which they first come. */
function withoutMinted(text: string): string {
  const seen = new Map<string, string>();
  return text.replace(/\b(call_|chatcmpl-|req_)[A-Za-z0-9]{24}\b/g, (id, kind: string) => {
    if (!seen.has(id)) seen.set(id, `${kind}${seen.size + 1}`);
    return seen.get(id)!;
  });
}

const FRAMINGS: [name: string, lineEnd: string, start: string][] = [
  ["LF", "\n", ""],
  ["CR LF", "\r\n", ""],
  ["a byte order mark and comments", "\n", "\ufeff: comment\n\n"],
];

describe.each(streamed)("%s", (name) => {
  const request = {
    ...JSON.parse(readFileSync(join(root, name, "openai-request.json"), "utf8")),
    stream: true,
  };
  const events = readFileSync(join(root, name, STREAM), "utf8")
    .split("\n")
    .filter((line) => line !== "");

  test.each(FRAMINGS)("cut at every byte, framed with %s", async (_, lineEnd, start) => {
    const bytes = Buffer.from(start + events.map((event) => `data: ${event}${lineEnd}${lineEnd}`).join(""));
    const singly = await receive(
      request,
      [...bytes].map((_byte, at) => bytes.subarray(at, at + 1)),
    );
    expect(singly.text.length).toBeGreaterThan(50);
    for (let at = 1; at < bytes.length; at += 1) {
      const received = await receive(request, [bytes.subarray(0, at), bytes.subarray(at)]);
      if (received.text !== singly.text) expect({ at, ...received }).toEqual({ at, ...singly });
    }
    expect(await receive(request, [bytes])).toEqual(singly);
  });
});

const user = (content: unknown): object => ({ messages: [{ role: "user", content }] });

describe("a stream put together is the answer unstreamed", () => {
  const TIDE = {
    type: "function",
    function: {
      name: "get_tide",
      description: "High water times of a port",
      parameters: { type: "object", properties: { port: { type: "string" } }, required: ["port"] },
    },
  };
  const PLACE = {
    type: "json_schema",
    json_schema: {
      name: "place",
      schema: {
        type: "object",
        properties: { name: { type: "string" }, size: { type: "integer" } },
        required: ["name", "size"],
      },
    },
  };

  /** With what shows that the answer is of the kind it is here for. */
  const REQUESTS: [string, object, RegExp][] = [
    [
      "text",
      { model: "gemini-3.5-flash", ...user("Write a story about a magic backpack 🎒, über alles.") },
      /🎒/,
    ],
    [
      "thoughts",
      {
        model: "gemini-2.5-flash",
        ...user("Why is the sky blue?"),
        extra_body: { google: { thinking_config: { include_thoughts: true } } },
      },
      /"reasoning_content":"./,
    ],
    [
      "thoughts between tags",
      {
        model: "gemini-3.5-flash",
        ...user("Why is the sky blue?"),
        extra_body: { google: { thought_tag_marker: "think", thinking_config: { include_thoughts: true } } },
      },
      /<think>/,
    ],
    [
      "a tool call",
      { model: "gemini-3.5-flash", ...user("When is high water in Brest? Use get_tide."), tools: [TIDE] },
      /"tool_calls":\[/,
    ],
    [
      "a call of a function of old",
      {
        model: "gemini-2.5-flash",
        ...user("When is high water in Brest? Use get_tide."),
        functions: [TIDE.function],
      },
      /"function_call":\{/,
    ],
    [
      "JSON",
      { model: "gemini-3.5-flash", ...user("Describe Brest."), response_format: PLACE },
      /\\"size\\":/,
    ],
    ["two choices", { model: "gemini-2.5-flash", ...user("Name a colour."), n: 2 }, /"index":1/],
    ["two choices of two calls", { model: "gemini-3.8-flash", ...user("Name a colour."), n: 2 }, /"index":1/],
    [
      "logprobs",
      { model: "gemini-2.5-flash", ...user("Name a colour."), logprobs: true, top_logprobs: 2 },
      /"top_logprobs":\[\{/,
    ],
    [
      "a cut answer",
      { model: "gemini-2.0-flash", ...user("Write a story about a backpack."), max_tokens: 7 },
      /"finish_reason":"length"/,
    ],
    [
      "a stop sequence",
      { model: "gemini-2.0-flash", ...user("Count from one to ten."), stop: ["e"] },
      /"finish_reason":"stop"/,
    ],
    [
      "an image",
      { model: "gemini-2.5-flash-image", ...user("Draw a red square."), modalities: ["text", "image"] },
      /data:image/,
    ],
    [
      "sources",
      { model: "gemini-2.5-flash", ...user("What is the news about tides?"), web_search_options: {} },
      /"url_citation"/,
    ],
  ];

  /** Two of everything: the same requests in the same order get the same answers from emulators of one seed. */
  let forWhole: RunningGateway;
  let forStream: RunningGateway;

  beforeAll(async () => {
    const emulator = { seed: "splits", paceMs: 0, now: () => 1_795_000_000_000 };
    forWhole = await startGateway({}, emulator);
    forStream = await startGateway({}, emulator);
  });

  afterAll(async () => {
    await forWhole.close();
    await forStream.close();
    expect([...forWhole.bugs, ...forStream.bugs]).toEqual([]);
  });

  test.each(REQUESTS)("%s", async (_, request, shows) => {
    const whole = await post(forWhole, request);
    expect(whole.status).toBe(200);
    const completion = JSON.parse(withoutMinted(await whole.text())) as ChatCompletion;
    expect(JSON.stringify(completion)).toMatch(shows);
    const streaming = { ...request, stream: true, stream_options: { include_usage: true } };
    const text = withoutMinted(await (await post(forStream, streaming)).text());
    const { object: _object, ...rest } = completion;
    expect(accumulateChunks(text)).toEqual(rest);
  });
});
