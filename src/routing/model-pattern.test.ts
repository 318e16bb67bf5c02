import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { matchesModel, parseModelPattern, spellingsOf } from "./model-pattern.ts";

describe("matchesModel", () => {
  test.each([
    { pattern: "google/gemini-*", model: "google/gemini-3.5-flash", matches: true },
    { pattern: "google/gemini-*", model: "google/gemini-", matches: true },
    { pattern: "google/gemini-*", model: "google/gemma", matches: false },
    { pattern: "google/gemini-*", model: "xgoogle/gemini-3", matches: false },
    { pattern: "*", model: "", matches: true },
    { pattern: "*", model: "a/b/c", matches: true },
    { pattern: "gemini", model: "gemini", matches: true },
    { pattern: "gemini", model: "gemini-3", matches: false },
    { pattern: "*-flash", model: "gemini-3.5-flash", matches: true },
    { pattern: "*-flash", model: "gemini-3.5-flash-lite", matches: false },
    { pattern: "a*a", model: "a", matches: false },
    { pattern: "a*a", model: "aa", matches: true },
    { pattern: "a*b*c", model: "a-b-b-c", matches: true },
    { pattern: "a*bc*c", model: "abc", matches: false },
    { pattern: "a**c", model: "abc", matches: true },
    { pattern: "gemini-3.5", model: "gemini-3x5", matches: false },
  ])("$pattern and $model: $matches", ({ pattern, model, matches }) => {
    expect(matchesModel(parseModelPattern(pattern), model)).toBe(matches);
  });

  test("agrees with a regular expression", () => {
    const letters = fc.string({ unit: fc.constantFrom("a", "b", "/"), maxLength: 12 });
    const patterns = fc.string({ unit: fc.constantFrom("a", "b", "/", "*"), maxLength: 8 });
    fc.assert(
      fc.property(patterns, letters, (pattern, model) => {
        const expected = new RegExp(`^${pattern.replaceAll("*", ".*")}$`).test(model);
        expect(matchesModel(parseModelPattern(pattern), model)).toBe(expected);
      }),
      { numRuns: 2000 },
    );
  });

  test("takes no time for a pattern made to take it", () => {
    const pattern = parseModelPattern("a*".repeat(90) + "b");
    const started = performance.now();
    expect(matchesModel(pattern, "a".repeat(100_000))).toBe(false);
    expect(performance.now() - started).toBeLessThan(1_000);
  });
});

describe("spellingsOf", () => {
  test.each([
    { model: "gemini-x", all: ["gemini-x", "google/gemini-x"] },
    { model: "google/gemini-x", all: ["google/gemini-x", "gemini-x"] },
    { model: "models/gemini-x", all: ["models/gemini-x", "google/gemini-x", "gemini-x"] },
    {
      model: "publishers/google/models/gemini-x",
      all: ["publishers/google/models/gemini-x", "google/gemini-x", "gemini-x"],
    },
    {
      model: "projects/p/locations/us/publishers/google/models/gemini-x",
      all: ["projects/p/locations/us/publishers/google/models/gemini-x", "google/gemini-x", "gemini-x"],
    },
    {
      model: "projects/p/locations/us/models/7",
      all: ["projects/p/locations/us/models/7", "google/7", "7"],
    },
    { model: "meta/llama", all: ["meta/llama"] },
    { model: "google/a/b", all: ["google/a/b"] },
  ])("$model", ({ model, all }) => {
    expect(spellingsOf(model, true)).toEqual(all);
  });

  test("a bare id that is somebody else's has one", () => {
    expect(spellingsOf("tiny", false)).toEqual(["tiny"]);
  });
});
