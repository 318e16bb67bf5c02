import { describe, expect, test } from "vitest";
import { contextFor } from "../../../test/support/request-context.ts";
import type { GenerateContentRequest } from "../../wire/gemini.ts";
import { checkCacheConflicts, toCachedContent } from "./cached-content.ts";
import { readGoogleOptions } from "./extra-body.ts";

const VERTEX_NAME = "projects/p-1/locations/global/cachedContents/123";

test.each([
  ["vertex" as const, VERTEX_NAME, VERTEX_NAME],
  ["gemini-api" as const, "cachedContents/abc-1", "cachedContents/abc-1"],
  ["vertex" as const, null, undefined],
])("%s takes %s", (surface, name, expected) => {
  const context = contextFor("gemini-3.5-flash", surface);
  const google = readGoogleOptions({ google: { cached_content: name } }, context.notes);
  expect(toCachedContent(google, context)).toBe(expected);
});

test.each([
  ["vertex" as const, "cachedContents/abc"],
  ["gemini-api" as const, VERTEX_NAME],
  ["vertex" as const, "projects/p/../locations/l/cachedContents/1"],
  ["gemini-api" as const, ""],
  ["gemini-api" as const, `cachedContents/${"x".repeat(2000)}`],
  ["gemini-api" as const, 5],
])("%s refuses %j", (surface, name) => {
  const context = contextFor("gemini-3.5-flash", surface);
  const google = readGoogleOptions({ google: { cachedContent: name } }, context.notes);
  expect(() => toCachedContent(google, context)).toThrow(
    expect.objectContaining({ failure: { kind: "invalid_request", param: "google.cachedContent" } }),
  );
});

describe("a cache has its own system instruction, tools and tool config", () => {
  const conflicts: [GenerateContentRequest, RegExp][] = [
    [{ systemInstruction: { parts: [{ text: "x" }] } }, /system and developer messages/],
    [{ tools: [{ googleSearch: {} }] }, /the tools/],
    [{ toolConfig: { functionCallingConfig: { mode: "AUTO" } } }, /the tool choice/],
  ];
  const google = readGoogleOptions({ google: { cached_content: VERTEX_NAME } }, contextFor().notes);
  test.each(conflicts)("%j", (body, message) => {
    expect(() => checkCacheConflicts({ cachedContent: VERTEX_NAME, ...body }, google)).toThrow(
      expect.objectContaining({ message: expect.stringMatching(message) }),
    );
    expect(() => checkCacheConflicts(body, google)).not.toThrow();
  });
});
