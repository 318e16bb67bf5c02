/** The fast way and the parser must agree on every event there can be. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { GenerateContentResponse } from "../../wire/gemini.ts";
import type { AnswerContext, AnswerShape } from "../target.ts";
import { BytePattern } from "../../wire/byte-pattern.ts";
import { OutgoingText } from "../../wire/outgoing-text.ts";
import { SseReader } from "../../wire/sse.ts";
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
  frames: string;
  usage: unknown;
  error: string | undefined;
  /** Events that took the fast way. */
  fast: number;
}

const MAX_EVENT_BYTES = 100_000;

/** What comes of the bytes of a stream, in these pieces. */
function translate(pieces: readonly Buffer[], fastWay: boolean): Seen {
  const stream = new StreamTranslation(SHAPE, CONTEXT, "gemini-3.5-flash");
  const seen: Seen = { frames: "", usage: undefined, error: undefined, fast: 0 };
  const out = new OutgoingText();
  let parsed = 0;
  let all = 0;
  const reader = new SseReader({
    maxEventBytes: MAX_EVENT_BYTES,
    onEvent: (data) => {
      parsed += 1;
      seen.frames += out.take();
      const event = JSON.parse(data) as GenerateContentResponse;
      seen.frames += fastWay ? stream.push(event, 0, data) : stream.push(event);
    },
    ...(fastWay ? { take: (bytes, from) => stream.pushPlainText(bytes, from, MAX_EVENT_BYTES, 0, out) } : {}),
  });
  const counting = new SseReader({ maxEventBytes: MAX_EVENT_BYTES, onEvent: () => (all += 1) });
  try {
    for (const piece of pieces) {
      // Where it begins in memory is of no account, and it is gone when it was read.
      const lent = Buffer.concat([Buffer.from("]]]"), piece, Buffer.from('"]}\n\n')]);
      counting.push(Buffer.from(piece));
      reader.push(lent.subarray(3, 3 + piece.length));
      lent.fill("#");
      seen.frames += out.take();
    }
    seen.usage = stream.usage;
    seen.frames += stream.end();
  } catch (error) {
    seen.frames += out.take();
    seen.error = error instanceof SyntaxError ? "SyntaxError" : String(error);
  }
  seen.fast = all - parsed;
  return seen;
}

function expectSamePieces(pieces: readonly Buffer[]): Seen {
  const parsed = translate(pieces, false);
  const fast = translate(pieces, true);
  expect({ ...fast, fast: 0 }).toEqual({ ...parsed, fast: 0 });
  return fast;
}

/** All at once, and each by itself. */
function expectSame(events: readonly string[]): Seen {
  const pieces = events.map((data) => Buffer.from(`data: ${data}\n\n`));
  expectSamePieces(pieces);
  return expectSamePieces([Buffer.concat(pieces)]);
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
    else expect(fast).toBeGreaterThanOrEqual(events.length - 1);
  });

  test("without counts", () => {
    const { fast } = expectSame([..."abcdefgh"].map((text) => write(text, undefined)).concat(END));
    expect(fast).toBe(7);
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
  expect(takes(events, data)).toBe(false);
});

const COUNTER = { isAscii: true, appendAscii: () => {}, appendPlainText: () => {} };
const FRAME = { before: BytePattern.of("before")!, after: BytePattern.of("after")!, isAscii: true };

function takes(events: PlainTextEvents, data: string, maxBytes = MAX_EVENT_BYTES): boolean {
  const bytes = Buffer.from(`data: ${data}\n\n`);
  const out = new OutgoingText();
  const to = events.take(bytes, 0, maxBytes, COUNTER, FRAME, out);
  expect(out.length > 0).toBe(to > 0);
  return to === bytes.length;
}

