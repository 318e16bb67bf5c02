/**
 * Any answer of Gemini's, as bytes: in any events, framed and cut in any way, through the whole core of the gateway.
 * What a client puts together is the answer unstreamed; and whatever is missing, nothing looks finished.
 */
import { setImmediate as turn } from "node:timers/promises";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { GatewayError } from "../src/errors.ts";
import { chatCompletions } from "../src/gateway/chat-completions.ts";
import type { Candidate, GenerateContentResponse } from "../src/wire/gemini.ts";
import type { ChatCompletion } from "../src/wire/openai.ts";
import { type AccumulatedChoice, accumulateChunks } from "./support/accumulate-chunks.ts";
import { anyCandidate, pieces } from "./support/gemini-answer-arbitrary.ts";
import { callWith, RecordedReply, scriptedGateway, type ScriptedCall } from "./support/scripted-upstream.ts";

const USAGE = { promptTokenCount: 5, candidatesTokenCount: 7, thoughtsTokenCount: 2 };

interface Answer {
  whole: GenerateContentResponse;
  events: GenerateContentResponse[];
}

/** Plain text in many small events of one form: what the gateway does not parse one by one. */
const plainText: fc.Arbitrary<Candidate> = fc
  .array(fc.string({ minLength: 1, maxLength: 6, unit: "grapheme" }), { minLength: 3, maxLength: 12 })
  .map((words) => ({ content: { role: "model", parts: [{ text: words.join("") }] }, finishReason: "STOP" }));

const answers: fc.Arbitrary<Answer> = fc
  .record({
    candidates: fc.array(fc.oneof(anyCandidate, plainText), { minLength: 1, maxLength: 3 }),
    cuts: fc.array(fc.nat(4), { minLength: 1, maxLength: 8 }),
    usageEverywhere: fc.boolean(),
  })
  .map(({ candidates, cuts, usageEverywhere }) => {
    const numbered = candidates.map((candidate, index) => ({ ...candidate, index }));
    const lanes = numbered.map((candidate) => pieces(candidate, cuts));
    const more = usageEverywhere ? { usageMetadata: USAGE } : {};
    const events: GenerateContentResponse[] = [
      { candidates: lanes.map((_lane, index) => ({ index })), responseId: "r1", ...more },
    ];
    for (let step = 0; lanes.some((lane) => step < lane.length); step += 1) {
      for (const [index, lane] of lanes.entries()) {
        const piece = lane[step];
        if (piece !== undefined)
          events.push({ candidates: [{ ...piece, index }], responseId: "r1", ...more });
      }
    }
    // Usage comes with the last event, as Gemini sends it.
    events[events.length - 1] = { ...events.at(-1), usageMetadata: USAGE };
    return { whole: { candidates: numbered, usageMetadata: USAGE, responseId: "r1" }, events };
  });

interface Framing {
  lineEnd: string;
  space: string;
  /** A line before each event's data. */
  between: string;
  mark: boolean;
}

const framings: fc.Arbitrary<Framing> = fc.record({
  lineEnd: fc.constantFrom("\n", "\r\n", "\r"),
  space: fc.constantFrom("", " "),
  between: fc.constantFrom("", ": comment", "event: message", "id: 1"),
  mark: fc.boolean(),
});
const cuts = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 12 });

interface Framed {
  bytes: Buffer;
  /** Where the data line of each event ends. */
  ends: number[];
}

function frame(events: readonly GenerateContentResponse[], how: Framing): Framed {
  const { lineEnd, space, between, mark } = how;
  let text = mark ? "\ufeff" : "";
  const ends: number[] = [];
  for (const event of events) {
    if (between !== "") text += between + lineEnd;
    text += `data:${space}${JSON.stringify(event)}`;
    ends.push(Buffer.byteLength(text));
    text += lineEnd + lineEnd;
  }
  return { bytes: Buffer.from(text), ends };
}

interface Begun {
  reply: RecordedReply;
  call: ScriptedCall;
  done: Promise<void>;
  bugs: unknown[];
}

