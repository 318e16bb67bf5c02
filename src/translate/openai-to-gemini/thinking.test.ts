import { describe, expect, test } from "vitest";
import { contextFor, noted, usedFields } from "../../../test/support/request-context.ts";
import { readGoogleOptions } from "./extra-body.ts";
import { toThinkingConfig } from "./thinking.ts";

function think(model: string, request: Record<string, unknown>) {
  const context = contextFor(model);
  const config = toThinkingConfig(request, readGoogleOptions(request, context.notes), context);
  return { config, notes: noted(context), used: usedFields(context) };
}

describe("reasoning_effort", () => {
  const EFFORTS = ["none", "minimal", "low", "medium", "high", "xhigh", "max"];
  test.each([
    ["gemini-2.5-flash", [0, 1024, 1024, 8192, 24_576, 24_576, 24_576], ["xhigh", "max"]],
    ["gemini-2.5-pro", [128, 1024, 1024, 8192, 24_576, 24_576, 24_576], ["none", "xhigh", "max"]],
    ["gemini-2.5-flash-lite", [0, 1024, 1024, 8192, 24_576, 24_576, 24_576], ["xhigh", "max"]],
    [
      "gemini-3.5-flash",
      ["MINIMAL", "MINIMAL", "LOW", "MEDIUM", "HIGH", "HIGH", "HIGH"],
      ["none", "xhigh", "max"],
    ],
    [
      "gemini-3.1-flash-lite",
      ["MINIMAL", "MINIMAL", "LOW", "MEDIUM", "HIGH", "HIGH", "HIGH"],
      ["none", "xhigh", "max"],
    ],
    [
      "gemini-3.8-flash",
      ["LOW", "LOW", "LOW", "MEDIUM", "HIGH", "HIGH", "HIGH"],
      ["none", "minimal", "xhigh", "max"],
    ],
    [
      "gemini-3.1-pro-preview",
      ["LOW", "LOW", "LOW", "MEDIUM", "HIGH", "HIGH", "HIGH"],
      ["none", "minimal", "xhigh", "max"],
    ],
    [
      "gemini-3-pro-preview",
      ["LOW", "LOW", "LOW", "HIGH", "HIGH", "HIGH", "HIGH"],
      ["none", "minimal", "medium", "xhigh", "max"],
    ],
    [
      "gemini-3.1-flash-image",
      ["MINIMAL", "MINIMAL", "MINIMAL", "HIGH", "HIGH", "HIGH", "HIGH"],
      ["none", "low", "medium", "xhigh", "max"],
    ],
    [
      "gemini-3-pro-image",
      ["HIGH", "HIGH", "HIGH", "HIGH", "HIGH", "HIGH", "HIGH"],
      ["none", "minimal", "low", "medium", "xhigh", "max"],
    ],
    [
      "gemini-12-flash",
      ["LOW", "LOW", "LOW", "MEDIUM", "HIGH", "HIGH", "HIGH"],
      ["none", "minimal", "xhigh", "max"],
    ],
  ])("%s", (model, expected, clamped) => {
    for (const [index, effort] of EFFORTS.entries()) {
      const amount = expected[index];
      const { config, notes, used } = think(model, { reasoning_effort: effort });
      expect({ effort, config }).toEqual({
        effort,
        config: typeof amount === "number" ? { thinkingBudget: amount } : { thinkingLevel: amount },
      });
      const inexact = clamped.includes(effort);
      expect({ effort, notes, used }).toEqual({
        effort,
        notes: inexact ? ["clamped reasoning_effort"] : [],
        used: inexact ? [] : ["reasoning_effort"],
      });
    }
  });

  test("a model that does not think keeps to none, and ignores the rest", () => {
    expect(think("gemini-2.0-flash", { reasoning_effort: "none" })).toEqual({
      config: undefined,
      notes: [],
      used: ["reasoning_effort"],
    });
    expect(think("gemini-2.0-flash", { reasoning_effort: "high" })).toEqual({
      config: undefined,
      notes: ["ignored reasoning_effort"],
      used: [],
    });
  });
});

