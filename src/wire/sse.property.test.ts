/**
 * The reader against a reading of the standard that shares nothing with it: all bytes decoded at once, lines split by
 * a regular expression, fields taken as the standard's steps say.
 * https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
 */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { GatewayError } from "../errors.ts";
import { SseReader } from "./sse.ts";

interface Event {
  data: string;
  name: string | undefined;
}

/** What the standard dispatches. `id` and `retry` change nothing that is read here. */
function byTheStandard(bytes: Buffer): Event[] {
  // The decoder drops one byte order mark, and puts U+FFFD for what is no UTF-8.
  const lines = new TextDecoder().decode(bytes).split(/\r\n|\n|\r/);
  // What follows the last line end is no line yet, and an event without its blank line is none.
  lines.pop();
  const events: Event[] = [];
  let data = "";
  let type = "";
  for (const line of lines) {
    if (line === "") {
      if (data !== "") events.push({ data: data.slice(0, -1), name: type === "" ? undefined : type });
      data = "";
      type = "";
      continue;
    }
    const colon = line.indexOf(":");
    if (colon === 0) continue;
    const field = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "data") data += `${value}\n`;
    else if (field === "event") type = value;
  }
  return events;
}

function read(chunks: readonly Buffer[], maxEventBytes = 1_000_000): { events: Event[]; failed: unknown } {
  const events: Event[] = [];
  const reader = new SseReader({ onEvent: (data, name) => events.push({ data, name }), maxEventBytes });
  try {
    for (const chunk of chunks) {
      const lent = Buffer.from(chunk);
      reader.push(lent);
      lent.fill(0x2a);
    }
    reader.end();
  } catch (error) {
    return { events, failed: error };
  }
  return { events, failed: undefined };
}

const LINE_ENDS = ["\n", "\r", "\r\n", "\n\n", "\r\r", "\r\n\r\n", "\n\r\n"];
const STARTS = ["data", "data:", "data: ", "data:  ", "data :", "event: ", "event:", "event", "id: 7", "id"];
const OTHERS = [
  "retry: 10",
  ":",
  ": note",
  "\ufeff",
  "\ufeffdata: ",
  "Data: ",
  "datax: ",
  " data: ",
  "\0",
  "x:y:z",
];
/** No UTF-8: a lone continuation, the beginnings of longer characters, a surrogate, more than Unicode has. */
const WRONG = ["80", "c3", "e6bc", "f09f8c", "eda080", "f4908080", "fe", "ff", "c0af"];

const fragment: fc.Arbitrary<Buffer> = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...LINE_ENDS).map((text) => Buffer.from(text)) },
  { weight: 5, arbitrary: fc.constantFrom(...STARTS).map((text) => Buffer.from(text)) },
  { weight: 2, arbitrary: fc.constantFrom(...OTHERS).map((text) => Buffer.from(text)) },
  { weight: 4, arbitrary: fc.string({ unit: "binary", maxLength: 8 }).map((text) => Buffer.from(text)) },
  { weight: 1, arbitrary: fc.constantFrom(...WRONG).map((hex) => Buffer.from(hex, "hex")) },
);

const stream = fc.array(fragment, { maxLength: 40 }).map((all) => Buffer.concat(all));
/** Where to cut, as shares of the whole: 1 and 0 give empty chunks. */
const cuts = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 10 });

function cutUp(bytes: Buffer, shares: readonly number[]): Buffer[] {
  const edges = shares.map((share) => Math.round(share * bytes.length)).toSorted((a, b) => a - b);
  return [...edges, bytes.length].map((end, at) => bytes.subarray(edges[at - 1] ?? 0, end));
}

const singly = (bytes: Buffer): Buffer[] => Array.from(bytes, (byte) => Buffer.of(byte));

describe("F-25 F-26 any stream", () => {
  test("is read as the standard says, wherever it is cut", () => {
    fc.assert(
      fc.property(stream, cuts, (bytes, shares) => {
        const events = byTheStandard(bytes);
        expect(read([bytes])).toEqual({ events, failed: undefined });
        expect(read(cutUp(bytes, shares))).toEqual({ events, failed: undefined });
        expect(read(singly(bytes))).toEqual({ events, failed: undefined });
      }),
      { numRuns: 1_500 },
    );
  });

  test("of short lines of every kind, too", () => {
    const line = fc.constantFrom(...STARTS, ...OTHERS, "", "", "").map((text) => Buffer.from(text));
    const ended = fc
      .tuple(line, fc.constantFrom("\n", "\r", "\r\n"))
      .map(([text, end]) => Buffer.concat([text, Buffer.from(end)]));
    const lines = fc.array(ended, { maxLength: 30 }).map((all) => Buffer.concat(all));
    fc.assert(
      fc.property(lines, cuts, (bytes, shares) => {
        expect(read(cutUp(bytes, shares)).events).toEqual(byTheStandard(bytes));
      }),
      { numRuns: 1_500 },
    );
  });

  test("that is dispatched at all is dispatched as soon as its blank line is there", () => {
    fc.assert(
      fc.property(stream, (bytes) => {
        const seen: number[] = [];
        const reader = new SseReader({ onEvent: () => seen.push(0), maxEventBytes: 1_000_000 });
        for (let end = 1; end <= bytes.length; end += 1) {
          reader.push(Buffer.from(bytes.subarray(end - 1, end)));
          expect(seen.length).toBe(byTheStandard(bytes.subarray(0, end)).length);
        }
      }),
      { numRuns: 300 },
    );
  });
});

/** Bytes of the largest line, and of the largest event with a generous allowance for each of its lines. */
function sizes(bytes: Buffer): { line: number; event: number } {
  let line = 0;
  let event = 0;
  let sum = 0;
  for (const text of bytes.toString("latin1").split(/\r\n|\n|\r/)) {
    line = Math.max(line, text.length);
    sum = text === "" ? 0 : sum + text.length + 32;
    event = Math.max(event, sum);
  }
  return { line, event };
}

describe("F-27 a cap on events", () => {
  const CAP = 40;

  test("lets through what is below it, refuses what is above, and tells nothing wrong before", () => {
    let refused = 0;
    let passed = 0;
    fc.assert(
      fc.property(stream, cuts, (bytes, shares) => {
        const expected = byTheStandard(bytes);
        const { line, event } = sizes(bytes);
        for (const chunks of [[bytes], cutUp(bytes, shares), singly(bytes)]) {
          const { events, failed } = read(chunks, CAP);
          expect(events).toEqual(expected.slice(0, events.length));
          if (failed === undefined) {
            passed += 1;
            expect(line).toBeLessThanOrEqual(CAP);
            expect(events).toEqual(expected);
          } else {
            refused += 1;
            expect(failed).toBeInstanceOf(GatewayError);
            expect(failed).toMatchObject({ failure: { code: "upstream_event_too_large", status: 502 } });
            expect(event).toBeGreaterThan(CAP);
          }
        }
      }),
      { numRuns: 800 },
    );
    expect(Math.min(refused, passed)).toBeGreaterThan(50);
  });
});
