import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { accumulateChunks, readChunks } from "../../../test/support/accumulate-chunks.ts";
import type { RememberedCall } from "../../signatures/signature-store.ts";
import type { GenerateContentResponse, Part } from "../../wire/gemini.ts";
import type { ChatCompletionChunk } from "../../wire/openai.ts";
import type { AnswerContext, AnswerShape } from "../target.ts";
import { toChatCompletion } from "./completion.ts";
import { StreamTranslation } from "./stream.ts";

const SHAPE: AnswerShape = {
  model: "google/m",
  stream: true,
  includeUsage: false,
  legacyFunctions: false,
  thoughtTagMarker: undefined,
  reasoningFormat: "reasoning_content",
  audioFormat: undefined,
  logprobs: false,
};

function contextOf(calls: Map<string, RememberedCall> = new Map()): AnswerContext {
  let minted = 0;
  return {
    id: "own-id",
    created: 7,
    mintToolCallId: () => `call_${(minted += 1)}`,
    remember: (id, call) => calls.set(id, call),
  };
}

function event(parts: Part[], finishReason?: string, index?: number): GenerateContentResponse {
  return {
    candidates: [
      {
        content: { role: "model", parts },
        ...(finishReason === undefined ? {} : { finishReason }),
        ...(index === undefined ? {} : { index }),
      },
    ],
  };
}

function run(
  events: GenerateContentResponse[],
  shape: Partial<AnswerShape> = {},
  context = contextOf(),
): string {
  const stream = new StreamTranslation({ ...SHAPE, ...shape }, context, "m");
  return events.map((each) => stream.push(each)).join("") + stream.end();
}

const thought = (text: string): Part => ({ text, thought: true });

const partial = (text: string, more: boolean): Part => ({
  functionCall: {
    partialArgs: [{ jsonPath: "$.a", stringValue: text, willContinue: more }],
    willContinue: true,
  },
});

describe("plain text", () => {
  test("takes the short way and gives the same bytes as the long one", () => {
    const text = fc.string({ minLength: 1, unit: "binary" });
    fc.assert(
      fc.property(
        fc.array(text, { minLength: 1 }),
        fc.boolean(),
        fc.string(),
        (texts, includeUsage, model) => {
          const stop = event([], "STOP");
          const short = run([...texts.map((each) => event([{ text: each }])), stop], { includeUsage, model });
          // A field the short way does not know makes each event take the long one.
          const long = run(
            [
              ...texts.map((each) => ({
                candidates: [{ ...event([{ text: each }]).candidates?.[0], tokenCount: 1 } as never],
              })),
              stop,
            ],
            { includeUsage, model },
          );
          expect(short).toBe(long);
          expect(accumulateChunks(short).choices[0]?.message.content).toBe(texts.join(""));
        },
      ),
    );
  });

  test("the envelope is settled by the first event", () => {
    const chunks = readChunks(
      run([
        { ...event([{ text: "a" }]), responseId: "", createTime: "nonsense", modelVersion: "m-001" },
        {
          ...event([{ text: "b" }], "STOP"),
          responseId: "late",
          createTime: "2026-11-21T10:00:00Z",
          modelVersion: "m-002",
        },
      ]),
    );
    for (const chunk of chunks) {
      expect(chunk).toMatchObject({
        id: "own-id",
        created: 7,
        model: "google/m",
        system_fingerprint: "m-001",
      });
    }
  });

  test("an event is not changed", () => {
    const frozen = event([{ text: "a" }, { functionCall: { name: "f", args: { x: 1 } } }], "STOP");
    const before = structuredClone(frozen);
    run([frozen]);
    expect(frozen).toEqual(before);
  });
});

