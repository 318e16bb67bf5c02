import { describe, expect, test } from "vitest";
import { contextFor, noted, usedFields } from "../../../test/support/request-context.ts";
import { toFunctionCallingConfig } from "./tool-choice.ts";
import type { FunctionTools } from "./tools.ts";

function functions(names: string[], legacy = false): FunctionTools {
  return { declarations: names.map((name) => ({ name })), names: new Set(names), strict: [], legacy };
}

function choose(request: Record<string, unknown>, declared = functions(["tide", "wind"]), model?: string) {
  const context = contextFor(model);
  const config = toFunctionCallingConfig(request, declared, context);
  return { config, notes: noted(context), used: usedFields(context) };
}

describe("with tools", () => {
  const tide = { type: "function", function: { name: "tide" } };
  test.each<[unknown, unknown, string[]]>([
    [undefined, undefined, []],
    [null, undefined, []],
    ["auto", { mode: "AUTO" }, []],
    ["none", { mode: "NONE" }, []],
    ["required", { mode: "ANY" }, []],
    ["validated", { mode: "VALIDATED" }, []],
    [tide, { mode: "ANY", allowedFunctionNames: ["tide"] }, []],
    [{ type: "function", name: "wind" }, { mode: "ANY", allowedFunctionNames: ["wind"] }, []],
    [{ function: { name: "wind" } }, { mode: "ANY", allowedFunctionNames: ["wind"] }, []],
    [
      { type: "allowed_tools", allowed_tools: { mode: "required", tools: [tide, tide] } },
      { mode: "ANY", allowedFunctionNames: ["tide"] },
      [],
    ],
    [
      { type: "allowed_tools", mode: "auto", tools: [{ type: "function", name: "wind" }] },
      { mode: "VALIDATED", allowedFunctionNames: ["wind"] },
      ["approximated tool_choice.mode"],
    ],
    [{ ...tide, extra: 1 }, { mode: "ANY", allowedFunctionNames: ["tide"] }, ["ignored tool_choice.extra"]],
  ])("%j -> %j", (choice, config, notes) => {
    const result = choose({ tool_choice: choice });
    expect(result.config).toEqual(config);
    expect(result.notes).toEqual(notes);
  });
});

describe("on a model without VALIDATED", () => {
  test.each([
    ["validated", "approximated tool_choice"],
    [
      { type: "allowed_tools", mode: "auto", tools: [{ type: "function", name: "tide" }] },
      "ignored tool_choice.tools",
    ],
  ])("%j becomes AUTO", (tool_choice, note) => {
    const result = choose({ tool_choice }, functions(["tide"]), "gemini-2.0-flash");
    expect(result.config).toEqual({ mode: "AUTO" });
    expect(result.notes).toEqual([note]);
  });
});

describe("with functions", () => {
  test.each([
    ["auto", { mode: "AUTO" }],
    ["none", { mode: "NONE" }],
    [{ name: "tide" }, { mode: "ANY", allowedFunctionNames: ["tide"] }],
  ])("%j -> %j", (choice, config) => {
    expect(choose({ function_call: choice }, functions(["tide"], true)).config).toEqual(config);
  });
});

test.each([{ tool_choice: "auto" }, { tool_choice: "none" }, { function_call: "auto" }])(
  "%j is nothing without functions",
  (request) => {
    expect(choose(request, functions([]))).toEqual({
      config: undefined,
      notes: [],
      used: Object.keys(request),
    });
  },
);

describe("refused", () => {
  const none = functions([]);
  const legacy = functions(["tide"], true);
  test.each<[Record<string, unknown>, FunctionTools | undefined, string]>([
    [{ tool_choice: "required" }, none, "tool_choice"],
    [{ tool_choice: "validated" }, none, "tool_choice"],
    [{ tool_choice: { type: "function", function: { name: "tide" } } }, none, "tool_choice"],
    [{ function_call: { name: "tide" } }, none, "function_call"],
    [{ tool_choice: "any" }, undefined, "tool_choice"],
    [{ tool_choice: "constructor" }, undefined, "tool_choice"],
    [{ tool_choice: 5 }, undefined, "tool_choice"],
    [{ tool_choice: [] }, undefined, "tool_choice"],
    [{ tool_choice: { type: "custom", custom: { name: "tide" } } }, undefined, "tool_choice.type"],
    [
      { tool_choice: { type: "function", function: { name: "snow" } } },
      undefined,
      "tool_choice.function.name",
    ],
    [
      { tool_choice: { type: "function", function: { name: "toString" } } },
      undefined,
      "tool_choice.function.name",
    ],
    [{ tool_choice: { type: "function" } }, undefined, "tool_choice.function"],
    [{ tool_choice: { type: "function", function: "tide" } }, undefined, "tool_choice.function"],
    [{ tool_choice: { type: "allowed_tools" } }, undefined, "tool_choice.mode"],
    [{ tool_choice: { type: "allowed_tools", mode: "any", tools: [] } }, undefined, "tool_choice.mode"],
    [{ tool_choice: { type: "allowed_tools", mode: "auto", tools: [] } }, undefined, "tool_choice.tools"],
    [
      {
        tool_choice: { type: "allowed_tools", allowed_tools: { mode: "auto", tools: [{ type: "custom" }] } },
      },
      undefined,
      "tool_choice.allowed_tools.tools[0].type",
    ],
    [
      { tool_choice: { type: "allowed_tools", mode: "auto", tools: [{ type: "function", name: "snow" }] } },
      undefined,
      "tool_choice.tools[0].name",
    ],
    [{ function_call: "required" }, legacy, "function_call"],
    [{ function_call: { name: "snow" } }, legacy, "function_call.name"],
    [{ function_call: "auto" }, undefined, "function_call"],
    [{ tool_choice: "auto" }, legacy, "tool_choice"],
    [{ tool_choice: "auto", function_call: "auto" }, none, "function_call"],
  ])("%j names %3$s", (request, declared, param) => {
    expect(() => choose(request, declared)).toThrow(
      expect.objectContaining({ failure: { kind: "invalid_request", param } }),
    );
  });
});
