import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { StopStrings } from "./stop-strings.ts";

function run(pieces: readonly string[], stops: readonly string[]): { text: string; stopped: boolean } {
  const matcher = new StopStrings(stops);
  const text = pieces.map((piece) => matcher.push(piece)).join("") + matcher.end();
  return { text, stopped: matcher.stopped };
}

describe("StopStrings", () => {
  test.each([
    [["Hello"], [], "Hello", false],
    [["Hel", "lo wor", "ld"], ["lo w"], "Hel", true],
    [["ab", "ab", "c"], ["abc"], "ab", true],
    [["END"], ["END"], "", true],
    [["EN"], ["END"], "EN", false],
    [["one two"], ["two", "one"], "", true],
  ])("%j with %j gives %j", (pieces, stops, text, stopped) => {
    expect(run(pieces, stops)).toEqual({ text, stopped });
  });

  test("gives what is sure at once", () => {
    const matcher = new StopStrings(["\n\n"]);
    expect([matcher.push("one"), matcher.push("\n"), matcher.push("two")]).toEqual(["one", "", "\ntwo"]);
  });

  test("does not depend on how the text is cut", () => {
    const letters = fc.string({ unit: fc.constantFrom("a", "b", "c"), maxLength: 12 });
    const stops = fc.array(fc.string({ unit: fc.constantFrom("a", "b", "c"), minLength: 1, maxLength: 3 }), {
      maxLength: 3,
    });
    fc.assert(
      fc.property(fc.array(letters, { maxLength: 6 }), stops, (pieces, stops) => {
        const whole = pieces.join("");
        const ends = stops.flatMap((stop) => (whole.includes(stop) ? [whole.indexOf(stop)] : []));
        const text = ends.length === 0 ? whole : whole.slice(0, Math.min(...ends));
        const cut = run(pieces, stops);
        expect(cut.stopped).toBe(ends.length > 0);
        // Of stop strings that overlap, the one complete first may be the one that begins later.
        expect(whole.startsWith(cut.text)).toBe(true);
        expect(cut.text.length).toBeGreaterThanOrEqual(text.length);
        for (const stop of stops) expect(cut.text.includes(stop)).toBe(false);
        if (new Set(stops).size <= 1) expect(cut.text).toBe(text);
      }),
    );
  });
});
