import { expect, test } from "vitest";
import { contextFor, noted } from "../../../test/support/request-context.ts";
import type { Surface } from "../target.ts";
import { readGoogleOptions } from "./extra-body.ts";
import { toLabels } from "./labels.ts";

function label(labels: unknown, surface: Surface = "vertex") {
  const context = contextFor("gemini-3.5-flash", surface);
  return {
    labels: toLabels(readGoogleOptions({ google: { labels } }, context.notes), context),
    notes: noted(context),
  };
}

test.each([
  [{ team: "search", "cost-centre_1": "", größe: "日本" }],
  [{ [`k${"e".repeat(62)}`]: "v".repeat(63) }],
  [Object.fromEntries(Array.from({ length: 64 }, (_, index) => [`k${index}`, "v"]))],
])("%j goes through", (labels) => {
  expect(label(labels)).toEqual({ labels, notes: [] });
});

test("no labels are nothing, and the Gemini API has none", () => {
  expect(label({})).toEqual({ labels: undefined, notes: [] });
  expect(label(null)).toEqual({ labels: undefined, notes: [] });
  expect(label({ team: "x" }, "gemini-api")).toEqual({ labels: undefined, notes: ["ignored google.labels"] });
});

test.each([
  ["text", "google.labels"],
  [{ Team: "x" }, "google.labels"],
  [{ "1team": "x" }, "google.labels"],
  [{ "": "x" }, "google.labels"],
  [{ ["__proto__"]: "x" }, "google.labels"],
  [{ ["k".repeat(64)]: "x" }, "google.labels"],
  [{ team: "Search" }, "google.labels.team"],
  [{ team: "a b" }, "google.labels.team"],
  [{ team: "v".repeat(64) }, "google.labels.team"],
  [{ team: 5 }, "google.labels.team"],
  [Object.fromEntries(Array.from({ length: 65 }, (_, index) => [`k${index}`, "v"])), "google.labels"],
])("%j names %s", (labels, param) => {
  expect(() => label(labels)).toThrow(
    expect.objectContaining({ failure: { kind: "invalid_request", param } }),
  );
});
