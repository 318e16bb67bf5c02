/** Accumulating a stream gives the message of the unstreamed answer, for our own reading of the chunks and the SDK's. */
import * as fc from "fast-check";
import OpenAI from "openai";
import { describe, expect, test } from "vitest";
import type { RememberedCall } from "../src/signatures/signature-store.ts";
import { toChatCompletion } from "../src/translate/gemini-to-openai/completion.ts";
import { StreamTranslation } from "../src/translate/gemini-to-openai/stream.ts";
import type { AnswerContext, AnswerShape, ReasoningFormat } from "../src/translate/target.ts";
import type { Candidate, GenerateContentResponse, Part } from "../src/wire/gemini.ts";
import { type Accumulated, type AccumulatedChoice, accumulateChunks } from "./support/accumulate-chunks.ts";

const RUNS = 150;

function shapeOf(overrides: Partial<AnswerShape>): AnswerShape {
  return {
    model: "google/gemini-3.5-flash",
    stream: true,
    includeUsage: true,
    legacyFunctions: false,
    thoughtTagMarker: undefined,
    reasoningFormat: "reasoning_content",
    audioFormat: "pcm16",
    logprobs: false,
    ...overrides,
  };
}

interface Memory {
  context: AnswerContext;
  calls: Map<string, RememberedCall>;
}

function memory(): Memory {
  const calls = new Map<string, RememberedCall>();
  let minted = 0;
  return {
    calls,
    context: {
      id: "chatcmpl-test",
      created: 1_795_262_400,
      mintToolCallId: () => `call_${(minted += 1)}`,
      remember: (id, call) => calls.set(id, call),
    },
  };
}

const asciiOrNot = fc.oneof(
  fc.string({ minLength: 1, maxLength: 12 }),
  fc.string({ minLength: 1, maxLength: 12, unit: "grapheme" }),
  fc.constantFrom("é", "日本", "🙂", "\n", "```"),
);
const base64 = fc
  .uint8Array({ minLength: 1, maxLength: 12 })
  .map((bytes) => Buffer.from(bytes).toString("base64"));
const signature = fc.option(base64, { nil: undefined });
const signed = (part: Part, value: string | undefined): Part =>
  value === undefined ? part : { ...part, thoughtSignature: value };

const anyPart: fc.Arbitrary<Part> = fc.oneof(
  { weight: 5, arbitrary: fc.tuple(asciiOrNot, signature).map(([text, sign]) => signed({ text }, sign)) },
  { weight: 3, arbitrary: asciiOrNot.map((text): Part => ({ text, thought: true })) },
  {
    weight: 3,
    arbitrary: fc
      .tuple(
        fc.constantFrom("a", "b", "__proto__"),
        fc.option(fc.dictionary(fc.string(), fc.jsonValue()), { nil: undefined }),
        signature,
      )
      .map(([name, args, sign]) =>
        // Through JSON, as everything from the wire: -0 and undefined do not survive it.
        signed({ functionCall: JSON.parse(JSON.stringify({ name, args })) as never }, sign),
      ),
  },
  fc
    .tuple(base64, signature, fc.boolean())
    .map(([data, sign, thought]) =>
      signed({ inlineData: { mimeType: "image/png", data }, ...(thought ? { thought } : {}) }, sign),
    ),
  base64.map((data): Part => ({ inlineData: { mimeType: "audio/L16;codec=pcm;rate=24000", data } })),
  fc.string().map((code): Part => ({ executableCode: { language: "PYTHON", code } })),
  fc.string().map((output): Part => ({ codeExecutionResult: { outcome: "OUTCOME_OK", output } })),
  fc.constant<Part>({ text: "", thoughtSignature: "QUFB" }),
  fc.constant({ toolCall: {} } as Part),
);

/** Gemini's unstreamed answer holds one part where a stream has many pieces. */
function joined(parts: Part[]): Part[] {
  const result: Part[] = [];
  for (const part of parts) {
    const last = result.at(-1);
    if (
      last?.text !== undefined &&
      part.text !== undefined &&
      last.thought === part.thought &&
      last.text !== "" &&
      part.text !== "" &&
      last.thoughtSignature === undefined
    ) {
      result[result.length - 1] = { ...part, text: last.text + part.text };
    } else result.push(part);
  }
  return result;
}

const grounding = fc.array(
  fc.record({ start: fc.nat(40), length: fc.nat(20), part: fc.constantFrom(0, 0, 1, 2) }),
  { maxLength: 3 },
);