test("every chunk is written as JSON.stringify writes it, with its fields in OpenAI's order", () => {
  const texts = ["a", 'quote " and \\', "\u2028 \ud83d", "é"];
  const events = [
    event([thought("why"), { text: "b" }]),
    ...texts.map((text) => event([{ text }])),
    {
      candidates: [
        { ...event([{ text: "x" }]).candidates?.[0], logprobsResult: { chosenCandidates: [{ token: "x" }] } },
      ],
    },
    event([{ functionCall: { name: "f", args: { n: 1 } }, thoughtSignature: "c2ln" }]),
    event([], "STOP"),
  ];
  const fields = ["id", "object", "created", "model", "system_fingerprint", "choices"];
  const ofChoice = ["index", "delta", "finish_reason", "logprobs"];
  for (const includeUsage of [false, true]) {
    for (const logprobs of [false, true]) {
      const frames = run(events, { includeUsage, logprobs, model: 'm"\u2028é' }).split("\n\n");
      expect(frames.splice(-2)).toEqual(["data: [DONE]", ""]);
      expect(frames.length).toBeGreaterThan(texts.length + 4);
      for (const frame of frames) {
        const json = frame.slice("data: ".length);
        const chunk = JSON.parse(json) as ChatCompletionChunk;
        expect(`data: ${JSON.stringify(chunk)}`).toBe(frame);
        expect(Object.keys(chunk)).toEqual(includeUsage ? [...fields, "usage"] : fields);
        for (const choice of chunk.choices) expect(Object.keys(choice)).toEqual(ofChoice);
      }
    }
  }
});

describe("thoughts", () => {
  test.each([
    {
      name: "before an answer",
      events: [[thought("a"), thought("b")], [{ text: "c" }]],
      content: "<t>ab</t>c",
    },
    { name: "alone", events: [[thought("a")]], content: "<t>a</t>" },
    {
      name: "before a call",
      events: [[thought("a")], [{ functionCall: { name: "f" } }]],
      content: "<t>a</t>",
    },
    {
      name: "in two places",
      events: [[thought("a"), { text: "b" }], [thought("c")], [{ text: "d" }]],
      content: "<t>a</t>b<t>c</t>d",
    },
    {
      name: "around an empty part",
      events: [[thought("a")], [{ text: "", thoughtSignature: "QQ==" }], [thought("b")], [{ text: "c" }]],
      content: "<t>ab</t>c",
    },
    { name: "none", events: [[{ text: "c" }]], content: "c" },
  ])("between tags, $name", ({ events, content }) => {
    const sse = run([...events.map((parts) => event(parts)), event([], "STOP")], { thoughtTagMarker: "t" });
    expect(accumulateChunks(sse).choices[0]?.message.content).toBe(content);
    const flagged = readChunks(sse).flatMap(({ choices }) =>
      choices.flatMap(({ delta }) => (delta.extra_content?.google.thought === true ? [delta.content] : [])),
    );
    expect(flagged.join("")).toBe(content.match(/<t>.*?<\/t>/g)?.join("") ?? "");
  });

  test.each([
    { reasoningFormat: "reasoning_content" as const, message: { content: "b", reasoning_content: "a" } },
    { reasoningFormat: "reasoning" as const, message: { content: "b", reasoning: "a" } },
    { reasoningFormat: "content" as const, message: { content: "ab" } },
    { reasoningFormat: "none" as const, message: { content: "b" } },
  ])("as $reasoningFormat", ({ reasoningFormat, message }) => {
    const events = [event([thought("a")]), event([{ text: "b" }], "STOP")];
    const streamed = accumulateChunks(run(events, { reasoningFormat })).choices[0]?.message;
    const whole = toChatCompletion(
      [event([thought("a"), { text: "b" }], "STOP")],
      { ...SHAPE, reasoningFormat },
      contextOf(),
      "m",
    ).choices[0]?.message;
    expect(streamed).toEqual({ role: "assistant", refusal: null, ...message });
    expect(whole).toEqual(streamed);
  });

  test("flagged and unflagged text never share a delta, and the flag is ended", () => {
    const chunks = readChunks(run([event([thought("a"), { text: "b" }]), event([{ text: "c" }], "STOP")]));
    const flags = chunks.flatMap(({ choices }) =>
      choices.map(({ delta }) => [
        delta.content ?? delta.reasoning_content,
        delta.extra_content?.google.thought,
      ]),
    );
    expect(flags).toEqual(
      [
        [null, undefined],
        ["a", true],
        ["b", false],
        ["c", undefined],
        [undefined, undefined],
      ].map(([text, flag]) => [text ?? undefined, flag]),
    );
  });
});

