import { describe, expect, test } from "vitest";
import { contextFor, noted } from "../../../test/support/request-context.ts";
import type { Surface } from "../target.ts";
import { toGeminiSchema } from "./json-schema.ts";

function convert(schema: unknown, surface: Surface) {
  const context = contextFor("gemini-2.0-flash", surface);
  return { result: toGeminiSchema(schema, "s", context), notes: noted(context) };
}

const NAME = { type: "string" };

interface Case {
  name: string;
  schema: unknown;
  result: unknown;
  notes?: string[];
}

const SAME_ON_BOTH: Case[] = [
  { name: "null", schema: { type: "null", title: "T" }, result: { type: "NULL", title: "T" } },
  {
    name: "an ordinary object",
    schema: {
      $schema: "x",
      type: "object",
      title: "Tide",
      properties: {
        port: { type: "string", minLength: 1, maxLength: 9, pattern: "^[A-Z]", default: "X", example: "Y" },
        height: { type: "number", minimum: 0, maximum: 20 },
        marks: { type: "array", items: { type: "integer" }, minItems: 1, maxItems: 4 },
        free: { type: "object", properties: {}, minProperties: 1, maxProperties: 2 },
      },
      required: ["port"],
    },
    result: {
      type: "OBJECT",
      title: "Tide",
      properties: {
        port: { type: "STRING", minLength: 1, maxLength: 9, pattern: "^[A-Z]", default: "X", example: "Y" },
        height: { type: "NUMBER", minimum: 0, maximum: 20 },
        marks: { type: "ARRAY", items: { type: "INTEGER" }, minItems: 1, maxItems: 4 },
        free: { type: "OBJECT", minProperties: 1, maxProperties: 2 },
      },
      required: ["port"],
      propertyOrdering: ["port", "height", "marks", "free"],
    },
  },
  {
    name: "keywords that are not taken",
    schema: { type: "integer", multipleOf: 5, not: {}, uniqueItems: true, if: {}, $dynamicRef: "#a" },
    result: { type: "INTEGER" },
    notes: [
      "ignored s.multipleOf",
      "ignored s.not",
      "ignored s.uniqueItems",
      "ignored s.if",
      "ignored s.$dynamicRef",
    ],
  },
  {
    name: "an order of one's own",
    schema: { type: "object", properties: { a: NAME, b: NAME }, propertyOrdering: ["b", "c", "a"] },
    result: {
      type: "OBJECT",
      properties: { a: { type: "STRING" }, b: { type: "STRING" } },
      propertyOrdering: ["b", "a"],
    },
  },
  {
    name: "one example",
    schema: { type: "string", examples: ["a"] },
    result: { type: "STRING", example: "a" },
  },
  {
    name: "several examples",
    schema: { type: "string", examples: ["a", "b"] },
    result: { type: "STRING", example: "a" },
    notes: ["approximated s.examples"],
  },
  {
    name: "a default of null",
    schema: { type: ["string", "null"], default: null },
    result: { type: "STRING", nullable: true, default: null },
  },

  {
    name: "a type list with null",
    schema: { type: ["string", "null"] },
    result: { type: "STRING", nullable: true },
  },
  {
    name: "nullable",
    schema: { type: "string", nullable: true },
    result: { type: "STRING", nullable: true },
  },
  {
    name: "a union with null",
    schema: { anyOf: [{ type: "string", title: "S" }, { type: "null" }], description: "D", default: null },
    result: { type: "STRING", nullable: true, title: "S", description: "D", default: null },
  },
  {
    name: "a type list: each type with its own keywords",
    schema: { type: ["string", "array", "null"], items: { type: "number" }, minLength: 2, description: "D" },
    result: {
      anyOf: [
        { type: "STRING", nullable: true, minLength: 2, description: "D" },
        { type: "ARRAY", nullable: true, items: { type: "NUMBER" }, description: "D" },
      ],
    },
  },
  {
    name: "a union stands alone",
    schema: {
      anyOf: [{ type: "string", description: "by name" }, { type: "integer" }],
      description: "Who",
      title: "W",
    },
    result: {
      anyOf: [
        { type: "STRING", description: "Who by name", title: "W" },
        { type: "INTEGER", description: "Who", title: "W" },
      ],
    },
  },
  {
    name: "unions in unions",
    schema: { anyOf: [{ oneOf: [{ type: "string" }, { type: "null" }] }, { type: ["number", "boolean"] }] },
    result: {
      anyOf: [
        { type: "STRING", nullable: true },
        { type: "NUMBER", nullable: true },
        { type: "BOOLEAN", nullable: true },
      ],
    },
  },
  {
    name: "branches that only require",
    schema: {
      type: ["object", "null"],
      properties: { a: { type: "string" }, b: { type: "string" } },
      anyOf: [{ required: ["a"] }, { required: ["b"] }],
    },
    result: {
      anyOf: [
        {
          type: "OBJECT",
          nullable: true,
          properties: { a: { type: "STRING" }, b: { type: "STRING" } },
          required: ["a"],
          propertyOrdering: ["a", "b"],
        },
        {
          type: "OBJECT",
          nullable: true,
          properties: { a: { type: "STRING" }, b: { type: "STRING" } },
          required: ["b"],
          propertyOrdering: ["a", "b"],
        },
      ],
    },
  },
  {
    name: "a branch that its surroundings rule out",
    schema: { type: "string", anyOf: [{ type: "number" }, { enum: ["a"] }] },
    result: { type: "STRING", format: "enum", enum: ["a"] },
  },
  {
    name: "a union that cannot be combined with its surroundings",
    schema: { type: "string", pattern: "a", anyOf: [{ type: "string", pattern: "b" }, { maxLength: 3 }] },
    result: {
      anyOf: [
        { type: "STRING", pattern: "b" },
        { type: "STRING", pattern: "a", maxLength: 3 },
      ],
    },
    notes: ["approximated s"],
  },
  {
    name: "a long description is not repeated",
    schema: {
      description: "d".repeat(1_001),
      anyOf: [{ type: "string" }, { type: "number", description: "n" }],
    },
    result: {
      anyOf: [
        { type: "STRING", description: "d".repeat(1_001) },
        { type: "NUMBER", description: "n" },
      ],
    },
  },

  { name: "const", schema: { const: "a" }, result: { type: "STRING", format: "enum", enum: ["a"] } },
  {
    name: "an enum of integers",
    schema: { type: "integer", enum: [1, 2], description: "Floor." },
    result: { type: "INTEGER", description: "Floor. One of: 1, 2." },
    notes: ["approximated s.enum"],
  },
  {
    name: "a mixed enum",
    schema: { enum: ["a", 0.5, null] },
    result: {
      anyOf: [
        { type: "STRING", nullable: true, format: "enum", enum: ["a"] },
        { type: "NUMBER", nullable: true, description: "Always 0.5." },
      ],
    },
    notes: ["approximated s.enum"],
  },
  {
    name: "enum with null",
    schema: { enum: ["a", null] },
    result: { type: "STRING", nullable: true, format: "enum", enum: ["a"] },
  },
  {
    name: "enum with an empty string",
    schema: { enum: ["", "a"] },
    result: { type: "STRING", format: "enum", enum: ["a"] },
    notes: ["approximated s.enum"],
  },
  {
    name: "enum of an empty string alone",
    schema: { enum: [""] },
    result: { type: "STRING" },
    notes: ["approximated s.enum"],
  },
  {
    name: "const of a boolean",
    schema: { const: false },
    result: { type: "BOOLEAN", description: "Always false." },
    notes: ["approximated s.const"],
  },

  {
    name: "a tuple",
    schema: {
      type: "array",
      prefixItems: [{ type: "string" }, { type: "number" }, { type: "string" }],
      items: false,
    },
    result: { type: "ARRAY", items: { anyOf: [{ type: "STRING" }, { type: "NUMBER" }] }, maxItems: 3 },
    notes: ["approximated s.prefixItems"],
  },
  {
    name: "required names that are not declared",
    schema: { type: "object", properties: { a: { type: "string" } }, required: ["a", "b", "toString"] },
    result: { type: "OBJECT", properties: { a: { type: "STRING" } }, required: ["a"] },
    notes: ["approximated s"],
  },
  { name: "a map of anything", schema: { type: "object" }, result: { type: "OBJECT" } },

  {
    name: "references are written out",
    schema: {
      type: "object",
      properties: { a: { $ref: "#/$defs/P" }, b: { $ref: "#/$defs/P", description: "mine" } },
      $defs: { P: { type: "string", description: "theirs" } },
    },
    result: {
      type: "OBJECT",
      properties: {
        a: { type: "STRING", description: "theirs" },
        b: { type: "STRING", description: "mine" },
      },
      propertyOrdering: ["a", "b"],
    },
  },
];

