import fc from "fast-check";
import { expect, test } from "vitest";
import { BytePattern, viewOf } from "./byte-pattern.ts";

const text = fc.oneof(
  fc.string({ maxLength: 40 }),
  fc.string({ maxLength: 40, unit: "binary" }),
  fc.string({ minLength: 300, maxLength: 600 }),
);

test("is where its bytes are, and nowhere else", () => {
  fc.assert(
    fc.property(text, fc.nat(20), fc.nat(), fc.nat(255), (pattern, offset, place, byte) => {
      const made = BytePattern.of(pattern);
      expect(made === undefined).toBe(pattern.includes("\0"));
      if (made === undefined) return;
      const bytes = Buffer.from(pattern);
      expect(made.length).toBe(bytes.length);
      const memory = Buffer.alloc(offset + bytes.length + 9, "#");
      made.writeTo(viewOf(memory), memory.byteOffset + offset);
      expect(memory).toEqual(Buffer.concat([Buffer.alloc(offset, "#"), bytes, Buffer.alloc(9, "#")]));
      expect(made.isAt(viewOf(memory), memory.byteOffset + offset)).toBe(true);
      if (bytes.length === 0) return;
      const at = offset + (place % bytes.length);
      const same = memory[at] === byte;
      memory[at] = byte;
      expect(made.isAt(viewOf(memory), memory.byteOffset + offset)).toBe(same);
    }),
    { numRuns: 2000 },
  );
});

test("of a text that is too long there is none", () => {
  expect(BytePattern.of("x".repeat(1365))?.length).toBe(1365);
  expect(BytePattern.of("x".repeat(1366))).toBeUndefined();
});

test("one text is one pattern, as long as few others were asked for, and the same bytes after any number", () => {
  const first = BytePattern.of("grüße")!;
  expect(BytePattern.of(`${"gr"}üße`)).toBe(first);
  for (let other = 0; other < 300; other += 1) BytePattern.of(`other ${other}`);
  const again = BytePattern.of("grüße")!;
  expect(again).not.toBe(first);
  const bytes = Buffer.from("grüße");
  expect(again.isAt(viewOf(bytes), bytes.byteOffset)).toBe(true);
});

test("a text with half a character is the pattern of what is written for it", () => {
  const half = BytePattern.of("a\ud800b")!;
  expect(half).toBe(BytePattern.of("a\ufffdb"));
  const bytes = Buffer.from("a\ud800b");
  expect(half.isAt(viewOf(bytes), bytes.byteOffset)).toBe(true);
});
