import * as fc from "fast-check";
import { expect, test } from "vitest";
import { GatheredBytes } from "./gathered-bytes.ts";

test("whatever is announced, what comes is what is taken, and nothing of it is kept", () => {
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ maxLength: 50_000, size: "max" }), { maxLength: 12 }),
      fc.constantFrom(0, 1, 1_000, 100_000, 1e9),
      (pieces, announced) => {
        const bytes = new GatheredBytes(announced);
        for (const piece of pieces) bytes.push(Buffer.from(piece));
        const whole = Buffer.concat(pieces);
        expect(bytes.length).toBe(whole.length);
        expect(bytes.take().equals(whole)).toBe(true);
        expect(bytes.take()).toHaveLength(0);
      },
    ),
  );
});

test("one piece is not copied, and no piece is changed", () => {
  const piece = Buffer.from("one");
  const bytes = new GatheredBytes(6);
  bytes.push(piece);
  bytes.push(Buffer.from("two"));
  expect([bytes.take().toString(), piece.toString()]).toEqual(["onetwo", "one"]);
  bytes.push(piece);
  expect(bytes.take().buffer).toBe(piece.buffer);
});

test("an announcement is believed once a quarter has come, and then kept to exactly", () => {
  const bytes = new GatheredBytes(40 * 1024 * 1024);
  const piece = Buffer.alloc(1024 * 1024);
  for (let come = 0; come < 9; come += 1) bytes.push(piece);
  const early = bytes.take();
  expect(early.buffer.byteLength).toBeLessThanOrEqual(2 * early.length);
  for (let come = 0; come < 40; come += 1) bytes.push(piece);
  expect(bytes.take().buffer.byteLength).toBe(40 * 1024 * 1024);
});