async function begin(stream: boolean): Promise<Begun> {
  const gateway = scriptedGateway();
  const reply = new RecordedReply();
  const request = {
    model: "gemini-2.5-flash",
    stream,
    ...(stream ? { stream_options: { include_usage: true } } : {}),
    messages: [{ role: "user", content: "Hi" }],
  };
  const done = chatCompletions(gateway, callWith(request), reply, undefined);
  await turn();
  const [call] = gateway.calls;
  expect(gateway.calls).toHaveLength(1);
  return { reply, call: call!, done, bugs: gateway.bugs };
}

/** Ids are minted at random, and sound has a header of its own in a whole answer. */
function comparable(choices: readonly (AccumulatedChoice | ChatCompletion["choices"][number])[]): unknown {
  return choices.map(({ message: { audio, ...message }, ...choice }) => ({
    ...choice,
    hasAudio: audio !== undefined && audio !== null,
    message: JSON.parse(JSON.stringify(message).replace(/\bcall_[A-Za-z0-9]+/g, "call_")) as unknown,
  }));
}

function cutUp(bytes: Buffer, shares: readonly number[]): Buffer[] {
  const edges = shares.map((share) => Math.round(share * bytes.length)).toSorted((a, b) => a - b);
  return [...edges, bytes.length].map((end, at) => bytes.subarray(edges[at - 1] ?? 0, end));
}

const LOST = new GatewayError(
  { kind: "upstream", status: 502, type: "server_error", code: "upstream_reset", param: null },
  "The connection was lost.",
);
const FINISHED = /"finish_reason":"|\[DONE\]/;

describe("F-24 F-25 F-26 F-40 any answer, framed and cut anyhow", () => {
  test("is put together to what it is unstreamed, and finishes once, at its end", async () => {
    await fc.assert(
      fc.asyncProperty(answers, framings, cuts, async ({ whole, events }, how, shares) => {
        const unary = await begin(false);
        unary.call.answer(whole);
        await unary.done;
        const completion = JSON.parse(unary.reply.text) as ChatCompletion;

        const { reply, call, done, bugs } = await begin(true);
        call.accept();
        for (const piece of cutUp(frame(events, how).bytes, shares)) call.send(piece);
        // All has come but the end: only that says that nothing follows.
        expect(reply.text).not.toMatch(FINISHED);
        call.end();
        await done;
        // Throws for a second finish, a gap in any numbers, and whatever comes after an end.
        const streamed = accumulateChunks(reply.text);
        expect(comparable(streamed.choices)).toEqual(comparable(completion.choices));
        expect(streamed.usage).toEqual(completion.usage);
        expect(streamed.choices.map(({ index }) => index)).toEqual(whole.candidates!.map((_one, at) => at));
        expect([...bugs, ...unary.bugs]).toEqual([]);
      }),
      { numRuns: 150 },
    );
  });
});

describe("F-31 F-32 F-33 any answer, cut short anywhere", () => {
  test.each([
    ["ended in order", (call: ScriptedCall) => call.end()],
    ["broken", (call: ScriptedCall) => call.break(LOST)],
  ])("and %s never looks finished", async (_, over) => {
    let cut = 0;
    await fc.assert(
      fc.asyncProperty(
        answers,
        framings,
        fc.double({ min: 0, max: 1, noNaN: true }),
        async ({ events }, how, share) => {
          const { bytes, ends } = frame(events, how);
          // The event that holds the last finish reason has not wholly come.
          const lastFinish = events.findLastIndex(
            ({ candidates }) => candidates?.[0]?.finishReason !== undefined,
          );
          const length = Math.floor(share * (ends[lastFinish]! - 1));
          const { reply, call, done, bugs } = await begin(true);
          call.accept();
          call.send(bytes.subarray(0, length));
          over(call);
          await done;
          cut += 1;
          expect(bugs).toEqual([]);
          expect(reply.closed).toBe(true);
          expect(reply.text).not.toMatch(FINISHED);
          expect(reply.text).toMatch(/(?:^|data: )\{"error":\{/);
          if (reply.status === 200) expect(reply.text).toMatch(/data: \{"error":\{[^\n]*\}\}\n\n$/);
          else expect(reply.status).toBeGreaterThanOrEqual(500);
        },
      ),
      { numRuns: 150 },
    );
    expect(cut).toBeGreaterThanOrEqual(150);
  });
});
