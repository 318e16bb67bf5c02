import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { answerText, pieceLines, textOf } from "./answer-pieces.ts";
import { spell, SPELLINGS } from "./json-spelling.ts";

/** Through a tape and back. */
function played(chunks: { bytes: Uint8Array; atMs: number }[], isStream: boolean): Buffer {
  const { units, rest } = answerText(chunks, isStream);
  const { frame, lines } = pieceLines(1, units, isStream);
  const head = { recording: 1, atMs: 0, status: 200, ...frame };
  const texts = lines.map((line) => {
    const kept = JSON.parse(JSON.stringify(line)) as typeof line;
    return "bytes" in kept ? "" : textOf(kept, head);
  });
  return Buffer.concat([Buffer.from(texts.join("")), rest]);
}

const eol = fc.constantFrom("\n\n", "\r\n\r\n");
const event = fc.oneof(
  fc
    .tuple(fc.jsonValue(), fc.constantFrom(...SPELLINGS), eol)
    .map(([value, spelling, end]) => `data: ${spell(value, spelling)}${end}`),
  fc.constantFrom(
    ": keep-alive\n\n",
    "event: x\ndata: {}\n\n",
    "data: [DONE]\n\n",
    "data:{}\n\n",
    'data: {"a":1.0}\r\n\r\n',
    "\n\n",
  ),
);

describe("bytes come back as they were", () => {
  test("of streams, wherever the network and the end cut them", () => {
    fc.assert(
      fc.property(
        fc.array(event, { maxLength: 6 }),
        fc.array(fc.nat(), { maxLength: 8 }),
        fc.nat(),
        (events, cuts, end) => {
          const all = Buffer.from(events.join(""));
          const bytes = all.subarray(0, all.length - (end % (Math.min(all.length, 6) + 1)));
          const places = [
            0,
            ...cuts.map((cut) => cut % (bytes.length + 1)).toSorted((a, b) => a - b),
            bytes.length,
          ];
          const chunks = places
            .slice(1)
            .map((place, index) => ({ bytes: bytes.subarray(places[index], place), atMs: index }));
          expect(played(chunks, true)).toEqual(bytes);
        },
      ),
    );
  });

  test("of whole answers", () => {
    fc.assert(
      fc.property(
        fc.jsonValue(),
        fc.constantFrom(...SPELLINGS),
        fc.constantFrom("", "\n"),
        (value, spelling, end) => {
          const bytes = Buffer.from(spell(value, spelling) + end);
          expect(played([{ bytes, atMs: 3 }], false)).toEqual(bytes);
        },
      ),
    );
  });

  test("of answers that are cut inside a character", () => {
    const bytes = Buffer.from('data: {"text": "naïve 😀').subarray(0, -2);
    expect(answerText([{ bytes, atMs: 1 }], true).rest).toEqual(Uint8Array.from([0xf0, 0x9f]));
    expect(played([{ bytes, atMs: 1 }], true)).toEqual(bytes);
  });
});

test("an event has the time at which its last byte came, and is a value on the tape", () => {
  const stream = Buffer.from('data: {"a": [1,2]}\r\n\r\ndata: {"b": "é"}\r\n\r\n: odd\n\n');
  const cut = stream.indexOf(0xc3) + 1;
  const chunks = [
    { bytes: stream.subarray(0, 5), atMs: 10 },
    { bytes: stream.subarray(5, cut), atMs: 20 },
    { bytes: stream.subarray(cut), atMs: 30 },
  ];
  const { frame, lines } = pieceLines(7, answerText(chunks, true).units, true);
  expect(frame).toEqual({ spelling: "spaced", after: "\r\n\r\n" });
  expect(lines).toEqual([
    { recording: 7, atMs: 20, event: { a: [1, 2] } },
    { recording: 7, atMs: 30, event: { b: "é" } },
    { recording: 7, atMs: 30, joined: true, text: ": odd\n\n" },
  ]);
});
