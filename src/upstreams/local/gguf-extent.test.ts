import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { END, writeTinyGguf } from "../../../test/support/tiny-gguf.ts";
import { checkGguf } from "./gguf-extent.ts";
import { LocalModelError } from "./local-model-error.ts";

let folder: string;
let file: string;
let whole: Buffer;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "pollux-gguf-"));
  file = join(folder, "model.gguf");
  writeTinyGguf(file, { next: { a: END }, template: "{{ messages }}" });
  whole = readFileSync(file);
});
afterAll(() => rmSync(folder, { recursive: true }));

function check(bytes: Buffer): number {
  const damaged = join(folder, "damaged.gguf");
  writeFileSync(damaged, bytes);
  return checkGguf(damaged);
}

describe("checkGguf", () => {
  test("gives the size of a whole file", () => {
    expect(checkGguf(file)).toBe(whole.length);
  });

  test("refuses a file that ends before its last tensor begins, wherever that is", () => {
    fc.assert(
      // The last tensor takes less than half of it.
      fc.property(fc.integer({ min: 4, max: Math.floor(whole.length / 2) }), (length) => {
        expect(() => check(whole.subarray(0, length))).toThrow(/is damaged, or was cut off/);
      }),
      { numRuns: 50 },
    );
  });

  test.each([
    ["an empty file", Buffer.alloc(0), /does not begin with "GGUF"/],
    ["another format", Buffer.from("PK\u0003\u0004...."), /does not begin with "GGUF"/],
    ["a version that is to come", Buffer.from("GGUF\u0009\0\0\0"), /of version 9/],
  ])("refuses %s", (_, bytes, message) => {
    expect(() => check(bytes)).toThrow(message);
  });

  test("says yes or no to any damage, in time", () => {
    const head = whole.subarray(0, 20_000);
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: 4, max: 12_000 }), fc.integer({ min: 0, max: 255 })), {
          maxLength: 5,
        }),
        (damage) => {
          const bytes = Buffer.from(head);
          for (const [at, value] of damage) bytes[at] = value;
          try {
            expect(check(bytes)).toBe(bytes.length);
          } catch (error) {
            expect(error).toBeInstanceOf(LocalModelError);
          }
        },
      ),
      { numRuns: 200 },
    );
  });
});
