import * as fc from "fast-check";
import { expect, test } from "vitest";
import { isBase64 } from "./base64.ts";

/** The definition, for texts of any length. */
const BY_PATTERN = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{4}|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{2}==)$/;

test.each([
  "",
  "A",
  "====",
  "A===",
  "AB==",
  "ABC=",
  "ABCD",
  "AB=C",
  "AA==AAAA",
  "AB-_",
  "AB C",
  "ABC\n",
  "ABCŁ",
  "ŁŁŁŁ",
  "ABCé",
])("%j", (text) => {
  expect(isBase64(text)).toBe(BY_PATTERN.test(text));
  expect(isBase64(Buffer.from(text))).toBe(BY_PATTERN.test(text));
});

test("it says what the definition says, of texts and of bytes, wherever the fault is", () => {
  const character = fc.oneof(
    { weight: 20, arbitrary: fc.constantFrom("A", "z", "0", "9", "+", "/") },
    {
      weight: 1,
      arbitrary: fc.constantFrom("=", "-", "_", " ", "\n", "\0", "é", "Ł", "⁁", "😀", "\u{10141}", "%"),
    },
  );
  const end = fc.constantFrom("", "=", "==", "A=", "AA==", "AAA=");
  fc.assert(
    fc.property(fc.string({ unit: character, maxLength: 40 }), end, (text, last) => {
      expect(isBase64(text + last)).toBe(BY_PATTERN.test(text + last));
      expect(isBase64(Buffer.from(text + last))).toBe(BY_PATTERN.test(text + last));
    }),
    { numRuns: 2_000 },
  );
});

test("one fault is found anywhere in a large text", () => {
  const large = Buffer.alloc(400_000, "QUJD");
  expect(isBase64(large)).toBe(true);
  fc.assert(
    fc.property(
      fc.nat({ max: large.length - 1 }),
      fc.constantFrom("=", "-", "_", " ", "\n", "\0"),
      (at, fault) => {
        const damaged = Buffer.from(large);
        damaged.write(fault, at);
        const isPadding = fault === "=" && at === large.length - 1;
        expect(isBase64(damaged)).toBe(isPadding);
        expect(isBase64(damaged.toString("latin1"))).toBe(isPadding);
      },
    ),
    { numRuns: 200 },
  );
});
