import { describe, expect, test } from "vitest";
import { contextFor, noted } from "../../../test/support/request-context.ts";
import { toResponseFormat } from "./response-format.ts";

function format(response_format: unknown, { model = "gemini-3.5-flash", hasTools = false } = {}) {
  const context = contextFor(model);
  return { ...toResponseFormat({ response_format }, hasTools, context), notes: noted(context) };
}

const SCHEMA = { type: "object", properties: { day: { type: "string" } }, required: ["day"] };
const NAMED = { ...SCHEMA, title: "event", description: "An event" };

test.each([
  ["absent", undefined, {}, []],
  ["null", null, {}, []],
  ["text", { type: "text" }, {}, []],
  ["json_object", { type: "json_object" }, { responseMimeType: "application/json" }, []],
  ["another MIME type", { type: "text/x.enum" }, { responseMimeType: "text/x.enum" }, []],
  [
    "a schema, with its name and description",
    {
      type: "json_schema",
      json_schema: { name: "event", description: "An event", strict: true, schema: SCHEMA },
    },
    { responseMimeType: "application/json", responseJsonSchema: NAMED },
    ["approximated response_format.json_schema.name", "approximated response_format.json_schema.description"],
  ],
  [
    "a schema with texts of its own",
    { type: "json_schema", json_schema: { name: "event", schema: { ...SCHEMA, title: "Event" } } },
    { responseMimeType: "application/json", responseJsonSchema: { ...SCHEMA, title: "Event" } },
    ["ignored response_format.json_schema.name"],
  ],
  [
    "a schema that bears its name already",
    { type: "json_schema", json_schema: { name: "Event", schema: { ...SCHEMA, title: "Event" } } },
    { responseMimeType: "application/json", responseJsonSchema: { ...SCHEMA, title: "Event" } },
    [],
  ],
  [
    "no schema",
    { type: "json_schema", json_schema: { name: "event" } },
    { responseMimeType: "application/json" },
    ["ignored response_format.json_schema.name"],
  ],
  [
    "not strict",
    { type: "json_schema", json_schema: { strict: false, schema: SCHEMA } },
    { responseMimeType: "application/json", responseJsonSchema: SCHEMA },
    ["approximated response_format.json_schema.strict"],
  ],
  [
    "the flat form",
    { type: "json_schema", schema: SCHEMA, extra: 1 },
    { responseMimeType: "application/json", responseJsonSchema: SCHEMA },
    ["ignored response_format.extra"],
  ],
  [
    "strangers",
    { type: "json_object", json_schema: {}, ["__proto__"]: 1 },
    { responseMimeType: "application/json" },
    ["ignored response_format.json_schema", "ignored response_format.__proto__"],
  ],
])("%s", (_, response_format, config, notes) => {
  expect(format(response_format)).toEqual({ config, instruction: undefined, notes });
});

test("a model without the JSON Schema field gets the OpenAPI one", () => {
  expect(
    format({ type: "json_schema", json_schema: { schema: SCHEMA } }, { model: "gemini-2.0-flash" }).config,
  ).toMatchObject({
    responseMimeType: "application/json",
    responseSchema: { type: "OBJECT", properties: { day: { type: "STRING" } }, required: ["day"] },
  });
});

test("a schema that an older model would refuse leaves any JSON", () => {
  const empty = {
    type: "json_schema",
    json_schema: { name: "event", schema: { type: "object", properties: {} } },
  };
  expect(format(empty, { model: "gemini-2.0-flash" })).toMatchObject({
    config: { responseMimeType: "application/json" },
    notes: ["ignored response_format.json_schema"],
  });
});

describe("beside tools", () => {
  const json = { type: "json_schema", json_schema: { schema: SCHEMA } };
  test("Gemini 3 takes both", () => {
    expect(format(json, { hasTools: true })).toMatchObject({
      config: { responseMimeType: "application/json", responseJsonSchema: SCHEMA },
      instruction: undefined,
      notes: [],
    });
  });

  test.each(["gemini-2.5-flash", "gemini-2.0-flash"])("%s is told the format", (model) => {
    const result = format(json, { model, hasTools: true });
    expect(result.config).toEqual({});
    expect(JSON.parse(result.instruction?.split("JSON Schema: ")[1] ?? "")).toEqual(SCHEMA);
    expect(result.notes).toEqual(["approximated response_format"]);
    expect(format({ type: "json_object" }, { model, hasTools: true })).toMatchObject({
      config: {},
      instruction: expect.stringContaining("JSON"),
      notes: ["approximated response_format"],
    });
  });
});

test("another MIME type beside tools cannot be told to an older model", () => {
  const setting = { model: "gemini-2.5-flash", hasTools: true };
  expect(() => format({ type: "text/x.enum" }, setting)).toThrow(
    expect.objectContaining({ failure: { kind: "invalid_request", param: "response_format.type" } }),
  );
  // text/plain is what a model writes anyway.
  expect(format({ type: "text/plain" }, setting).config).toEqual({ responseMimeType: "text/plain" });
});

test.each([
  ["json", "response_format"],
  [{}, "response_format.type"],
  [{ type: 5 }, "response_format.type"],
  [{ type: "yaml" }, "response_format.type"],
  [{ type: "text/x\r\ny" }, "response_format.type"],
  [{ type: "json_schema" }, "response_format.json_schema"],
  [{ type: "json_schema", json_schema: null, name: "x" }, "response_format.json_schema"],
  [{ type: "json_schema", json_schema: "x" }, "response_format.json_schema"],
  [{ type: "json_schema", json_schema: { schema: "x" } }, "response_format.json_schema.schema"],
  [{ type: "json_schema", json_schema: { name: 5 } }, "response_format.json_schema.name"],
  [{ type: "json_schema", json_schema: { strict: "yes" } }, "response_format.json_schema.strict"],
])("%j names %s", (response_format, param) => {
  expect(() => format(response_format)).toThrow(
    expect.objectContaining({ failure: { kind: "invalid_request", param } }),
  );
});
