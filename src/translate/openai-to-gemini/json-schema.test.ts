import { describe, expect, test } from "vitest";
import { contextFor, noted } from "../../../test/support/request-context.ts";
import { GatewayError } from "../../errors.ts";
import { toGeminiJsonSchema, toGeminiSchema } from "./json-schema.ts";

/** A schema as it would be parsed from a body, frozen to its last part, so that any write to it throws. */
function frozen(json: string): unknown {
  return JSON.parse(json, (_key, value: unknown) => Object.freeze(value));
}

function convert(schema: unknown) {
  const context = contextFor();
  const result = toGeminiJsonSchema(frozen(JSON.stringify(schema)), "s", context);
  return { result, notes: noted(context) };
}

function refusal(schema: unknown, to = toGeminiJsonSchema): unknown {
  try {
    to(schema, "s", contextFor());
  } catch (error) {
    if (error instanceof GatewayError && error.failure.kind === "invalid_request") {
      expect(error.message).toContain(`${error.failure.param}: `);
      return error.failure.param;
    }
    return error;
  }
  return undefined;
}

test("of more unknown keywords than are named, the others are counted, and nothing else is overlooked", () => {
  const unknown = Object.fromEntries(Array.from({ length: 3_000 }, (_, index) => [`x${index}`, 1]));
  const context = contextFor();
  const schema = { type: "string", ...unknown, $defs: 1 };
  expect(() => toGeminiJsonSchema(schema, "s", contextFor())).toThrow("s.$defs");
  expect(toGeminiJsonSchema({ type: "string", ...unknown }, "s", context)).toEqual({ type: "string" });
  expect(context.notes.list.length + context.notes.dropped).toBe(1_001);
});

