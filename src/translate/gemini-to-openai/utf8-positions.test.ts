import * as fc from "fast-check";
import { expect, test } from "vitest";
import { Utf8Positions } from "./utf8-positions.ts";

function positionsOf(...pieces: string[]): Utf8Positions {
  const positions = new Utf8Positions();
  for (const piece of pieces) positions.append(piece);
  return positions;
}

test.each([
  { pieces: ["abc"], byte: 2, index: 2 },
  { pieces: ["abc"], byte: 99, index: 3 },
  { pieces: ["é", "b"], byte: 2, index: 1 },
  { pieces: ["é", "b"], byte: 1, index: 0 },
  { pieces: ["ab", "🙂c"], byte: 6, index: 4 },
  { pieces: ["ab", "🙂c"], byte: 4, index: 2 },
  { pieces: ["日本", "ab"], byte: 7, index: 3 },
  { pieces: [], byte: 0, index: 0 },
])("byte $byte of $pieces is index $index", ({ pieces, byte, index }) => {
  expect(positionsOf(...pieces).indexAt(byte)).toBe(index);
});

test("agrees with encoding the text, wherever it is cut", () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: "grapheme" })), (pieces) => {
      const text = pieces.join("");
      const positions = positionsOf(...pieces);
      expect(positions.bytes).toBe(Buffer.byteLength(text));
      expect(positions.length).toBe(text.length);
      let units = 0;
      for (const character of text) {
        expect(positions.indexAt(Buffer.byteLength(text.slice(0, units)))).toBe(units);
        units += character.length;
      }
    }),
  );
});

test("what was not kept is not guessed", () => {
  const positions = positionsOf("é", ...Array.from({ length: 20 }, () => "x".repeat(100_000)));
  expect(positions.indexAt(1_900_000)).toBeUndefined();
  expect(positions.indexAt(500_000)).toBe(499_999);
  expect(positions.indexAt(positions.bytes)).toBe(positions.length);
});
