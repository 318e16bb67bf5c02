import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ArgumentText, escapedArguments } from "./argument-text.ts";

/** JSON text with every `\n`, `\t` and `\u00..` escape of a control character written raw, and what it means. */
const rawJson = fc.dictionary(fc.string({ unit: "binary" }), fc.string({ unit: "binary" })).map((value) => {
  const raw = JSON.stringify(value).replaceAll(/\\(u00[01].|.)/g, (escape, code: string) => {
    if (!/^(u00[01].|[bfnrt])$/.test(code)) return escape;
    return JSON.parse(`"${escape}"`) as string;
  });
  return { raw, value };
});

/** The text in pieces of the given sizes, over and over. */
function pieces(text: string, sizes: readonly number[]): string[] {
  const cut: string[] = [];
  for (let at = 0, turn = 0; at < text.length; turn += 1) {
    const size = sizes[turn % sizes.length] ?? 1;
    cut.push(text.slice(at, at + size));
    at += size;
  }
  return cut;
}

const sizes = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 });

test("raw control characters are escaped wherever the text is cut", () => {
  fc.assert(
    fc.property(rawJson, sizes, ({ raw, value }, lengths) => {
      const text = new ArgumentText();
      const sent = pieces(raw, lengths).map((piece) => text.push(piece));
      expect(JSON.parse(sent.join(""))).toEqual(value);
      expect(text.complete).toBe(true);
    }),
  );
});

test("JSON that needs nothing is not touched, and is complete exactly at its end", () => {
  const object = fc.oneof(fc.dictionary(fc.string(), fc.jsonValue()), fc.array(fc.jsonValue()));
  fc.assert(
    fc.property(object, fc.constantFrom(0, 2, "\t"), sizes, (value, space, lengths) => {
      const json = JSON.stringify(value, null, space);
      const text = new ArgumentText();
      for (const piece of pieces(json, lengths)) {
        expect(text.complete).toBe(false);
        expect(text.push(piece)).toBe(piece);
      }
      expect(text.complete).toBe(true);
    }),
  );
});

describe("escaped", () => {
  test.each([
    ["between a backslash and its letter", [`{"a":"\\`, `\n"}`], `{"a":"\\n"}`],
    ["after an escaped backslash", [`{"a":"\\\\`, `\n"}`], `{"a":"\\\\\\n"}`],
    ["after an escaped quote", [`{"a":"\\"\n"}`], `{"a":"\\"\\n"}`],
    ["a vertical tab", [`{"a":"\u000b"}`], `{"a":"\\u000b"}`],
    ["outside of strings", [`{\n\t"a": 1\r\n}`], `{\n\t"a": 1\r\n}`],
    ["in text that is no JSON", [`print("a\nb")`], `print("a\nb")`],
  ])("%s", (_, fragments, expected) => {
    const text = new ArgumentText();
    expect(fragments.map((fragment) => text.push(fragment)).join("")).toBe(expected);
  });

  test.each([
    ["", true],
    [" \n", true],
    ["{", false],
  ])("%j is empty: %s", (fragment, isEmpty) => {
    const text = new ArgumentText();
    text.push(fragment);
    expect(text.empty).toBe(isEmpty);
  });
});

describe("whole arguments", () => {
  test.each([
    [`{"a":"x\ny"}`, `{"a":"x\\ny"}`],
    [`{"a":\n1}`, `{"a":\n1}`],
    [`{"a":"x\ny`, `{"a":"x\ny`],
    [`plain\ntext`, `plain\ntext`],
  ])("%j", (given, expected) => {
    expect(escapedArguments(given)).toBe(expected);
  });
});
