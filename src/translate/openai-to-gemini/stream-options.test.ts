import { expect, test } from "vitest";
import { contextFor, noted } from "../../../test/support/request-context.ts";
import { toStreaming } from "./stream-options.ts";

test.each([
  { request: {}, stream: false, includeUsage: false, notes: [] },
  { request: { stream: null, stream_options: null }, stream: false, includeUsage: false, notes: [] },
  { request: { stream: false }, stream: false, includeUsage: false, notes: [] },
  { request: { stream: true }, stream: true, includeUsage: false, notes: [] },
  { request: { stream: true, stream_options: {} }, stream: true, includeUsage: false, notes: [] },
  {
    request: { stream: true, stream_options: { include_usage: true } },
    stream: true,
    includeUsage: true,
    notes: [],
  },
  {
    request: { stream: true, stream_options: { include_usage: null, include_obfuscation: false } },
    stream: true,
    includeUsage: false,
    notes: [],
  },
  {
    request: { stream: true, stream_options: { include_obfuscation: true, x: 1 } },
    stream: true,
    includeUsage: false,
    notes: ["ignored stream_options.include_obfuscation", "ignored stream_options.x"],
  },
])("$request", ({ request, stream, includeUsage, notes }) => {
  const context = contextFor();
  expect(toStreaming(request, context)).toEqual({ stream, includeUsage });
  expect(noted(context)).toEqual(notes);
});

test.each([
  [{ stream: "true" }, "stream"],
  [{ stream_options: { include_usage: true } }, "stream_options"],
  [{ stream: false, stream_options: {} }, "stream_options"],
  [{ stream: true, stream_options: true }, "stream_options"],
  [{ stream: true, stream_options: { include_usage: 1 } }, "stream_options.include_usage"],
])("%j names %s", (request, param) => {
  expect(() => toStreaming(request, contextFor())).toThrow(
    expect.objectContaining({ failure: { kind: "invalid_request", param } }),
  );
});