test("a stream whose form keeps changing is left to the parser, and the number of another candidate is no count", () => {
  const [, write] = WRITERS[1]!;
  const changing = Array.from({ length: 40 }, (_, at) =>
    write("x", 1).replace("abc_1", `id_${"x".repeat(at)}`),
  );
  expect(expectSame([...changing, END]).fast).toBe(0);
  const events = new PlainTextEvents();
  const first = write("x", 5);
  events.learn(first, JSON.parse(first) as GenerateContentResponse);
  const second = write("y", 123);
  expect(takes(events, second)).toBe(true);
  expect(takes(events, write("y", 7, 1))).toBe(false);
  expect(takes(events, write("", 7))).toBe(false);
  const length = second.length + "data: \n\n".length;
  expect([takes(events, second, length), takes(events, second, length - 1)]).toEqual([true, false]);
});

/** Texts as they stand between the quotes: written in any way that JSON has, and in no way that it has. */
const written = fc
  .array(
    fc.oneof(
      { weight: 6, arbitrary: fc.string({ maxLength: 9 }).map((text) => JSON.stringify(text).slice(1, -1)) },
      {
        weight: 2,
        arbitrary: fc
          .string({ maxLength: 9, unit: "binary" })
          .map((text) => JSON.stringify(text).slice(1, -1)),
      },
      {
        weight: 3,
        arbitrary: fc.constantFrom(
          "\\u003c",
          "\\u0027",
          "\\u0022",
          "\\u005C",
          "\\u000a",
          "\\u0001",
          "\\u007F",
          "\\u0080",
          "\\u00e9",
          "\\/",
          "\\n",
          '\\"',
          "\\\\",
          "\\b",
          "\\ud83d\\ude42",
          "\\ud83d",
          "\\ude42",
          "🙂",
          "é",
          "漢",
          "\u007f",
        ),
      },
      { weight: 1, arbitrary: fc.constantFrom("\\u00", "\\x", "\\u00g0", "\t", "\u0000", "\\", '"') },
    ),
    { maxLength: 6 },
  )
  .map((pieces) => pieces.join(""));

const invalidUtf8 = fc.constantFrom("80", "c3", "e6bc", "f09f8c", "eda080", "ff", "7ff0", "00");

test("any way to write a text, any line ends, bytes that are no UTF-8, and any cuts", () => {
  const event = fc.record({
    text: written,
    tokens: fc.nat(2000),
    lineEnd: fc.constantFrom("\n\n", "\r\n\r\n", "\r\r", "\n\r\n"),
    wrong: fc.option(fc.tuple(fc.nat(400), invalidUtf8), { freq: 9, nil: undefined }),
  });
  let fast = 0;
  fc.assert(
    fc.property(
      fc.array(event, { minLength: 1, maxLength: 10 }),
      fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 4 }),
      (events, shares) => {
        const [, write] = WRITERS[1]!;
        const pieces = events.map(({ text, tokens, lineEnd, wrong }) => {
          const bytes = Buffer.from(`data: ${write("TEXT", tokens).replace("TEXT", () => text)}${lineEnd}`);
          if (wrong === undefined) return bytes;
          const at = wrong[0] % bytes.length;
          return Buffer.concat([bytes.subarray(0, at), Buffer.from(wrong[1], "hex"), bytes.subarray(at)]);
        });
        const whole = Buffer.concat([
          Buffer.from(`data: ${write("first", 1)}\n\n`),
          ...pieces,
          Buffer.from(`data: ${END}\n\n`),
        ]);
        const edges = shares.map((share) => Math.round(share * whole.length)).toSorted((a, b) => a - b);
        fast += expectSamePieces(
          [...edges, whole.length].map((to, at) => whole.subarray(edges[at - 1] ?? 0, to)),
        ).fast;
      },
    ),
    { numRuns: 2000 },
  );
  expect(fast).toBeGreaterThan(2000);
});

test("more than there is room for: the rest goes on after a parsed one", () => {
  const [, write] = WRITERS[0]!;
  const events = Array.from({ length: 900 }, (_, at) => write(`word ${at} ${"é".repeat(at % 3)}`, at));
  expect(expectSame([...events, write("x".repeat(70_000), 1), ...events, END]).fast).toBeGreaterThan(1700);
});