describe("F-40 tool calls", () => {
  test("each keeps its own signature, id and index, names repeat, and each is remembered", () => {
    const calls = new Map<string, RememberedCall>();
    const sse = run(
      [
        event([{ functionCall: { id: "same", name: "f", args: { n: 1 } }, thoughtSignature: "c2ln" }]),
        event([{ functionCall: { id: "same", name: "f", args: { n: 2 } } }]),
        event([{ text: "and" }, { functionCall: { name: "g" } }]),
        event([], "STOP"),
      ],
      {},
      contextOf(calls),
    );
    const choice = accumulateChunks(sse).choices[0];
    expect(choice?.finish_reason).toBe("tool_calls");
    expect(choice?.message.tool_calls).toEqual([
      {
        id: "call_1",
        type: "function",
        function: { name: "f", arguments: `{"n":1}` },
        extra_content: { google: { thought_signature: "c2ln" } },
      },
      { id: "call_2", type: "function", function: { name: "f", arguments: `{"n":2}` } },
      { id: "call_3", type: "function", function: { name: "g", arguments: "{}" } },
    ]);
    expect(Object.fromEntries(calls)).toEqual({
      call_1: { name: "f", model: "m", signature: "c2ln", upstreamId: "same" },
      call_2: { name: "f", model: "m", upstreamId: "same" },
      call_3: { name: "g", model: "m" },
    });
  });

  test.each([
    { name: "by an empty call", last: [event([{ functionCall: {} }], "STOP")] },
    { name: "by another part", last: [event([{ text: "done" }], "STOP")] },
    { name: "by another call", last: [event([{ functionCall: { name: "g" } }], "STOP")] },
    { name: "by the end of the answer", last: [event([], "STOP")] },
    {
      name: "by its own word",
      last: [event([{ functionCall: { partialArgs: [], willContinue: false } }], "STOP")],
    },
  ])("streamed arguments ended $name", ({ last }) => {
    const events = [
      event([{ functionCall: { name: "f", willContinue: true } }]),
      event([partial("x", true)]),
      event([partial("\n", false)]),
    ];
    const call = accumulateChunks(run([...events, ...last])).choices[0]?.message.tool_calls?.[0];
    expect(call?.function).toEqual({ name: "f", arguments: `{"a":"x\\n"}` });
  });

  test("a signature that comes after the call began is added and remembered", () => {
    const calls = new Map<string, RememberedCall>();
    const sse = run(
      [
        event([{ functionCall: { name: "f", willContinue: true } }]),
        event([{ ...partial("x", false), thoughtSignature: "bGF0ZQ==" }]),
        event([{ functionCall: {} }], "STOP"),
      ],
      {},
      contextOf(calls),
    );
    expect(accumulateChunks(sse).choices[0]?.message.tool_calls?.[0]?.extra_content).toEqual({
      google: { thought_signature: "bGF0ZQ==" },
    });
    expect(calls.get("call_1")).toEqual({ name: "f", model: "m", signature: "bGF0ZQ==" });
  });

  test("streamed arguments of a legacy function call", () => {
    const sse = run(
      [
        event([{ functionCall: { name: "f", willContinue: true } }]),
        event([partial("x", true)]),
        event([], "STOP"),
      ],
      { legacyFunctions: true },
    );
    expect(accumulateChunks(sse).choices[0]).toMatchObject({
      finish_reason: "function_call",
      message: { function_call: { name: "f", arguments: `{"a":"x"}` } },
    });
  });

  test("a truncated call stays length, and arguments for no call are counted", () => {
    expect(
      accumulateChunks(run([event([{ functionCall: { name: "f" } }], "MAX_TOKENS")])).choices[0]
        ?.finish_reason,
    ).toBe("length");
    const choice = accumulateChunks(run([event([partial("x", true), { text: "b" }], "STOP")])).choices[0];
    expect(choice).toMatchObject({ finish_reason: "stop", extra_content: { google: { ignored_parts: 1 } } });
  });
});

