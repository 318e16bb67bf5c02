import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { jsonLeaves } from "./json-leaves.ts";
import { spell, SPELLINGS } from "./json-spelling.ts";

/** The strings and numbers of a value in the order in which they are written. */
function expectedTexts(value: unknown): string[] {
  if (typeof value === "string") return [value];
  if (typeof value === "number") return [JSON.stringify(value)];
  if (Array.isArray(value)) return value.flatMap(expectedTexts);
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, member]) => [key, ...expectedTexts(member)]);
}

describe("leaves of JSON", () => {
  test("have their paths, where only the first position in a list counts", () => {
    const raw = `data: {"candidates": [{"n": 1}, {"content": {"parts": [{"x": 2}, {"text": "a\\n\\u00e9"}]}}]}`;
    const leaves = jsonLeaves(raw, 6).filter(({ kind }) => kind !== "key");
    expect(leaves.map(({ kind, path, name, text }) => [kind, path, name, text])).toEqual([
      ["number", ".candidates[0].n", "n", "1"],
      ["number", ".candidates[1].content.parts[].x", "x", "2"],
      ["string", ".candidates[1].content.parts[].text", "text", "a\né"],
    ]);
  });

  test("are all strings and numbers of any value, however it is written, each where it says it is", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom(...SPELLINGS), (value, spelling) => {
        const raw = spell(value, spelling);
        const leaves = jsonLeaves(raw);
        expect(leaves.map(({ text }) => text)).toEqual(expectedTexts(JSON.parse(raw)));
        for (const { kind, text, rawAt } of leaves) {
          const written = raw.slice(rawAt(0), rawAt(text.length));
          expect(kind === "number" ? written : JSON.parse(`"${written}"`)).toBe(text);
        }
      }),
    );
  });

  test("are found in a text that is cut anywhere, up to the cut", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.nat(), (value, cut) => {
        const raw = JSON.stringify(value);
        const at = cut % (raw.length + 1);
        const whole = jsonLeaves(raw);
        const leaves = jsonLeaves(raw.slice(0, at));
        expect(leaves.length).toBeLessThanOrEqual(whole.length);
        for (const [index, { text, rawAt }] of leaves.slice(0, -1).entries()) {
          expect(text).toBe(whole[index]?.text);
          expect(rawAt(text.length)).toBeLessThanOrEqual(at);
        }
      }),
    );
  });
});
