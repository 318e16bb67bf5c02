/** The fast way and the parser must agree on every event there can be. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { GenerateContentResponse } from "../../wire/gemini.ts";
import type { AnswerContext, AnswerShape } from "../target.ts";
import { PlainTextEvents } from "./plain-text-event.ts";
import { StreamTranslation } from "./stream.ts";

const SHAPE: AnswerShape = {
  model: "google/gemini-3.5-flash",
  stream: true,
  includeUsage: true,
  legacyFunctions: false,
  thoughtTagMarker: undefined,
  reasoningFormat: "reasoning_content",
  audioFormat: undefined,
  logprobs: false,
};

const CONTEXT: AnswerContext = {
  id: "chatcmpl-1",
  created: 1_795_000_000,
  mintToolCallId: () => "call_1",
  remember: () => {},
};

/** One event as Google writes it: Vertex and the Gemini API order and space their members differently. */
type Writer = (text: string, tokens: number | undefined, index?: number) => string;

const usage = (tokens: number): string =>
  `{"promptTokenCount": 4,"candidatesTokenCount": ${tokens},"totalTokenCount": ${tokens + 4},"promptTokensDetails": [{"modality": "TEXT","tokenCount": 4}]}`;

const WRITERS: [string, Writer][] = [
  [
    "Vertex AI",
    (text, tokens) =>
      `{"candidates": [{"content": {"role": "model","parts": [{"text": ${JSON.stringify(text)}}]}}],` +
      (tokens === undefined ? "" : `"usageMetadata": ${usage(tokens)},`) +
      `"modelVersion": "gemini-3.5-flash","createTime": "2026-11-20T10:00:00.123456Z","responseId": "r1"}`,
  ],
  [
    "the Gemini API",
    (text, tokens, index = 0) =>
      `{"candidates": [{"content": {"parts": [{"text": ${JSON.stringify(text)}}],"role": "model"},"index": ${index}}],` +
      (tokens === undefined ? "" : `"usageMetadata": ${usage(tokens)},`) +
      `"modelVersion": "gemini-3.5-flash","responseId": "abc_1"}`,
  ],
  [
    "members in another order",
    (text, tokens) =>
      `{"responseId":"r","usageMetadata":${tokens === undefined ? "{}" : usage(tokens)},"candidates":[{"index":0,"content":{"parts":[{"text":${JSON.stringify(text)}}],"role":"model"}}]}`,
  ],
];

interface Seen {
  frames: string[];
  usage: unknown;
  error: string | undefined;
  /** Events that took the fast way. */
  fast: number;
}

function translate(events: readonly string[], fastWay: boolean): Seen {
  const stream = new StreamTranslation(SHAPE, CONTEXT, "gemini-3.5-flash");
  const seen: Seen = { frames: [], usage: undefined, error: undefined, fast: 0 };
  try {
    for (const data of events) {
      const frame = fastWay ? stream.pushPlainText(data) : undefined;
      if (frame === undefined) {
        const event = JSON.parse(data) as GenerateContentResponse;
        seen.frames.push(fastWay ? stream.push(event, 0, data) : stream.push(event));
      } else {
        seen.fast += 1;
        seen.frames.push(frame);
      }
    }
    seen.usage = stream.usage;
    seen.frames.push(stream.end());
  } catch (error) {
    seen.error = error instanceof SyntaxError ? "SyntaxError" : String(error);
  }
  return seen;
}

function expectSame(events: readonly string[]): Seen {
  const parsed = translate(events, false);
  const fast = translate(events, true);
  expect({ ...fast, fast: 0 }).toEqual(parsed);
  return fast;
}

const END = `{"candidates": [{"content": {"role": "model","parts": [{"text": "."}]},"finishReason": "STOP"}],"usageMetadata": ${usage(99)}}`;