describe("the end", () => {
  test.each([
    { name: "no finish reason", events: [event([{ text: "a" }])] },
    { name: "an unspecified finish reason", events: [event([{ text: "a" }], "FINISH_REASON_UNSPECIFIED")] },
    { name: "no candidates", events: [{ usageMetadata: { promptTokenCount: 1 } }] },
    { name: "no events", events: [] },
    {
      name: "one of two choices unfinished",
      events: [event([{ text: "a" }], "STOP", 0), event([{ text: "b" }], undefined, 1)],
    },
  ])("F-32 $name: the stream was cut", ({ events }) => {
    expect(() => run(events)).toThrowError(
      expect.objectContaining({
        failure: expect.objectContaining({ status: 502, code: "upstream_truncated" }),
      }),
    );
  });

  test("F-34 a malformed call after text is an error, not a finish", () => {
    const stream = new StreamTranslation(SHAPE, contextOf(), "m");
    stream.push(event([{ text: "Let me see." }]));
    stream.push(event([], "MALFORMED_FUNCTION_CALL"));
    expect(() => stream.end()).toThrowError(/function call that cannot be read/);
  });

  test("an event that is no object is an error", () => {
    const stream = new StreamTranslation(SHAPE, contextOf(), "m");
    expect(() => stream.push([] as never)).toThrowError(/not a generateContent response/);
  });

  test("more candidates than can be asked for is an error", () => {
    const candidates = Array.from({ length: 200 }, (_, index) => ({ index }));
    expect(() => run([{ candidates }])).toThrowError(/more than 128/);
  });

  test("a source may be finished early, and all must be", () => {
    const stream = new StreamTranslation({ ...SHAPE, includeUsage: true }, contextOf(), "m", 2);
    let sse = stream.push(
      { ...event([{ text: "b" }]), usageMetadata: { promptTokenCount: 3, candidatesTokenCount: 1 } },
      1,
    );
    sse += stream.push(event([{ text: "a" }], "STOP"), 0);
    stream.finishSource(0);
    expect(() => stream.finishSource(1)).toThrowError(/ended before/);
    sse += stream.push(
      { ...event([{ text: "B" }], "MAX_TOKENS"), usageMetadata: { candidatesTokenCount: 2 } },
      1,
    );
    sse += stream.push({ usageMetadata: { promptTokenCount: 3, candidatesTokenCount: 4 } }, 0);
    expect(stream.usage.total_tokens).toBe(12);
    sse += stream.end();
    const answer = accumulateChunks(sse);
    expect(answer.choices.map(({ message, finish_reason }) => [message.content, finish_reason])).toEqual([
      ["bB", "length"],
      ["a", "stop"],
    ]);
    expect(answer.usage?.prompt_tokens).toBe(6);
  });

  test("F-35 one of several calls refused: its choice says so, the others stand", () => {
    const stream = new StreamTranslation(SHAPE, contextOf(), "m", 2);
    let sse = stream.push(event([{ text: "a" }], "STOP"), 0);
    sse += stream.push({ promptFeedback: { blockReason: "SAFETY" } }, 1);
    sse += stream.end();
    expect(accumulateChunks(sse).choices).toMatchObject([
      { finish_reason: "stop", message: { content: "a", refusal: null } },
      { finish_reason: "content_filter", message: { content: null, refusal: "Prompt blocked: SAFETY" } },
    ]);
  });

  test("a refusal in the middle ends the choice that was under way", () => {
    const sse = run([event([{ text: "a" }]), { promptFeedback: { blockReason: "OTHER" } }]);
    expect(accumulateChunks(sse).choices).toMatchObject([
      {
        finish_reason: "content_filter",
        message: { content: "a", refusal: null },
        extra_content: { google: { block_reason: "OTHER" } },
      },
    ]);
  });
});
