import { describe, expect, test } from "vitest";
import { contextFor, noted } from "../../../test/support/request-context.ts";
import type { Surface } from "../target.ts";
import { readGoogleOptions } from "./extra-body.ts";
import { toTooling } from "./tool-config.ts";

interface Setting {
  model?: string;
  surface?: Surface;
  stream?: boolean;
}

function tooling(request: Record<string, unknown>, { model, surface, stream = false }: Setting = {}) {
  const context = contextFor(model, surface);
  const result = toTooling(request, readGoogleOptions(request, context.notes), stream, context);
  return { ...result, notes: noted(context) };
}

const TIDE = { type: "function", function: { name: "tide" } };
const STRICT = { type: "function", function: { name: "tide", strict: true } };
const DECLARED = { functionDeclarations: [{ name: "tide" }] };
const SEARCH = { googleSearch: {} };

test("no tools are nothing", () => {
  expect(tooling({ tools: [], tool_choice: "auto" })).toEqual({
    tools: undefined,
    toolConfig: undefined,
    legacyFunctions: false,
    notes: [],
  });
});

test("functions alone leave the choice to the model", () => {
  expect(tooling({ tools: [TIDE] })).toEqual({
    tools: [DECLARED],
    toolConfig: undefined,
    legacyFunctions: false,
    notes: [],
  });
});

describe("strict functions", () => {
  test.each([
    [undefined, "gemini-3.5-flash", "VALIDATED", ["approximated tools[0].function.strict"]],
    ["auto", "gemini-2.5-flash", "VALIDATED", ["approximated tools[0].function.strict"]],
    ["required", "gemini-3.5-flash", "ANY", []],
    ["none", "gemini-3.5-flash", "NONE", []],
    ["auto", "gemini-2.0-flash", "AUTO", ["ignored tools[0].function.strict"]],
  ])("tool_choice %s on %s -> %s", (tool_choice, model, mode, notes) => {
    const result = tooling({ tools: [STRICT], tool_choice }, { model });
    expect(result.toolConfig).toEqual({ functionCallingConfig: { mode } });
    expect(result.notes).toEqual(notes);
  });
});

describe("functions beside Google's own tools", () => {
  test.each([
    {
      surface: "vertex" as const,
      request: { tools: [TIDE], web_search_options: {} },
      toolConfig: { functionCallingConfig: { mode: "VALIDATED" } },
      notes: ["added tool_choice"],
    },
    {
      surface: "gemini-api" as const,
      request: { tools: [TIDE], google: { tools: [SEARCH] } },
      toolConfig: { functionCallingConfig: { mode: "VALIDATED" }, includeServerSideToolInvocations: true },
      notes: ["added tool_choice"],
    },
    {
      surface: "vertex" as const,
      request: { tools: [TIDE], web_search_options: {}, tool_choice: "required" },
      toolConfig: { functionCallingConfig: { mode: "ANY" } },
      notes: [],
    },
  ])("$surface $request", ({ surface, request, toolConfig, notes }) => {
    const result = tooling(request, { surface });
    expect(result.tools).toEqual([DECLARED, SEARCH]);
    expect(result.toolConfig).toEqual(toolConfig);
    expect(result.notes).toEqual(notes);
  });

  test.each([
    [{ tools: [TIDE], web_search_options: {} }, "web_search_options"],
    [{ functions: [{ name: "tide" }], google: { tools: [SEARCH] } }, "google.tools"],
  ])("before Gemini 3 %j is refused", (request, param) => {
    expect(() => tooling(request, { model: "gemini-2.5-flash" })).toThrow(
      expect.objectContaining({ failure: { kind: "invalid_request", param } }),
    );
  });

  test("search alone has no function calling config", () => {
    expect(tooling({ web_search_options: {} }, { model: "gemini-2.5-flash" })).toMatchObject({
      tools: [SEARCH],
      toolConfig: undefined,
      notes: [],
    });
  });
});

describe("functions declared natively", () => {
  const google = {
    tools: [{ functionDeclarations: [{ name: "wind" }] }, { function_declarations: [{ name: "swell" }] }],
  };
  test("stand in one tool with the others, and may be chosen", () => {
    const request = { tools: [TIDE], google, tool_choice: { type: "function", name: "swell" } };
    expect(tooling(request, { model: "gemini-2.5-flash" })).toEqual({
      tools: [{ functionDeclarations: [{ name: "tide" }, { name: "wind" }, { name: "swell" }] }],
      toolConfig: { functionCallingConfig: { mode: "ANY", allowedFunctionNames: ["swell"] } },
      legacyFunctions: false,
      notes: [],
    });
  });

  test("are refused when declared twice", () => {
    expect(() => tooling({ tools: [{ type: "function", name: "wind" }], google })).toThrow(
      expect.objectContaining({ failure: { kind: "invalid_request", param: "google.tools" } }),
    );
  });
});

describe("stream_function_call_arguments", () => {
  const FIELD = "google.stream_function_call_arguments";
  const request = { tools: [TIDE], google: { stream_function_call_arguments: true } };
  test("on a stream of Vertex AI's", () => {
    expect(tooling(request, { stream: true })).toMatchObject({
      toolConfig: { functionCallingConfig: { streamFunctionCallArguments: true } },
      notes: [],
    });
  });

  test.each([
    [request, { stream: false }],
    [request, { stream: true, surface: "gemini-api" as const }],
    [request, { stream: true, model: "gemini-2.5-flash" }],
    [{ ...request, tools: [] }, { stream: true }],
  ])("%j with %j is ignored", (body, setting) => {
    expect(tooling(body, setting)).toMatchObject({ toolConfig: undefined, notes: [`ignored ${FIELD}`] });
  });

  test("off is off", () => {
    const off = { tools: [TIDE], google: { stream_function_call_arguments: false } };
    expect(tooling(off)).toMatchObject({ toolConfig: undefined, notes: [] });
  });
});

test.each([
  [true, []],
  [false, ["ignored parallel_tool_calls"]],
  [null, []],
])("parallel_tool_calls %s", (parallel_tool_calls, notes) => {
  expect(tooling({ tools: [TIDE], parallel_tool_calls }).notes).toEqual(notes);
});
