import { expect, test } from "vitest";
import { contextFor, noted, usedFields } from "../../../test/support/request-context.ts";
import { noteIgnoredFields } from "./ignored-fields.ts";
import { noteUnknownFields } from "./unknown-fields.ts";

function note(request: Record<string, unknown>) {
  const context = contextFor();
  noteIgnoredFields(request, context);
  return { notes: noted(context), used: usedFields(context) };
}

test.each([
  { user: "u" },
  { safety_identifier: "u" },
  { prompt_cache_key: "k" },
  { prompt_cache_retention: "24h" },
  { prompt_cache_options: { mode: "implicit" } },
  { verbosity: "low" },
  { logit_bias: { "50256": -100 } },
  { metadata: { a: "b" } },
  { moderation: { model: "m" } },
  { prediction: { type: "content", content: "x" } },
  { store: true },
])("%j is noted", (request) => {
  expect(note(request)).toEqual({ notes: [`ignored ${Object.keys(request)[0]}`], used: [] });
});

test.each([{ store: false }, { logit_bias: {} }, { metadata: {} }, { user: null }, { metadata: null }, {}])(
  "%j asks for nothing",
  (request) => {
    expect(note(request).notes).toEqual([]);
  },
);

test.each([
  [{ user: 5 }, "user"],
  [{ store: "yes" }, "store"],
  [{ metadata: "x" }, "metadata"],
  [{ logit_bias: [1] }, "logit_bias"],
  [{ verbosity: "loud" }, "verbosity"],
])("%j names %s", (request, param) => {
  expect(() => note(request)).toThrow(
    expect.objectContaining({ failure: { kind: "invalid_request", param } }),
  );
});

test("fields that are nobody's are noted", () => {
  const context = contextFor();
  noteUnknownFields(
    { model: "m", min_p: 0.1, ["__proto__"]: 1, toString: 1, reasoning: null },
    context.notes,
  );
  expect(noted(context)).toEqual(["ignored min_p", "ignored __proto__", "ignored toString"]);
});

test.each([
  ["thinking_config", /extra_body\.google/],
  ["safetySettings", /extra_body\.google/],
  ["min_p", /^Neither/],
])("a note on %s says where it belongs", (field, detail) => {
  const context = contextFor();
  noteUnknownFields({ [field]: {} }, context.notes);
  expect(context.notes.list[0]?.detail).toMatch(detail);
});