const anyCandidate = fc
  .record({
    parts: fc.array(anyPart, { minLength: 1, maxLength: 8 }),
    reason: fc.constantFrom("STOP", "STOP", "MAX_TOKENS", "SAFETY", "LANGUAGE"),
    grounding,
    message: fc.option(fc.constant("why"), { nil: undefined }),
  })
  .map(({ parts, reason, grounding: segments, message }): Candidate => {
    const candidate: Candidate = { content: { role: "model", parts: joined(parts) }, finishReason: reason };
    if (message !== undefined) candidate.finishMessage = message;
    if (segments.length > 0) {
      candidate.groundingMetadata = {
        groundingChunks: [{ web: { uri: "https://a.test/", title: "a" } }],
        groundingSupports: segments.map(({ start, length, part }) => ({
          segment: { startIndex: start, endIndex: start + length, partIndex: part },
          groundingChunkIndices: [0],
        })),
      };
    }
    return candidate;
  });

/** Cuts a candidate into events: text anywhere between characters, other parts whole, metadata last. */
function pieces(candidate: Candidate, cuts: number[]): Candidate[] {
  const events: Part[][] = [[]];
  let at = 0;
  const cut = (): number => cuts[at++ % cuts.length] ?? 0;
  for (const part of candidate.content?.parts ?? []) {
    if (part.text === undefined || part.text === "" || part.thoughtSignature !== undefined) {
      // A piece of text that begins an event goes on with the text before it, so these stay where they are.
      events.at(-1)?.push(part);
      continue;
    }
    const characters = [...part.text];
    let first = true;
    while (characters.length > 0) {
      const text = characters.splice(0, 1 + cut()).join("");
      if (first) events.at(-1)?.push({ ...part, text });
      else events.push([{ ...part, text }]);
      first = false;
    }
    if (cut() % 2 === 0) events.push([]);
  }
  return [
    ...events.map((parts): Candidate => (parts.length === 0 ? {} : { content: { role: "model", parts } })),
    Object.fromEntries(Object.entries(candidate).filter(([key]) => key !== "content")) as Candidate,
  ];
}

function streamed(events: GenerateContentResponse[], shape: AnswerShape): { sse: string; memory: Memory } {
  const own = memory();
  const stream = new StreamTranslation(shape, own.context, "gemini-3.5-flash");
  let sse = "";
  for (const event of events) sse += stream.push(event);
  return { sse: sse + stream.end(), memory: own };
}

/** Tool call ids are minted in the order calls come, which differs when choices are interleaved. */
function withoutIds(choices: AccumulatedChoice[], known: Memory): unknown {
  return choices.map((choice) => ({
    ...choice,
    message: {
      ...choice.message,
      ...(choice.message.tool_calls === undefined
        ? {}
        : {
            tool_calls: choice.message.tool_calls.map((call) => ({
              ...call,
              id: "",
              remembered: known.calls.get(call.id),
            })),
          }),
    },
  }));
}

const anyShape: fc.Arbitrary<AnswerShape> = fc
  .record({
    legacyFunctions: fc.constantFrom(false, false, true),
    thoughtTagMarker: fc.constantFrom(undefined, "think"),
    reasoningFormat: fc.constantFrom<ReasoningFormat>("reasoning_content", "reasoning", "content", "none"),
  })
  .map(shapeOf);