describe.each<Surface>(["vertex", "gemini-api"])("the OpenAPI field of %s", (surface) => {
  test.each(SAME_ON_BOTH)("$name", ({ schema, result, notes = [] }) => {
    const converted = convert(schema, surface);
    expect(converted.result).toEqual(result);
    expect(converted.notes.sort()).toEqual([...notes].sort());
  });
});

test("a part of any type is named by its path", () => {
  const schema = {
    type: "object",
    properties: { "a.b": true, c: { type: "array" }, d: { anyOf: [{}, NAME] } },
  };
  const { notes } = convert(schema, "vertex");
  expect(notes).toEqual([
    'approximated s.properties["a.b"]',
    "approximated s.properties.c.items",
    "approximated s.properties.d",
  ]);
});

describe("where the hosts differ", () => {
  test.each<{
    name: string;
    schema: unknown;
    vertex: Omit<Case, "name" | "schema">;
    developer: Omit<Case, "name" | "schema">;
  }>([
    {
      name: "additionalProperties: false",
      schema: { type: "object", properties: { a: NAME }, additionalProperties: false },
      vertex: {
        result: { type: "OBJECT", properties: { a: { type: "STRING" } }, additionalProperties: false },
      },
      developer: {
        result: { type: "OBJECT", properties: { a: { type: "STRING" } } },
        notes: ["ignored s.additionalProperties"],
      },
    },
    {
      name: "additionalProperties: true",
      schema: { type: "object", additionalProperties: true },
      vertex: { result: { type: "OBJECT", additionalProperties: true } },
      developer: { result: { type: "OBJECT" } },
    },
    {
      name: "a map",
      schema: { type: "object", additionalProperties: { type: ["integer", "null"] } },
      vertex: { result: { type: "OBJECT", additionalProperties: { type: "INTEGER", nullable: true } } },
      developer: { result: { type: "OBJECT" }, notes: ["ignored s.additionalProperties"] },
    },
    {
      name: "a format of strings",
      schema: { type: "string", format: "uri" },
      vertex: { result: { type: "STRING", format: "uri" } },
      developer: { result: { type: "STRING" }, notes: ["ignored s.format"] },
    },
    {
      name: "the formats that both take",
      schema: {
        anyOf: [
          { type: "string", format: "date-time" },
          { type: "integer", format: "int64" },
          { type: "number", format: "float" },
        ],
      },
      vertex: {
        result: {
          anyOf: [
            { type: "STRING", format: "date-time" },
            { type: "INTEGER", format: "int64" },
            { type: "NUMBER", format: "float" },
          ],
        },
      },
      developer: {
        result: {
          anyOf: [
            { type: "STRING", format: "date-time" },
            { type: "INTEGER", format: "int64" },
            { type: "NUMBER", format: "float" },
          ],
        },
      },
    },
    {
      name: "anything",
      schema: { description: "D", minLength: 1 },
      vertex: {
        result: {
          anyOf: [
            { type: "STRING", nullable: true, description: "D", minLength: 1 },
            { type: "NUMBER", nullable: true, description: "D" },
            { type: "BOOLEAN", nullable: true, description: "D" },
            { type: "OBJECT", nullable: true, description: "D" },
          ],
        },
        notes: ["approximated s"],
      },
      developer: {
        result: {
          anyOf: [
            { type: "STRING", nullable: true, description: "D", minLength: 1 },
            { type: "NUMBER", nullable: true, description: "D" },
            { type: "BOOLEAN", nullable: true, description: "D" },
          ],
        },
        notes: ["approximated s"],
      },
    },
    {
      name: "recursion",
      schema: {
        type: "object",
        properties: { kids: { type: "array", items: { $ref: "#" } } },
        required: ["kids"],
      },
      vertex: {
        result: family(family(family(family({ type: "OBJECT" }, 0)))),
        notes: ["approximated s.properties.kids.items.$ref"],
      },
      developer: {
        result: family(family(family(family({ type: "STRING" }, 0)))),
        notes: ["approximated s.properties.kids.items.$ref"],
      },
    },
  ])("$name", ({ schema, vertex, developer }) => {
    expect(convert(schema, "vertex")).toEqual({ notes: [], ...vertex });
    expect(convert(schema, "gemini-api")).toEqual({ notes: [], ...developer });
  });
});

function family(items: unknown, maxItems?: number): unknown {
  return {
    type: "OBJECT",
    properties: { kids: { type: "ARRAY", items, ...(maxItems === undefined ? {} : { maxItems }) } },
    required: ["kids"],
  };
}
