/** Accumulating a stream gives the message of the unstreamed answer, for our own reading of the chunks and the SDK's. */
import * as fc from "fast-check";
import OpenAI from "openai";
import { describe, expect, test } from "vitest";
import type { RememberedCall } from "../src/signatures/signature-store.ts";
import { toChatCompletion } from "../src/translate/gemini-to-openai/completion.ts";
import { StreamTranslation } from "../src/translate/gemini-to-openai/stream.ts";
import type { AnswerContext, AnswerShape, ReasoningFormat } from "../src/translate/target.ts";
import type { GenerateContentResponse } from "../src/wire/gemini.ts";
import { type Accumulated, type AccumulatedChoice, accumulateChunks } from "./support/accumulate-chunks.ts";
import { anyCandidate, pieces } from "./support/gemini-answer-arbitrary.ts";

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