describe("any answer", () => {
  test("accumulates to what it is unstreamed", () => {
    fc.assert(
      fc.property(
        fc.array(anyCandidate, { minLength: 1, maxLength: 3 }),
        fc.array(fc.nat(4), { minLength: 1, maxLength: 8 }),
        anyShape,
        (candidates, cuts, shape) => {
          const numbered = candidates.map((candidate, index) => ({ ...candidate, index }));
          const usageMetadata = { promptTokenCount: 5, candidatesTokenCount: 7, thoughtsTokenCount: 2 };
          const whole: GenerateContentResponse = { candidates: numbered, usageMetadata, responseId: "r1" };
          const lanes = numbered.map((candidate) => pieces(candidate, cuts));
          const events: GenerateContentResponse[] = [
            { candidates: lanes.map((_, index) => ({ index })), responseId: "r1" },
          ];
          for (let step = 0; lanes.some((lane) => step < lane.length); step += 1) {
            for (const [index, lane] of lanes.entries()) {
              const piece = lane[step];
              if (piece !== undefined)
                events.push({ candidates: [{ ...piece, index }], usageMetadata: { promptTokenCount: 5 } });
            }
          }
          events.push({ usageMetadata });

          const before = JSON.stringify(events);
          const stream = streamed(events, shape);
          const accumulated = accumulateChunks(stream.sse);
          const wholeMemory = memory();
          const completion = toChatCompletion([whole], shape, wholeMemory.context, "gemini-3.5-flash");
          expect(JSON.stringify(events)).toBe(before);
          expect(accumulated.choices.length).toBe(completion.choices.length);
          expect(sortedByFirstSeen(accumulated, stream.memory)).toEqual(
            sortedByFirstSeen(completion, wholeMemory),
          );
          expect(accumulated.usage).toEqual(completion.usage);
        },
      ),
      { numRuns: RUNS },
    );
  });

  test("reads the same in the official SDK", async () => {
    await fc.assert(
      fc.asyncProperty(
        anyCandidate,
        fc.array(fc.nat(4), { minLength: 1 }),
        anyShape,
        async (candidate, cuts, shape) => {
          const { sse } = streamed(
            pieces(candidate, cuts).map((piece) => ({ candidates: [piece], responseId: "r1" })),
            shape,
          );
          const own = accumulateChunks(sse).choices[0]?.message;
          const client = new OpenAI({
            apiKey: "x",
            baseURL: "http://gateway.test/v1",
            maxRetries: 0,
            fetch: () =>
              Promise.resolve(new Response(sse, { headers: { "content-type": "text/event-stream" } })),
          });
          const final = await client.chat.completions
            .stream({ model: "m", messages: [{ role: "user", content: "hi" }] })
            .finalChatCompletion();
          const message = final.choices[0]?.message;
          expect(message?.content ?? null).toBe(own?.content ?? null);
          expect(message?.refusal ?? null).toBe(own?.refusal ?? null);
          expect(
            message?.tool_calls?.map((call) =>
              call.type === "function" ? [call.id, call.function.name, call.function.arguments] : [],
            ),
          ).toEqual(own?.tool_calls?.map((call) => [call.id, call.function.name, call.function.arguments]));
          expect(message?.audio?.data).toBe(own?.audio?.data);
          expect(final.choices[0]?.finish_reason).toBe(accumulateChunks(sse).choices[0]?.finish_reason);
          // What a client would send back must not call the whole message a thought.
          const extra = (message as { extra_content?: { google?: { thought?: boolean } } } | undefined)
            ?.extra_content;
          expect(extra?.google?.thought ?? false).toBe(false);
        },
      ),
      { numRuns: 40 },
    );
  });
});

function sortedByFirstSeen(answer: Pick<Accumulated, "choices">, known: Memory): unknown {
  return withoutIds(answer.choices, known);
}

describe("any JSON from upstream", () => {
  test("gives frames or a GatewayError, never another error", () => {
    const odd = fc.oneof(fc.jsonValue(), fc.constantFrom(null, 1, "x", [], {}, [null]));
    const keys = [
      "text",
      "thought",
      "thoughtSignature",
      "functionCall",
      "inlineData",
      "fileData",
      "executableCode",
    ];
    const oddPart = fc.dictionary(fc.constantFrom(...keys), odd);
    const oddCandidate = fc.record(
      {
        index: odd,
        content: fc.oneof(odd, fc.record({ parts: fc.oneof(odd, fc.array(fc.oneof(odd, oddPart))) })),
        finishReason: odd,
        finishMessage: odd,
        groundingMetadata: fc.oneof(
          odd,
          fc.record({
            groundingChunks: odd,
            groundingSupports: fc.array(
              fc.oneof(odd, fc.record({ segment: odd, groundingChunkIndices: odd })),
            ),
          }),
        ),
        citationMetadata: odd,
        safetyRatings: odd,
        logprobsResult: fc.oneof(odd, fc.record({ chosenCandidates: fc.array(odd), topCandidates: odd })),
      },
      { requiredKeys: [] },
    );
    const oddEvent = fc.oneof(
      odd,
      fc.record(
        {
          candidates: fc.oneof(odd, fc.array(fc.oneof(odd, oddCandidate))),
          usageMetadata: fc.oneof(
            odd,
            fc.record({ promptTokenCount: odd, promptTokensDetails: odd, trafficType: odd }),
          ),
          promptFeedback: fc.oneof(
            odd,
            fc.record({ blockReason: odd, safetyRatings: odd, blockReasonMessage: odd }),
          ),
          responseId: odd,
          createTime: odd,
          modelVersion: odd,
        },
        { requiredKeys: [] },
      ),
    );
    fc.assert(
      fc.property(fc.array(oddEvent, { minLength: 1, maxLength: 4 }), fc.boolean(), (events, logprobs) => {
        const shape = shapeOf({ logprobs });
        const attempts = [
          () => streamed(events as never, shape).sse,
          () => toChatCompletion(events as never, shape, memory().context, "m").object,
        ];
        for (const attempt of attempts) {
          try {
            expect(typeof attempt()).toBe("string");
          } catch (error) {
            expect(error).toMatchObject({ name: "GatewayError" });
          }
        }
      }),
      { numRuns: 400 },
    );
  });
});
