import { expect, test } from "vitest";
import { contextFor, noted } from "../../../test/support/request-context.ts";
import { readGoogleOptions } from "./extra-body.ts";
import { toResponseModalities } from "./modalities.ts";

function modalities(model: string, request: Record<string, unknown>) {
  const context = contextFor(model);
  const result = toResponseModalities(request, readGoogleOptions(request, context.notes), context);
  return { result, notes: noted(context) };
}

test.each([
  { model: "gemini-3.5-flash", request: {}, result: undefined, notes: [] },
  { model: "gemini-3.5-flash", request: { modalities: [] }, result: undefined, notes: [] },
  { model: "gemini-3.5-flash", request: { modalities: ["text"] }, result: ["TEXT"], notes: [] },
  { model: "gemini-3-pro-image", request: {}, result: ["TEXT", "IMAGE"], notes: ["added modalities"] },
  {
    model: "gemini-3-pro-image",
    request: { modalities: ["image", "TEXT", "image"] },
    result: ["IMAGE", "TEXT"],
    notes: [],
  },
  { model: "gemini-2.5-flash-tts", request: {}, result: ["AUDIO"], notes: ["added modalities"] },
  { model: "gemini-2.5-flash-tts", request: { modalities: ["audio"] }, result: ["AUDIO"], notes: [] },
  {
    model: "gemini-2.5-flash-tts",
    request: { modalities: ["text", "audio"] },
    result: ["AUDIO"],
    notes: ["approximated modalities"],
  },
  { model: "gemini-44-flash", request: { modalities: ["audio"] }, result: ["AUDIO"], notes: [] },
  {
    model: "gemini-3-pro-image",
    request: { modalities: ["text"], google: { response_modalities: ["IMAGE"] } },
    result: ["IMAGE"],
    notes: ["ignored modalities"],
  },
])("$model $request -> $result", ({ model, request, result, notes }) => {
  expect(modalities(model, request)).toEqual({ result, notes });
});

test.each([
  ["gemini-3.5-flash", { modalities: ["audio"] }, "modalities"],
  ["gemini-3.5-flash", { modalities: ["text", "image"] }, "modalities"],
  ["gemini-3.5-flash", { google: { responseModalities: ["IMAGE"] } }, "google.responseModalities"],
  ["gemini-3.5-flash", { modalities: "text" }, "modalities"],
  ["gemini-3.5-flash", { modalities: ["smell"] }, "modalities[0]"],
  ["gemini-3.5-flash", { modalities: ["text", 5] }, "modalities[1]"],
  ["gemini-3.5-flash", { modalities: Array.from({ length: 10_000 }, () => "text") }, "modalities"],
])("%s %j names %s", (model, request, param) => {
  expect(() => modalities(model, request)).toThrow(
    expect.objectContaining({ failure: { kind: "invalid_request", param } }),
  );
});
