import { expect, test } from "vitest";
import { contextFor } from "../../../test/support/request-context.ts";
import { readGoogleOptions } from "./extra-body.ts";
import { toThoughtTagMarker } from "./thought-tag-marker.ts";

function mark(marker: unknown) {
  const context = contextFor();
  return toThoughtTagMarker(
    readGoogleOptions({ google: { thoughtTagMarker: marker } }, context.notes),
    context,
  );
}

test.each([
  [null, undefined],
  ["think", "think"],
  ["_t:1.x-y", "_t:1.x-y"],
  ["t".repeat(64), "t".repeat(64)],
])("%j -> %j", (marker, expected) => {
  expect(mark(marker)).toBe(expected);
});

test.each(["", "<think>", "a b", "1x", "t".repeat(65), "x\n", 5])("%j is refused", (marker) => {
  expect(() => mark(marker)).toThrow(
    expect.objectContaining({ failure: { kind: "invalid_request", param: "google.thoughtTagMarker" } }),
  );
});
