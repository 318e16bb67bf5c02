import { expect, test } from "vitest";
import { contextFor, noted, usedFields } from "../../../test/support/request-context.ts";
import type { Surface } from "../target.ts";
import { readGoogleOptions } from "./extra-body.ts";
import { toSafety } from "./safety.ts";

function safety(google: Record<string, unknown>, surface: Surface = "vertex") {
  const context = contextFor("gemini-3.5-flash", surface);
  const result = toSafety(readGoogleOptions({ google }, context.notes), context);
  return { result, notes: noted(context), used: usedFields(context) };
}

const SETTING = { category: "HARM_CATEGORY_HARASSMENT", threshold: "BLOCK_ONLY_HIGH" };

test("settings go through, in upper case", () => {
  expect(
    safety({
      safety_settings: [
        { ...SETTING, method: "severity" },
        { category: "harm_category_x", threshold: "off" },
      ],
    }),
  ).toEqual({
    result: {
      safetySettings: [
        { ...SETTING, method: "SEVERITY" },
        { category: "HARM_CATEGORY_X", threshold: "OFF" },
      ],
    },
    notes: [],
    used: [
      "google.safety_settings[0].category",
      "google.safety_settings[0].threshold",
      "google.safety_settings[0].method",
      "google.safety_settings[1].category",
      "google.safety_settings[1].threshold",
    ],
  });
});

test("the Gemini API has no method and no Model Armor", () => {
  expect(
    safety(
      { safety_settings: [{ ...SETTING, method: "SEVERITY" }], model_armor_config: { x: 1 } },
      "gemini-api",
    ),
  ).toMatchObject({
    result: { safetySettings: [SETTING] },
    notes: ["ignored google.safety_settings[0].method", "ignored google.model_armor_config"],
  });
});

test("unknown keys are noted, an empty list is nothing", () => {
  expect(safety({ safety_settings: [{ ...SETTING, level: 1, ["__proto__"]: 1 }] }).notes).toEqual([
    "ignored google.safety_settings[0].level",
    "ignored google.safety_settings[0].__proto__",
  ]);
  expect(safety({ safety_settings: [] }).result).toEqual({});
});

test("Model Armor's names are written as REST wants them", () => {
  expect(safety({ model_armor_config: { prompt_template_name: "projects/p/x" } }).result).toEqual({
    modelArmorConfig: { promptTemplateName: "projects/p/x" },
  });
});

test.each([
  [{ safety_settings: {} }, "google.safety_settings"],
  [{ safety_settings: ["x"] }, "google.safety_settings[0]"],
  [{ safety_settings: [{ threshold: "OFF" }] }, "google.safety_settings[0].category"],
  [{ safety_settings: [{ category: "X" }] }, "google.safety_settings[0].threshold"],
  [{ safety_settings: [{ category: "X\r\n", threshold: "OFF" }] }, "google.safety_settings[0].category"],
  [{ safety_settings: [{ ...SETTING, threshold: 3 }] }, "google.safety_settings[0].threshold"],
  [{ safety_settings: Array.from({ length: 65 }, () => SETTING) }, "google.safety_settings"],
  [{ model_armor_config: "x" }, "google.model_armor_config"],
  [{ safety_settings: [SETTING], model_armor_config: {} }, "google.model_armor_config"],
])("%j names %s", (google, param) => {
  expect(() => safety(google)).toThrow(
    expect.objectContaining({ failure: { kind: "invalid_request", param } }),
  );
});
