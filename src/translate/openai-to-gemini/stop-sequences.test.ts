import { expect, test } from "vitest";
import { contextFor, usedFields } from "../../../test/support/request-context.ts";
import { toStopSequences } from "./stop-sequences.ts";

test.each([
  [undefined, undefined],
  [null, undefined],
  ["", undefined],
  [[], undefined],
  ["END", ["END"]],
  [
    ["a", "", "b"],
    ["a", "b"],
  ],
  [
    ["1", "2", "3", "4", "5"],
    ["1", "2", "3", "4", "5"],
  ],
])("%j -> %j", (stop, expected) => {
  const context = contextFor();
  expect(toStopSequences({ stop }, context)).toEqual(expected);
  expect(usedFields(context)).toEqual(stop === undefined || stop === null ? [] : ["stop"]);
});

test.each([
  [5, "stop"],
  [{}, "stop"],
  [["a", 5], "stop[1]"],
  [[null], "stop[0]"],
  [["1", "2", "3", "4", "5", "6"], "stop"],
  [Array.from({ length: 10_000 }, () => "x"), "stop"],
])("%j names %s", (stop, param) => {
  expect(() => toStopSequences({ stop }, contextFor())).toThrow(
    expect.objectContaining({ failure: { kind: "invalid_request", param } }),
  );
});