describe.each(WRITERS)("written as %s", (name, write) => {
  test("growing token counts, escapes, quotes and every alphabet", () => {
    const texts = [
      "Hello",
      ",",
      " world",
      "\n\n",
      'a "quote"',
      "tab\tand \\ backslash",
      "żółć 漢字 🙂",
      "</script>",
      "\u2028",
      "x".repeat(5000),
    ];
    const events = [...texts, ...texts].map((text, at) => write(text, at));
    const { fast } = expectSame([...events, END]);
    // Where the counts come before the text, each event differs before its text begins.
    if (name === "members in another order") expect(fast).toBe(0);
    else expect(fast).toBeGreaterThanOrEqual(events.length - 5);
  });

  test("without counts", () => {
    const { fast } = expectSame([..."abcdefgh"].map((text) => write(text, undefined)).concat(END));
    expect(fast).toBe(6);
  });

  test("any texts and counts", () => {
    const event = fc
      .tuple(fc.string({ unit: "binary" }), fc.option(fc.nat(10_000), { nil: undefined }))
      .map(([text, tokens]) => write(text, tokens));
    fc.assert(fc.property(fc.array(event, { maxLength: 12 }), (events) => void expectSame([...events, END])));
  });

  test("events damaged anywhere: never taken for what they are not", () => {
    const good = Array.from({ length: 6 }, (_, at) => write(`word ${at} `, at + 8));
    const pieces = [
      '"',
      "\\",
      "{",
      "}",
      "]",
      ",",
      ":",
      "0",
      "9",
      "01",
      "-",
      ".",
      "e",
      "\n",
      "\u0001",
      "a",
      "",
      '"text": "x",',
      '"finishReason": "STOP",',
      "index",
    ];
    fc.assert(
      fc.property(
        fc.nat(600),
        fc.nat(3),
        fc.constantFrom(...pieces),
        fc.nat(5),
        (position, cut, piece, which) => {
          const events = [...good, ...good];
          const target = events[6 + which]!;
          const at = position % target.length;
          events[6 + which] = target.slice(0, at) + piece + target.slice(at + cut);
          expectSame([...events, END]);
        },
      ),
      { numRuns: 3000 },
    );
  });
});

test.each([
  ["a finish reason", `{"candidates": [{"content": {"parts": [{"text": "b"}]},"finishReason": "STOP"}]}`],
  ["a thought", `{"candidates": [{"content": {"parts": [{"thought": true,"text": "b"}]}}]}`],
  ["a signature", `{"candidates": [{"content": {"parts": [{"text": "b","thoughtSignature": "x"}]}}]}`],
  ["two parts", `{"candidates": [{"content": {"parts": [{"text": "b"},{"text": "c"}]}}]}`],
  ["two candidates", `{"candidates": [{"content": {"parts": [{"text": "b"}]}},{"content": {"parts": []}}]}`],
  ["the text given twice", `{"candidates": [{"content": {"parts": [{"text": "b","text": "c"}]}}]}`],
  ["a block", `{"candidates": [{"content": {"parts": [{"text": "b"}]}}],"promptFeedback": {}}`],
  ["an error", `{"candidates": [{"content": {"parts": [{"text": "b"}]}}],"error": {"code": 500}}`],
  [
    "counts inside the content",
    `{"candidates": [{"content": {"parts": [{"text": "b"}],"usageMetadata": {}}}]}`,
  ],
])("no form is taken from an event with %s", (_, data) => {
  const events = new PlainTextEvents();
  events.learn(data, JSON.parse(data) as GenerateContentResponse);
  expect(events.match(data)).toBe(false);
});

test("a stream whose form keeps changing is left to the parser, and the number of another candidate is no count", () => {
  const [, write] = WRITERS[1]!;
  const changing = Array.from({ length: 40 }, (_, at) =>
    write("x", 1).replace("abc_1", `id_${"x".repeat(at)}`),
  );
  expect(expectSame([...changing, END]).fast).toBe(0);
  const events = new PlainTextEvents();
  const first = write("x", 5);
  events.learn(first, JSON.parse(first) as GenerateContentResponse);
  const second = write("x", 6);
  events.learn(second, JSON.parse(second) as GenerateContentResponse);
  expect(events.match(write("y", 123))).toBe(true);
  expect(events.match(write("y", 7, 1))).toBe(false);
});
