import { expect, test } from "vitest";
import { contextFor, noted, usedFields } from "../../../test/support/request-context.ts";
import { toCandidateCount } from "./candidate-count.ts";

test.each([
  { model: "gemini-3.5-flash", n: undefined, candidateCount: undefined, fanOut: 1, notes: [], used: [] },
  { model: "gemini-3.5-flash", n: null, candidateCount: undefined, fanOut: 1, notes: [], used: [] },
  { model: "gemini-3.5-flash", n: 1, candidateCount: undefined, fanOut: 1, notes: [], used: ["n"] },
  { model: "gemini-3.5-flash", n: 8, candidateCount: 8, fanOut: 1, notes: [], used: ["n"] },
  { model: "gemini-3.8-flash", n: 1, candidateCount: undefined, fanOut: 1, notes: [], used: ["n"] },
  {
    model: "gemini-3.8-flash",
    n: 3,
    candidateCount: undefined,
    fanOut: 3,
    notes: ["approximated n"],
    used: [],
  },
  {
    model: "gemini-99-flash",
    n: 8,
    candidateCount: undefined,
    fanOut: 8,
    notes: ["approximated n"],
    used: [],
  },
])("$model n $n -> $candidateCount in $fanOut calls", ({ model, n, candidateCount, fanOut, notes, used }) => {
  const context = contextFor(model);
  expect(toCandidateCount({ n }, context)).toEqual({ candidateCount, fanOut });
  expect(noted(context)).toEqual(notes);
  expect(usedFields(context)).toEqual(used);
});

test.each([0, -1, 9, 1000, 1.5, "2", Infinity])("n %j is refused", (n) => {
  expect(() => toCandidateCount({ n }, contextFor())).toThrow(
    expect.objectContaining({ failure: { kind: "invalid_request", param: "n" } }),
  );
});