describe("thinking_config", () => {
  test.each<[string, Record<string, unknown>, Record<string, unknown> | undefined, string[]]>([
    // Exactly.
    ["gemini-2.5-flash", { thinking_budget: 10_000 }, { thinkingBudget: 10_000 }, []],
    ["gemini-2.5-flash", { thinking_budget: -1 }, { thinkingBudget: -1 }, []],
    ["gemini-2.5-flash", { thinkingBudget: 0 }, { thinkingBudget: 0 }, []],
    ["gemini-3.5-flash", { thinking_level: "low" }, { thinkingLevel: "LOW" }, []],
    ["gemini-3.5-flash", { thinkingLevel: "High" }, { thinkingLevel: "HIGH" }, []],
    ["gemini-3.5-flash", { include_thoughts: true }, { includeThoughts: true }, []],
    ["gemini-3.5-flash", { includeThoughts: false }, { includeThoughts: false }, []],
    ["gemini-3.5-flash", { thinking_level: "THINKING_LEVEL_UNSPECIFIED" }, undefined, []],
    ["gemini-3.5-flash", { thinking_level: null, include_thoughts: null }, undefined, []],
    ["gemini-2.5-flash", {}, undefined, []],
    // Nearest.
    [
      "gemini-2.5-flash",
      { thinking_budget: 99_999 },
      { thinkingBudget: 24_576 },
      ["clamped thinking_budget"],
    ],
    ["gemini-2.5-pro", { thinking_budget: 0 }, { thinkingBudget: 128 }, ["clamped thinking_budget"]],
    ["gemini-2.5-pro", { thinking_budget: 5 }, { thinkingBudget: 128 }, ["clamped thinking_budget"]],
    ["gemini-2.5-flash-lite", { thinking_budget: 100 }, { thinkingBudget: 512 }, ["clamped thinking_budget"]],
    ["gemini-2.5-flash-lite", { thinking_budget: 0 }, { thinkingBudget: 0 }, []],
    [
      "gemini-2.5-flash",
      { thinking_level: "medium" },
      { thinkingBudget: 8192 },
      ["approximated thinking_level"],
    ],
    ["gemini-3.8-flash", { thinking_level: "minimal" }, { thinkingLevel: "LOW" }, ["clamped thinking_level"]],
    ["gemini-3.5-flash", { thinking_budget: -1 }, undefined, ["approximated thinking_budget"]],
    [
      "gemini-3.5-flash",
      { thinking_budget: 0 },
      { thinkingLevel: "MINIMAL" },
      ["approximated thinking_budget"],
    ],
    ["gemini-3.8-flash", { thinking_budget: 0 }, { thinkingLevel: "LOW" }, ["approximated thinking_budget"]],
    [
      "gemini-3.5-flash",
      { thinking_budget: 1024 },
      { thinkingLevel: "LOW" },
      ["approximated thinking_budget"],
    ],
    [
      "gemini-3.5-flash",
      { thinking_budget: 10_000 },
      { thinkingLevel: "MEDIUM" },
      ["approximated thinking_budget"],
    ],
    [
      "gemini-3.5-flash",
      { thinking_budget: 24_576 },
      { thinkingLevel: "HIGH" },
      ["approximated thinking_budget"],
    ],
    // Nothing to do it with.
    ["gemini-2.0-flash", { thinking_budget: 5 }, undefined, ["ignored thinking_budget"]],
    ["gemini-2.0-flash", { thinking_budget: 0 }, undefined, []],
    ["gemini-2.0-flash", { include_thoughts: true }, undefined, ["ignored include_thoughts"]],
    ["gemini-2.0-flash", { include_thoughts: false }, undefined, []],
    [
      "gemini-2.5-flash",
      { thinking_budget: 0, include_thoughts: true },
      { thinkingBudget: 0 },
      ["ignored include_thoughts"],
    ],
    ["gemini-3.5-flash", { effort: "low" }, undefined, ["ignored effort"]],
    [
      "gemini-3.5-flash",
      { thinking_level: "low", thinkingLevel: "high" },
      { thinkingLevel: "LOW" },
      ["ignored thinkingLevel"],
    ],
  ])("%s %j -> %j", (model, config, expected, notes) => {
    const result = think(model, { extra_body: { google: { thinking_config: config } } });
    expect(result.config).toEqual(expected);
    expect(result.notes).toEqual(
      notes.map((note) => note.replace(" ", " extra_body.google.thinking_config.")),
    );
    const accounted = result.used.length + result.notes.length;
    expect(accounted).toBe(Object.values(config).filter((value) => value !== null).length);
  });

  test.each([
    ["gemini-2.5-flash-lite", { thinkingBudget: -1, includeThoughts: true }, ["added"]],
    ["gemini-2.5-flash-lite-preview-06-17", { thinkingBudget: -1, includeThoughts: true }, ["added"]],
    ["gemini-2.5-flash", { includeThoughts: true }, []],
    ["gemini-3.1-flash-lite", { includeThoughts: true }, []],
  ])("asking %s for its thoughts alone sends %j", (model, config, actions) => {
    const request = { google: { thinking_config: { include_thoughts: true } } };
    expect(think(model, request)).toEqual({
      config,
      notes: actions.map((action) => `${action} google.thinking_config.include_thoughts`),
      used: ["google.thinking_config.include_thoughts"],
    });
  });

  test("a model that is told not to think stays so", () => {
    const request = { reasoning_effort: "none", google: { thinking_config: { include_thoughts: true } } };
    expect(think("gemini-2.5-flash-lite", request)).toMatchObject({
      config: { thinkingBudget: 0 },
      notes: ["ignored google.thinking_config.include_thoughts"],
    });
  });

  test("effort goes with include_thoughts", () => {
    const request = { reasoning_effort: "low", google: { thinking_config: { include_thoughts: true } } };
    expect(think("gemini-3.5-flash", request)).toEqual({
      config: { thinkingLevel: "LOW", includeThoughts: true },
      notes: [],
      used: ["reasoning_effort", "google.thinking_config.include_thoughts"],
    });
  });
});

describe("refused", () => {
  test.each([
    [{ reasoning_effort: "extreme" }, "reasoning_effort"],
    [{ reasoning_effort: "toString" }, "reasoning_effort"],
    [{ reasoning_effort: 5 }, "reasoning_effort"],
    [{ reasoning_effort: "low", google: { thinking_config: { thinking_level: "low" } } }, "reasoning_effort"],
    [{ reasoning_effort: "low", google: { thinking_config: { thinking_budget: 5 } } }, "reasoning_effort"],
    [
      { google: { thinking_config: { thinking_level: "low", thinking_budget: 5 } } },
      "google.thinking_config.thinking_level",
    ],
    [{ google: { thinking_config: { thinking_level: "deep" } } }, "google.thinking_config.thinking_level"],
    [{ google: { thinking_config: { thinking_budget: -999 } } }, "google.thinking_config.thinking_budget"],
    [{ google: { thinking_config: { thinking_budget: 1.5 } } }, "google.thinking_config.thinking_budget"],
    [{ google: { thinkingConfig: { includeThoughts: "yes" } } }, "google.thinkingConfig.includeThoughts"],
    [{ google: { thinking_config: "high" } }, "google.thinking_config"],
  ])("%j names %s", (request, param) => {
    expect(() => think("gemini-3.5-flash", request)).toThrow(
      expect.objectContaining({ failure: { kind: "invalid_request", param } }),
    );
  });
});
