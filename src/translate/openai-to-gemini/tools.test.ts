import { describe, expect, test } from "vitest";
import { contextFor, noted, usedFields } from "../../../test/support/request-context.ts";
import { toFunctionTools } from "./tools.ts";

const PORT = {
  type: "object",
  properties: { port: { type: "string" } },
  required: ["port"],
  additionalProperties: false,
};

function read(request: Record<string, unknown>, model = "gemini-3.5-flash") {
  const context = contextFor(model);
  const { declarations, names, strict, legacy } = toFunctionTools(request, context);
  return {
    declarations,
    names: [...names],
    strict,
    legacy,
    notes: noted(context),
    used: usedFields(context),
  };
}

test("functions become declarations, in order", () => {
  const request = {
    tools: [
      {
        type: "function",
        function: { name: "tide", description: "High water", parameters: PORT, strict: true },
      },
      { type: "function", name: "now", description: "", strict: false },
      { function: { name: "_x.y:z-1", parameters: null } },
    ],
  };
  expect(read(request)).toMatchObject({
    declarations: [
      { name: "tide", description: "High water", parametersJsonSchema: PORT },
      { name: "now" },
      { name: "_x.y:z-1" },
    ],
    names: ["tide", "now", "_x.y:z-1"],
    strict: ["tools[0].function.strict"],
    legacy: false,
    notes: [],
  });
});

test("the older field is read alike", () => {
  expect(read({ functions: [{ name: "tide", parameters: PORT }] })).toMatchObject({
    declarations: [{ name: "tide", parametersJsonSchema: PORT }],
    legacy: true,
    notes: [],
  });
  expect(read({ tools: null, functions: [] })).toMatchObject({ declarations: [], legacy: true });
});

test("a model without the JSON Schema field gets the OpenAPI one", () => {
  expect(
    read({ tools: [{ type: "function", function: { name: "tide", parameters: PORT } }] }, "gemini-2.0-flash"),
  ).toMatchObject({
    declarations: [
      {
        name: "tide",
        parameters: { type: "OBJECT", properties: { port: { type: "STRING" } }, required: ["port"] },
      },
    ],
  });
});

describe("parameters that ask for nothing are left out", () => {
  test.each([
    [{}],
    [{ type: "object" }],
    [{ type: "object", properties: {} }],
    [
      {
        $schema: "http://json-schema.org/draft-07/schema#",
        type: "object",
        properties: {},
        required: [],
        additionalProperties: false,
      },
    ],
  ])("%j", (parameters) => {
    const { declarations, notes, used } = read({
      tools: [{ type: "function", function: { name: "now", parameters } }],
    });
    expect(declarations).toEqual([{ name: "now" }]);
    expect(notes).toEqual([]);
    expect(used).toContain("tools[0].function.parameters");
  });

  test("but not those that say more", () => {
    const parameters = { type: "object", properties: {}, additionalProperties: { type: "string" } };
    expect(
      read({ tools: [{ type: "function", function: { name: "now", parameters } }] }).declarations,
    ).toEqual([{ name: "now", parametersJsonSchema: expect.objectContaining({ type: "object" }) }]);
  });

  test("loudly, where an older model would refuse them", () => {
    const parameters = { type: "object", properties: {}, description: "Nothing to say" };
    expect(
      read({ tools: [{ type: "function", function: { name: "now", parameters } }] }, "gemini-2.0-flash"),
    ).toMatchObject({ declarations: [{ name: "now" }], notes: ["ignored tools[0].function.parameters"] });
  });
});

test("keys that are nobody's are noted", () => {
  const tool = {
    type: "function",
    cache_control: {},
    x: null,
    function: { name: "tide", returns: "y", ["__proto__"]: 1 },
  };
  expect(read({ tools: [tool] }).notes).toEqual([
    "ignored tools[0].cache_control",
    "ignored tools[0].function.returns",
    "ignored tools[0].function.__proto__",
  ]);
});

test("names from the prototype are ordinary names", () => {
  const tools = ["toString", "constructor", "__proto__"].map((name) => ({
    type: "function",
    function: { name },
  }));
  expect(read({ tools }).names).toEqual(["toString", "constructor", "__proto__"]);
});

function named(name: unknown): Record<string, unknown> {
  return { tools: [{ type: "function", function: { name } }] };
}

describe("refused", () => {
  test.each<[string, Record<string, unknown>, string]>([
    ["no list", { tools: {} }, "tools"],
    ["no object", { tools: ["tide"] }, "tools[0]"],
    ["no type", { tools: [{ name: "tide" }] }, "tools[0].type"],
    ["custom", { tools: [{ type: "custom", custom: { name: "x" } }] }, "tools[0].type"],
    ["web search as a tool", { tools: [{ type: "web_search_preview" }] }, "tools[0].type"],
    ["a native tool", { tools: [{ google_search: {} }] }, "tools[0].type"],
    ["no function", { tools: [{ type: "function" }] }, "tools[0].function"],
    ["function of the wrong type", { tools: [{ type: "function", function: "tide" }] }, "tools[0].function"],
    ["no name", named(undefined), "tools[0].function.name"],
    ["empty name", named(""), "tools[0].function.name"],
    ["a name with a space", named("a b"), "tools[0].function.name"],
    ["a name that starts with a digit", named("1a"), "tools[0].function.name"],
    ["a long name", named("a".repeat(129)), "tools[0].function.name"],
    ["a very long name", named("a".repeat(1_000_000)), "tools[0].function.name"],
    ["a name twice", { functions: [{ name: "a" }, { name: "a" }] }, "functions[1].name"],
    [
      "a description of the wrong type",
      { functions: [{ name: "a", description: 5 }] },
      "functions[0].description",
    ],
    ["strict of the wrong type", { functions: [{ name: "a", strict: "yes" }] }, "functions[0].strict"],
    [
      "parameters of the wrong type",
      { functions: [{ name: "a", parameters: [] }] },
      "functions[0].parameters",
    ],
    [
      "parameters of a list",
      { functions: [{ name: "a", parameters: { type: "array", items: { type: "string" } } }] },
      "functions[0].parameters.type",
    ],
    ["both fields", { tools: [], functions: [] }, "functions"],
    [
      "too many",
      { tools: Array.from({ length: 513 }, (_, index) => ({ type: "function", name: `f${index}` })) },
      "tools",
    ],
  ])("%s", (_, request, param) => {
    expect(() => read(request)).toThrow(
      expect.objectContaining({ failure: { kind: "invalid_request", param } }),
    );
  });
});
