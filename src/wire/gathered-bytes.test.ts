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

test("bytes that are only lent are kept, whatever becomes of them, and whether or not others are given", () => {
  const piece = fc.tuple(fc.uint8Array({ maxLength: 50_000, size: "max" }), fc.nat(9), fc.boolean());
  fc.assert(
    fc.property(
      fc.array(piece, { maxLength: 12 }),
      fc.oneof(fc.constantFrom(0, 1, 1_000, 100_000, 1e9), fc.constant("the truth")),
      (pieces, announced) => {
        const whole = Buffer.concat(pieces.map(([data]) => data));
        const bytes = new GatheredBytes(typeof announced === "number" ? announced : whole.length);
        for (const [data, before, isLent] of pieces) {
          if (isLent) {
            const lent = Buffer.concat([Buffer.alloc(before, "<"), data, Buffer.from(">>>")]);
            bytes.pushLent(lent, before, before + data.length);
            lent.fill("#");
          } else {
            bytes.push(Buffer.from(data));
          }
        }
        expect(bytes.length).toBe(whole.length);
        expect(bytes.take().equals(whole)).toBe(true);
        expect([bytes.length, bytes.take().length]).toEqual([0, 0]);
      },
    ),
  );
});

test("what is lent in one piece, as long as announced, takes no more room than that", () => {
  const bytes = new GatheredBytes(5_000_000);
  const lent = Buffer.alloc(5_000_002, "x");
  bytes.pushLent(lent, 1, 5_000_001);
  const taken = bytes.take();
  expect([taken.length, taken.buffer.byteLength]).toEqual([5_000_000, 5_000_000]);
  expect(taken.buffer).not.toBe(lent.buffer);
});

test("an announcement of what is lent is believed no sooner either", () => {
  const bytes = new GatheredBytes(40 * 1024 * 1024);
  const lent = Buffer.alloc(1024 * 1024);
  for (let come = 0; come < 9; come += 1) bytes.pushLent(lent, 0, lent.length);
  const early = bytes.take();
  expect(early.buffer.byteLength).toBeLessThanOrEqual(2 * early.length);
  for (let come = 0; come < 40; come += 1) bytes.pushLent(lent, 0, lent.length);
  expect(bytes.take().buffer.byteLength).toBe(40 * 1024 * 1024);
});

test("what was taken is not changed by what comes after, lent or given", () => {
  const bytes = new GatheredBytes(3);
  bytes.pushLent(Buffer.from("one"), 0, 3);
  const first = bytes.take();
  bytes.pushLent(Buffer.from("two"), 0, 3);
  bytes.push(Buffer.from("three"));
  expect([first.toString(), bytes.take().toString()]).toEqual(["one", "twothree"]);
  bytes.pushLent(Buffer.from("four"), 0, 4);
  bytes.clear();
  expect(bytes.take()).toHaveLength(0);
});

test("a second piece that is the whole rest, and more than was expected so far, leaves the first as it is", () => {
  const bytes = new GatheredBytes(65_540);
  bytes.pushLent(Buffer.alloc(10, "a"), 0, 10);
  bytes.pushLent(Buffer.alloc(65_530, "b"), 0, 65_530);
  expect(bytes.take().toString("latin1")).toBe("a".repeat(10) + "b".repeat(65_530));
});