describe("the JSON Schema field", () => {
  test.each<{ name: string; schema: unknown; result: unknown; notes?: string[] }>([
    { name: "true", schema: true, result: {} },
    { name: "empty", schema: {}, result: {} },
    {
      name: "an ordinary object",
      schema: {
        $schema: "https://json-schema.org/draft/2020-12/schema",
        $id: "https://example.com/tide",
        $comment: "from the harbour office",
        type: "object",
        title: "Tide",
        description: "A tide",
        properties: {
          port: { type: "string", description: "Name" },
          at: { type: "string", format: "date-time" },
          height: { type: "number", minimum: 0, maximum: 20 },
          marks: { type: "array", items: { type: "integer" }, minItems: 1, maxItems: 4 },
        },
        required: ["port", "at"],
        additionalProperties: false,
        propertyOrdering: ["port", "at", "height", "marks"],
      },
      result: {
        type: "object",
        title: "Tide",
        description: "A tide",
        properties: {
          port: { type: "string", description: "Name" },
          at: { type: "string", format: "date-time" },
          height: { type: "number", minimum: 0, maximum: 20 },
          marks: { type: "array", items: { type: "integer" }, minItems: 1, maxItems: 4 },
        },
        required: ["port", "at"],
        additionalProperties: false,
        propertyOrdering: ["port", "at", "height", "marks"],
      },
    },
    {
      name: "keywords that are not taken",
      schema: {
        type: "object",
        properties: {
          code: {
            type: "string",
            pattern: "^(a+)+$",
            minLength: 2,
            maxLength: 9,
            default: "aa",
            examples: ["aa"],
          },
          "odd.name": { type: "number", multipleOf: 0.5, not: { const: 1 } },
        },
        patternProperties: { "^x-": {} },
        minProperties: 1,
        if: {},
        "x-order": 3,
        $dynamicRef: "#node",
        dependentRequired: {},
      },
      result: {
        type: "object",
        properties: { code: { type: "string" }, "odd.name": { type: "number" } },
      },
      notes: [
        "ignored s.properties.code.examples",
        "ignored s.properties.code.pattern",
        "ignored s.properties.code.minLength",
        "ignored s.properties.code.maxLength",
        "ignored s.properties.code.default",
        'ignored s.properties["odd.name"].multipleOf',
        'ignored s.properties["odd.name"].not',
        "ignored s.patternProperties",
        "ignored s.minProperties",
        "ignored s.if",
        "ignored s.x-order",
        "ignored s.$dynamicRef",
        "ignored s.dependentRequired",
      ],
    },
    {
      name: "keywords of null",
      schema: { type: "string", description: null, format: null, enum: null, pattern: null },
      result: { type: "string" },
    },

    { name: "a type list", schema: { type: ["string", "null"] }, result: { type: ["string", "null"] } },
    { name: "a type list of one", schema: { type: ["string"] }, result: { type: "string" } },
    { name: "integer beside number", schema: { type: ["integer", "number"] }, result: { type: "number" } },
    { name: "an upper-case type", schema: { type: "STRING" }, result: { type: "string" } },
    { name: "nullable", schema: { type: "string", nullable: true }, result: { type: ["string", "null"] } },
    { name: "nullable: false", schema: { type: "string", nullable: false }, result: { type: "string" } },
    { name: "nullable of anything", schema: { nullable: true }, result: {} },
    {
      name: "a nullable union",
      schema: { anyOf: [{ type: "string" }, { type: "number" }], nullable: true, title: "T" },
      result: { title: "T", anyOf: [{ type: "string" }, { type: "number" }, { type: "null" }] },
    },
    {
      name: "a union with null",
      schema: { anyOf: [{ type: "string" }, { type: "null" }], title: "T" },
      result: { anyOf: [{ type: "string" }, { type: "null" }], title: "T" },
    },
    {
      name: "a missing type",
      schema: { properties: { a: { items: { type: "string" } } } },
      result: { type: "object", properties: { a: { type: "array", items: { type: "string" } } } },
      notes: ["added s.properties.a.type", "added s.type"],
    },
    {
      name: "branches without a type, under one",
      schema: {
        type: "object",
        properties: { a: {}, b: {} },
        anyOf: [{ required: ["a"] }, { required: ["b"], properties: { b: {} } }],
      },
      result: {
        type: "object",
        properties: { a: {}, b: {} },
        anyOf: [{ required: ["a"] }, { required: ["b"], properties: { b: {} } }],
      },
    },

    { name: "const", schema: { const: "a" }, result: { type: "string", enum: ["a"] } },
    { name: "const of 0", schema: { const: 0 }, result: { type: "integer", enum: [0] } },
    { name: "const of null", schema: { const: null }, result: { type: "null" } },
    { name: "const of the empty string", schema: { const: "" }, result: { type: "string", enum: [""] } },
    {
      name: "const of a boolean",
      schema: { const: true, description: "Ready." },
      result: { type: "boolean", description: "Ready. Always true." },
      notes: ["approximated s.const"],
    },
    {
      name: "const of an object",
      schema: { const: { a: 1 } },
      result: { type: "object" },
      notes: ["approximated s.const"],
    },
    {
      name: "enum of strings",
      schema: { enum: ["a", "b", "a"] },
      result: { type: "string", enum: ["a", "b"] },
    },
    { name: "enum of integers", schema: { enum: [1, 2] }, result: { type: "integer", enum: [1, 2] } },
    { name: "enum of numbers", schema: { enum: [1, 2.5] }, result: { type: "number", enum: [1, 2.5] } },
    {
      name: "enum of numbers by type",
      schema: { type: "number", enum: [1] },
      result: { type: "number", enum: [1] },
    },
    { name: "enum of booleans", schema: { enum: [true, false] }, result: { type: "boolean" } },
    {
      name: "a mixed enum",
      schema: { enum: ["a", 1, null, true, false], description: "D" },
      result: {
        description: "D",
        anyOf: [
          { type: "string", enum: ["a"] },
          { type: "integer", enum: [1] },
          { type: "boolean" },
          { type: "null" },
        ],
      },
    },
    {
      name: "an enum with null",
      schema: { type: ["string", "null"], enum: ["a", null] },
      result: { anyOf: [{ type: "string", enum: ["a"] }, { type: "null" }] },
    },
    {
      name: "a nullable enum",
      schema: { type: "string", enum: ["a"], nullable: true },
      result: { anyOf: [{ type: "string", enum: ["a"] }, { type: "null" }] },
    },
    {
      name: "an enum beyond its type",
      schema: { type: "string", enum: ["a", 1] },
      result: { type: "string", enum: ["a"] },
      notes: ["approximated s.enum"],
    },

    {
      name: "oneOf of one type",
      schema: { oneOf: [{ type: "object", properties: { a: {} } }, { type: "object" }] },
      result: { anyOf: [{ type: "object", properties: { a: {} } }, { type: "object" }] },
      notes: ["approximated s.oneOf"],
    },
    {
      name: "oneOf of distinct types is exact",
      schema: { oneOf: [{ type: "string" }, { type: "integer" }] },
      result: { anyOf: [{ type: "string" }, { type: "integer" }] },
    },
    {
      name: "a union of one",
      schema: { title: "T", anyOf: [{ type: "string" }] },
      result: { title: "T", type: "string" },
    },
    {
      name: "anyOf beside oneOf",
      schema: {
        anyOf: [{ minimum: 1 }, { minimum: 2 }],
        oneOf: [{ type: "string", pattern: "x" }, { type: "number" }],
      },
      result: { anyOf: [{ minimum: 1 }, { minimum: 2 }] },
      notes: ["ignored s.oneOf"],
    },
    {
      name: "allOf",
      schema: {
        type: "object",
        properties: { a: { type: "string" } },
        required: ["a"],
        allOf: [
          { properties: { b: { type: "number", minimum: 1 } }, required: ["b"] },
          { properties: { b: { type: "integer", minimum: 0 } }, description: "D" },
        ],
      },
      result: {
        type: "object",
        properties: { a: { type: "string" }, b: { type: "integer", minimum: 1 } },
        required: ["a", "b"],
        description: "D",
      },
    },
    {
      name: "allOf that cannot be merged",
      schema: { type: "string", allOf: [{ type: "number", multipleOf: 3 }, { description: "D" }] },
      result: { type: "string", description: "D" },
      notes: ["ignored s.allOf[0]"],
    },

    {
      name: "a tuple",
      schema: {
        type: "array",
        prefixItems: [{ type: "string" }, { type: "number" }],
        items: false,
        minItems: 2,
      },
      result: {
        type: "array",
        prefixItems: [{ type: "string" }, { type: "number" }],
        minItems: 2,
        maxItems: 2,
      },
    },
    {
      name: "a tuple as draft 7 has it",
      schema: { type: "array", items: [{ type: "string" }], additionalItems: { type: "number" } },
      result: { type: "array", prefixItems: [{ type: "string" }], items: { type: "number" } },
    },
    {
      name: "an array of anything",
      schema: { type: "array", items: true },
      result: { type: "array", items: {} },
    },
    {
      name: "an array of nothing",
      schema: { type: "array", items: false },
      result: { type: "array", items: { type: "object" }, maxItems: 0 },
    },
    {
      name: "a property of nothing",
      schema: { type: "object", properties: { a: false, b: {} } },
      result: { type: "object", properties: { b: {} } },
      notes: ["approximated s.properties.a"],
    },
    {
      name: "an empty object",
      schema: { type: "object", properties: {} },
      result: { type: "object", properties: {} },
    },
    {
      name: "a map",
      schema: { type: "object", additionalProperties: { type: "integer", exclusiveMinimum: 0 } },
      result: { type: "object", additionalProperties: { type: "integer", minimum: 1 } },
    },

    {
      name: "exclusive bounds of integers",
      schema: { type: "integer", exclusiveMinimum: 1.5, exclusiveMaximum: 9 },
      result: { type: "integer", minimum: 2, maximum: 8 },
    },
    {
      name: "exclusive bounds of numbers",
      schema: { type: "number", exclusiveMinimum: 0, maximum: 5, exclusiveMaximum: 9 },
      result: { type: "number", minimum: 0, maximum: 5 },
      notes: ["approximated s.exclusiveMinimum"],
    },
    {
      name: "exclusive bounds as draft 4 has them",
      schema: { type: "integer", minimum: 3, exclusiveMinimum: true, maximum: 7, exclusiveMaximum: false },
      result: { type: "integer", minimum: 4, maximum: 7 },
    },

    {
      name: "references are kept, under $defs",
      schema: {
        type: "object",
        properties: {
          a: { $ref: "#/definitions/P%20rt" },
          b: { $ref: "#/definitions/P%20rt" },
          c: { $ref: "#/definitions/a~1b~0c" },
        },
        definitions: { "P rt": { type: "string" }, "a/b~c": { type: "number" }, unused: { pattern: "x" } },
      },
      result: {
        type: "object",
        properties: {
          a: { $ref: "#/$defs/P_rt" },
          b: { $ref: "#/$defs/P_rt" },
          c: { $ref: "#/$defs/a_b_c" },
        },
        $defs: { a_b_c: { type: "number" }, P_rt: { type: "string" } },
      },
    },
    {
      name: "references with siblings are written out",
      schema: {
        type: "object",
        properties: {
          a: { $ref: "#/$defs/P", description: "mine" },
          b: { $ref: "#/$defs/P", $comment: "x" },
        },
        $defs: { P: { type: "string", description: "theirs", title: "P" } },
      },
      result: {
        type: "object",
        properties: { a: { type: "string", description: "mine", title: "P" }, b: { $ref: "#/$defs/P" } },
        $defs: { P: { type: "string", description: "theirs", title: "P" } },
      },
    },
    {
      name: "a reference at the root is written out",
      schema: {
        $ref: "#/definitions/Tide",
        definitions: { Tide: { type: "object", properties: { a: {} } } },
        $schema: "x",
      },
      result: { type: "object", properties: { a: {} } },
    },
    {
      name: "references into the middle, by anchor, and through $id",
      schema: {
        $id: "https://example.com/s#",
        type: "object",
        properties: {
          a: { type: "string", $anchor: "first" },
          b: { $ref: "#/properties/a" },
          c: { $ref: "#first" },
          d: { $ref: "https://example.com/s#/properties/e/anyOf/1" },
          e: { anyOf: [{ type: "null" }, { type: "number" }] },
        },
      },
      result: {
        type: "object",
        properties: {
          a: { type: "string" },
          b: { $ref: "#/$defs/a" },
          c: { $ref: "#/$defs/first" },
          d: { $ref: "#/$defs/1" },
          e: { anyOf: [{ type: "null" }, { type: "number" }] },
        },
        $defs: { 1: { type: "number" }, first: { type: "string" }, a: { type: "string" } },
      },
    },
    {
      name: "two definitions of one name",
      schema: {
        anyOf: [{ $ref: "#/$defs/a" }, { $ref: "#/definitions/a" }],
        $defs: { a: { type: "string" } },
        definitions: { a: { type: "number" } },
      },
      result: {
        anyOf: [{ $ref: "#/$defs/a" }, { $ref: "#/$defs/a_2" }],
        $defs: { a: { type: "string" }, a_2: { type: "number" } },
      },
    },
    {
      name: "a definition of anything, and of nothing",
      schema: {
        type: "object",
        properties: { a: { $ref: "#/$defs/any" }, b: { $ref: "#/$defs/none" } },
        $defs: { any: true, none: false },
      },
      result: { type: "object", properties: { a: { $ref: "#/$defs/any" } }, $defs: { any: {} } },
      notes: ["approximated s.$defs.none"],
    },
    {
      name: "recursion in optional properties is cut by leaving them out",
      schema: {
        type: "object",
        properties: { v: { type: "string" }, next: { $ref: "#" } },
        required: ["v"],
      },
      result: link(link(link(link(undefined)))),
      notes: ["approximated s.properties.next.$ref"],
    },
    {
      name: "recursion in required properties is cut to any object",
      schema: {
        $ref: "#/$defs/N",
        $defs: { N: { type: "object", properties: { n: { $ref: "#/$defs/N" } }, required: ["n"] } },
      },
      result: box(box(box(box({ type: "object" })))),
      notes: ["approximated s.$defs.N.properties.n.$ref"],
    },
    {
      name: "recursion in unions is cut by leaving the branch out",
      schema: { anyOf: [{ type: "string" }, { type: "array", items: { $ref: "#" } }] },
      result: list(list(list(list({ type: "object" }, 0)))),
      notes: ["approximated s.anyOf[1].items.$ref"],
    },
  ])("$name", ({ schema, result, notes = [] }) => {
    const converted = convert(schema);
    expect(converted.result).toEqual(result);
    expect(converted.notes.sort()).toEqual([...notes].sort());
    // What was made is made of it again.
    expect(convert(converted.result).result).toEqual(converted.result);
  });

  test("properties named like keywords, or like what every object has, are properties", () => {
    const names = ["type", "enum", "$ref", "properties", "required", "anyOf", "$defs", "const", "default"];
    names.push("__proto__", "constructor", "prototype", "toString", "hasOwnProperty");
    const properties = names.map(
      (name, index) => `${JSON.stringify(name)}: {"type": "string", "title": "${index}"}`,
    );
    const json = `{"type": "object", "properties": {${properties.join(",")}}, "required": ${JSON.stringify(names)}}`;
    const context = contextFor();
    const result = toGeminiJsonSchema(frozen(json), "s", context);
    expect(JSON.parse(JSON.stringify(result))).toEqual(JSON.parse(json));
    expect(JSON.stringify(result)).toContain('"__proto__":{"type":"string","title":"9"}');
    expect(noted(context)).toEqual([]);
    const openApi = JSON.stringify(
      toGeminiSchema(frozen(json), "s", contextFor("gemini-2.0-flash", "vertex")),
    );
    for (const [index, name] of names.entries()) {
      expect(openApi).toContain(`${JSON.stringify(name)}:{"type":"STRING","title":"${index}"}`);
    }
    expect(Object.keys(Object.prototype)).toEqual([]);
    expect(({} as { title?: string }).title).toBeUndefined();
  });

  test("the order of properties is kept", () => {
    const names = Array.from({ length: 50 }, (_, index) => `p${(index * 37) % 50}`);
    const schema = {
      type: "object",
      properties: Object.fromEntries(names.map((name) => [name, { type: "string" }])),
    };
    const { properties } = convert(schema).result as { properties: object };
    expect(Object.keys(properties)).toEqual(names);
  });

  test("a branch that is left out takes its definitions' reports with it, and no one else's", () => {
    const { result, notes } = convert({
      type: "object",
      allOf: [{ type: "array", items: { $ref: "#/$defs/A" } }, { properties: { a: { $ref: "#/$defs/A" } } }],
      $defs: { A: { type: "string", pattern: "x" } },
    });
    expect(result).toEqual({
      type: "object",
      properties: { a: { $ref: expect.stringMatching(/^#\/\$defs\/A/) } },
      $defs: expect.anything(),
    });
    expect(notes).toEqual(["ignored s.allOf[0]", "ignored s.$defs.A.pattern"]);
  });
});

describe("refused, naming the part", () => {
  test.each<[string, unknown, string]>([
    ["not a schema", 5, "s"],
    ["null", null, "s"],
    ["an array", [], "s"],
    ["nothing allowed", false, "s"],
    ["nothing allowed in any branch", { anyOf: [false] }, "s"],
    ["itself and nothing else", { $ref: "#" }, "s"],
    ["a wrong property", { properties: { a: "string" } }, "s.properties.a"],
    ["a property named __proto__", JSON.parse('{"properties": {"__proto__": 1}}'), "s.properties.__proto__"],
    [
      "a property of many words",
      { properties: { ["x".repeat(99)]: 1 } },
      `s.properties["${"x".repeat(64)}…"]`,
    ],
    ["properties as a list", { properties: [] }, "s.properties"],
    ["an unknown type", { type: "text" }, "s.type"],
    ["a type of number", { type: 1 }, "s.type"],
    ["no types", { type: [] }, "s.type"],
    ["nullable of text", { nullable: "yes" }, "s.nullable"],
    ["a title of number", { title: 1 }, "s.title"],
    ["a minimum of text", { minimum: "1" }, "s.minimum"],
    ["a minimum out of range", JSON.parse('{"minimum": 1e400}'), "s.minimum"],
    ["a negative count", { minItems: -1 }, "s.minItems"],
    ["a broken count", { maxItems: 1.5 }, "s.maxItems"],
    ["required as draft 3 has it", { properties: { a: { required: true } } }, "s.properties.a.required"],
    ["an empty enum", { enum: [] }, "s.enum"],
    ["an enum of text", { enum: "a" }, "s.enum"],
    ["an enum out of range", JSON.parse('{"enum": [1e400]}'), "s.enum"],
    ["10,001 values", { enum: Array.from({ length: 10_001 }, (_, index) => `${index}`) }, "s.enum"],
    ["an empty union", { anyOf: [] }, "s.anyOf"],
    ["a union as object", { oneOf: {} }, "s.oneOf"],
    ["a wrong branch", { allOf: [{}, null] }, "s.allOf[1]"],
    ["wrong items", { items: [{}, "x"] }, "s.items[1]"],
    ["two kinds of tuple", { items: [{}], prefixItems: [{}] }, "s.items"],
    ["a wrong map", { additionalProperties: "string" }, "s.additionalProperties"],
    ["wrong definitions", { $defs: [] }, "s.$defs"],
    ["a reference of number", { items: { $ref: 1 } }, "s.items.$ref"],
    ["a remote reference", { items: { $ref: "https://example.com/s.json" } }, "s.items.$ref"],
    ["a reference to a file", { items: { $ref: "other.json#/a" } }, "s.items.$ref"],
    ["a reference to nothing", { items: { $ref: "#/$defs/a" } }, "s.items.$ref"],
    ["a reference to what every object has", { items: { $ref: "#/constructor" } }, "s.items.$ref"],
    ["a reference to __proto__", { items: { $ref: "#/__proto__" } }, "s.items.$ref"],
    ["an index out of range", { anyOf: [{}, { $ref: "#/anyOf/01" }] }, "s.anyOf[1].$ref"],
    ["an anchor nobody has", { items: { $ref: "#a" } }, "s.items.$ref"],
  ])("%s", (_name, schema, param) => {
    expect(refusal(schema)).toBe(param);
    expect(refusal(schema, toGeminiSchema)).toBe(param);
  });
});

const nested = (levels: number): unknown => {
  let schema: unknown = { type: "string" };
  for (let level = 1; level < levels; level += 1) schema = { type: "array", items: schema };
  return schema;
};

const wide = (count: number): unknown => ({
  type: "object",
  properties: Object.fromEntries(
    Array.from({ length: count }, (_, index) => [`p${index}`, { type: "string" }]),
  ),
});

/** d0 holds d1 twice, which holds d2 twice, and so on: 2^levels leaves. */
const doubling = (levels: number, beside: object): unknown => ({
  type: "object",
  properties: { top: { $ref: "#/$defs/d0" } },
  $defs: Object.fromEntries(
    Array.from({ length: levels }, (_, level) => [
      `d${level}`,
      level === levels - 1
        ? { type: "string" }
        : {
            type: "object",
            properties: {
              a: { $ref: `#/$defs/d${level + 1}`, ...beside },
              b: { $ref: `#/$defs/d${level + 1}`, ...beside },
            },
          },
    ]),
  ),
});

const chain = (length: number): unknown => ({
  $ref: "#/$defs/d0",
  $defs: Object.fromEntries(
    Array.from({ length }, (_, index) => [
      `d${index}`,
      index === length - 1 ? { type: "string" } : { $ref: `#/$defs/d${index + 1}` },
    ]),
  ),
});

describe("bounded", () => {
  test("32 levels and no more", () => {
    expect(refusal(nested(32))).toBeUndefined();
    expect(refusal(nested(33))).toBe(`s${".items".repeat(32)}`);
    expect(refusal(nested(33), toGeminiSchema)).toBe(`s${".items".repeat(32)}`);
    expect(refusal(nested(4_000))).toBe(`s${".items".repeat(32)}`);
    // One hundred thousand never reaches the conversion: a schema of that many parts is refused before.
    expect(refusal(nested(100_000))).toMatch(/^s\.items/);
  });

  test("5,000 parts and no more", () => {
    expect(refusal(wide(4_999))).toBeUndefined();
    expect(refusal(wide(5_000))).toMatch(/^s/);
    expect(refusal(wide(4_999), toGeminiSchema)).toBeUndefined();
    expect(refusal(wide(5_000), toGeminiSchema)).toMatch(/^s/);
  });

  test.each([
    { name: "kept references", to: toGeminiJsonSchema, beside: {} },
    { name: "references written out", to: toGeminiJsonSchema, beside: { title: "T" } },
    { name: "the OpenAPI field", to: toGeminiSchema, beside: {} },
  ])("2^30 by references: $name", ({ to, beside }) => {
    expect(refusal(doubling(10, beside), to)).toBeUndefined();
    const started = performance.now();
    expect(refusal(doubling(30, beside), to)).toMatch(/^s\.\$defs\.d\d+/);
    expect(performance.now() - started).toBeLessThan(500);
  });

  test("recursion that doubles on every level", () => {
    const schema = {
      $ref: "#/$defs/E",
      $defs: {
        E: {
          anyOf: Array.from({ length: 12 }, (_, index) => ({
            type: "object",
            properties: { [`l${index}`]: { $ref: "#/$defs/E" }, [`r${index}`]: { $ref: "#/$defs/E" } },
          })),
        },
      },
    };
    for (const to of [toGeminiJsonSchema, toGeminiSchema]) {
      const context = contextFor();
      const result = JSON.stringify(to(schema, "s", context));
      expect(result.length).toBeLessThan(100_000);
      // One level inside the first fits; two would be 12 * 24 * 24 branches.
      expect(result).toContain('"l0":{"anyOf":[{');
      expect(context.notes.list.every(({ action }) => action === "approximated")).toBe(true);
    }
  });

  test("fifty definitions that all contain each other", () => {
    const names = Array.from({ length: 50 }, (_, index) => `D${index}`);
    const schema = {
      $ref: "#/$defs/D0",
      $defs: Object.fromEntries(
        names.map((name) => [
          name,
          {
            type: "object",
            properties: Object.fromEntries(names.map((other) => [other, { $ref: `#/$defs/${other}` }])),
          },
        ]),
      ),
    };
    const started = performance.now();
    expect(refusal(schema)).toBeUndefined();
    expect(refusal(schema, toGeminiSchema)).toBeUndefined();
    expect(performance.now() - started).toBeLessThan(1_000);
  });

  test("a long chain of references, and a thousand definitions", () => {
    expect(refusal(chain(20))).toBeUndefined();
    expect(refusal(chain(900))).toMatch(/^s\.\$defs\.d\d+/);
    expect(refusal(chain(4_000))).toMatch(/^s\.\$defs\.d\d+\.\$ref$/);
  });

  test("an object that contains itself, which no body can hold", () => {
    const schema: Record<string, unknown> = { type: "array" };
    schema["items"] = schema;
    expect(refusal(schema)).toMatch(/^s\.items/);
  });

  test("a union of many branches beside many properties is not multiplied without end", () => {
    const names = Array.from({ length: 1_000 }, (_, index) => `p${index}`);
    const schema = {
      type: "object",
      properties: Object.fromEntries(names.map((name) => [name, {}])),
      anyOf: names.map((name) => ({ required: [name] })),
    };
    expect(refusal(schema)).toBeUndefined();
    expect(refusal(schema, toGeminiSchema)).toBe("s");
  });
});

function link(next: unknown): unknown {
  return {
    type: "object",
    properties: { v: { type: "string" }, ...(next === undefined ? {} : { next }) },
    required: ["v"],
  };
}

function box(n: unknown): unknown {
  return { type: "object", properties: { n }, required: ["n"] };
}

function list(items: unknown, maxItems?: number): unknown {
  return {
    anyOf: [{ type: "string" }, { type: "array", items, ...(maxItems === undefined ? {} : { maxItems }) }],
  };
}
