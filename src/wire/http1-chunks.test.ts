/** What the parsers that use them do not show: their tests are beside the parsers of requests and answers. */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { cutAt } from "../../test/support/http-bytes.ts";
import { ChunkReader } from "./http1-chunks.ts";
import { FieldSection } from "./http1-field-section.ts";
import { FramingError } from "./http1-framing-error.ts";

interface Seen {
  body: string;
  /** Where the body ended; -1 when it has not. */
  end: number;
  error: string | undefined;
}

function read(pieces: readonly Buffer[], reader = new ChunkReader(new FieldSection(1_024))): Seen {
  const seen: Seen = { body: "", end: -1, error: undefined };
  reader.begin();
  let before = 0;
  const sink = {
    take: (bytes: Buffer, from: number, to: number) => void (seen.body += bytes.toString("latin1", from, to)),
  };
  for (const piece of pieces) {
    const lent = Buffer.concat([Buffer.from("5\r\n"), piece, Buffer.from("0\r\n\r\n")]);
    try {
      const at = reader.read(lent, 3, 3 + piece.length, sink);
      if (reader.ended) {
        seen.end = before + at - 3;
        return seen;
      }
      expect(at).toBe(3 + piece.length);
    } catch (error) {
      expect(error).toBeInstanceOf(FramingError);
      seen.error = (error as Error).message;
      return seen;
    } finally {
      lent.fill("#");
    }
    before += piece.length;
  }
  return seen;
}

const chunk = fc
  .tuple(
    fc.uint8Array({ minLength: 1, maxLength: 300 }),
    fc.nat(9),
    fc.boolean(),
    fc.constantFrom("", ";a", ";a=b", ';"\t\xff'),
  )
  .map(([data, zeros, isUpper, extension]) => {
    const size = data.length.toString(16);
    const line = `${"0".repeat(zeros)}${isUpper ? size.toUpperCase() : size}${extension}\r\n`;
    return { data, bytes: Buffer.concat([Buffer.from(line, "latin1"), data, Buffer.from("\r\n")]) };
  });

describe("chunks", () => {
  test("whatever their sizes and cuts, their data is read and what follows the body is not", () => {
    fc.assert(
      fc.property(
        fc.array(chunk, { maxLength: 8 }),
        fc.constantFrom("0\r\n\r\n", "000;x\r\n\r\n", "0\r\na: b\r\nc:\r\n\r\n"),
        fc.array(fc.nat(3_000), { maxLength: 10 }),
        (chunks, last, places) => {
          const bytes = Buffer.concat([...chunks.map((one) => one.bytes), Buffer.from(last)]);
          const seen = read(cutAt(Buffer.concat([bytes, Buffer.from("GET / HTTP/1.1\r\n")]), places));
          const body = Buffer.concat(chunks.map(({ data }) => data)).toString("latin1");
          expect(seen).toEqual({ body, end: bytes.length, error: undefined });
        },
      ),
      { numRuns: 300 },
    );
  });

  test("whatever the bytes, any cut gives the same, and nothing but a FramingError is thrown", () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 100 }).map((some) => Buffer.from(some)),
      fc
        .array(fc.constantFrom(..."0123af;:x \t\r\n\0", "\r\n", "3\r\nabc\r\n"), { maxLength: 60 })
        .map((words) => Buffer.from(words.join(""))),
    );
    fc.assert(
      fc.property(bytes, fc.array(fc.nat(200), { maxLength: 8 }), (some, places) => {
        expect(read(cutAt(some, places))).toEqual(read([some]));
      }),
      { numRuns: 1_000 },
    );
  });

  test("chunks that have come whole are handed on from where they stand", () => {
    const taken: [number, number][] = [];
    const reader = new ChunkReader(new FieldSection(1_024));
    reader.begin();
    const bytes = Buffer.from("3\r\nabc\r\n2\r\nde\r\n4\r\nfg");
    expect(reader.read(bytes, 0, bytes.length, { take: (_, from, to) => void taken.push([from, to]) })).toBe(
      bytes.length,
    );
    expect(taken.map(([from, to]) => bytes.toString("latin1", from, to))).toEqual(["abc", "de", "fg"]);
  });

  test("one reader reads bodies one after the other, and extensions count for each alone", () => {
    const reader = new ChunkReader(new FieldSection(1_024));
    const body = Buffer.from(`1;${"x".repeat(10_000)}\r\na\r\n0\r\nt: u\r\n\r\n`);
    for (let round = 0; round < 5; round += 1) {
      expect(read([body], reader)).toEqual({ body: "a", end: body.length, error: undefined });
    }
    expect(read([Buffer.concat([body.subarray(0, 10_007), body])], reader).error).toBe(
      "its chunk extensions are too long",
    );
  });
});
