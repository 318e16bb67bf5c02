import { expect, test } from "vitest";
import { contextFor, noted } from "../../../test/support/request-context.ts";
import { readGoogleOptions } from "./extra-body.ts";

function read(request: Record<string, unknown>) {
  const context = contextFor();
  const options = readGoogleOptions(request, context.notes);
  const found = [...options].map(([name, { object, key, path }]) => [name, path, object[key]]);
  return { found, notes: noted(context) };
}

test.each<[string, Record<string, unknown>, unknown[], string[]]>([
  ["nothing", {}, [], []],
  ["nulls", { extra_body: null, google: null }, [], []],
  ["null inside", { extra_body: { google: null, extra_body: null, x: null } }, [], []],
  ["null option", { extra_body: { google: { top_k: null } } }, [], []],
  ["raw REST", { extra_body: { google: { top_k: 1 } } }, [["top_k", "extra_body.google.top_k", 1]], []],
  [
    "the Python form in JavaScript",
    { extra_body: { extra_body: { google: { top_k: 1 } } } },
    [["top_k", "extra_body.extra_body.google.top_k", 1]],
    [],
  ],
  ["one level forgotten", { google: { top_k: 1 } }, [["top_k", "google.top_k", 1]], []],
  ["camelCase", { google: { topK: 1 } }, [["top_k", "google.topK", 1]], []],
  [
    "precedence, option by option",
    {
      google: { top_k: 3, labels: { c: "3" } },
      extra_body: { extra_body: { google: { topK: 2, tools: [] } }, google: { top_k: 1 } },
    },
    [
      ["top_k", "extra_body.google.top_k", 1],
      ["tools", "extra_body.extra_body.google.tools", []],
      ["labels", "google.labels", { c: "3" }],
    ],
    ["ignored extra_body.extra_body.google.topK", "ignored google.top_k"],
  ],
  [
    "both spellings",
    { google: { top_k: 1, topK: 2 } },
    [["top_k", "google.top_k", 1]],
    ["ignored google.topK"],
  ],
  [
    "unknown options and strangers",
    {
      extra_body: {
        temperature: 1,
        google: { aspect_ratio: "1:1", toString: 1, ["__proto__"]: 1 },
        extra_body: { x: 1, extra_body: {} },
      },
    },
    [],
    [
      "ignored extra_body.temperature",
      "ignored extra_body.google.aspect_ratio",
      "ignored extra_body.google.toString",
      "ignored extra_body.google.__proto__",
      "ignored extra_body.extra_body.x",
      "ignored extra_body.extra_body.extra_body",
    ],
  ],
])("%s", (_, request, found, notes) => {
  expect(read(request)).toEqual({ found, notes });
});

test.each([
  [{ extra_body: "google" }, "extra_body"],
  [{ extra_body: [] }, "extra_body"],
  [{ extra_body: { google: 1 } }, "extra_body.google"],
  [{ extra_body: { extra_body: true } }, "extra_body.extra_body"],
  [{ extra_body: { extra_body: { google: "x" } } }, "extra_body.extra_body.google"],
  [{ google: [] }, "google"],
])("%j names %s", (request, param) => {
  expect(() => read(request)).toThrow(
    expect.objectContaining({ failure: { kind: "invalid_request", param } }),
  );
});

test.each([
  ["thinking_config", /move it there/],
  ["cachedContent", /move it there/],
  ["temperature", /top level/],
])("a note on extra_body.%s says where it belongs", (key, detail) => {
  const context = contextFor();
  readGoogleOptions({ extra_body: { [key]: {} } }, context.notes);
  expect(context.notes.list[0]).toMatchObject({
    field: `extra_body.${key}`,
    detail: expect.stringMatching(detail),
  });
});
