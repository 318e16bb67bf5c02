/** Grammars made from JSON schemas, tried with llama.cpp's own matcher and with what a model writes under them. */
import { Ajv2020 } from "ajv/dist/2020.js";
import * as llamaCpp from "node-llama-cpp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { LocalModel } from "../../src/upstreams/local/local-model.ts";
import { SchemaGrammar } from "../../src/upstreams/local/schema-grammar.ts";
import { END } from "../support/tiny-gguf.ts";
import { complete, Models } from "./asking.ts";

let llama: llamaCpp.Llama;
const models = new Models();
let wild: LocalModel;
beforeAll(async () => {
  llama = await llamaCpp.getLlama({ build: "never", gpu: false, progressLogs: false });
  // Any token after any other, with some love for what closes.
  wild = await models.load({
    next: {},
    bias: { ...NO_STRAY_BYTES, '"': 6, "}": 6, "]": 6, ",": 1, [END]: 6 },
  });
});
afterAll(async () => {
  await models.close();
  await llama.dispose();
});

/** Bytes that are no characters by themselves: at random they make no text. */
const NO_STRAY_BYTES = Object.fromEntries(
  Array.from({ length: 128 }, (_, at) => [`<0x${(128 + at).toString(16).toUpperCase()}>`, -40]),
);

/** The grammar's matcher is not in the library's declarations. */
interface Matcher {
  _testText(text: string): boolean;
}

async function matcher(schema: unknown): Promise<Matcher> {
  const grammar = new SchemaGrammar();
  const root = grammar.add(schema, "schema", false);
  return (await llama.createGrammar({ grammar: grammar.toString(root) })) as unknown as Matcher;
}

const NODE = {
  $ref: "#/$defs/node",
  $defs: {
    node: {
      type: "object",
      properties: {
        value: { type: "integer" },
        next: { anyOf: [{ $ref: "#/$defs/node" }, { type: "null" }] },
      },
      required: ["value", "next"],
    },
  },
};

const CASES: [what: string, schema: unknown, good: string[], bad: string[]][] = [
  [
    "anything",
    true,
    ["1", "null", '{"a": [true, "x"]}', "[]", "-0.5e10"],
    ["", "nul", "[1,]", "01", "{a:1}"],
  ],
  ["a string", { type: "string" }, ['""', '"é🦙"', '"\\n\\u00e9"'], ["''", '"\n"', '"\\x"', "1"]],
  ["lengths", { type: "string", minLength: 2, maxLength: 3 }, ['"ab"', '"a🦙c"'], ['"a"', '"abcd"']],
  ["an integer", { type: "integer" }, ["0", "-12"], ["1.5", "-0.0", "1e3", "00"]],
  ["bounds", { type: "integer", minimum: 3, exclusiveMaximum: 12 }, ["3", "9", "11"], ["2", "12", "-3"]],
  ["a number", { type: "number" }, ["0", "-1.25", "1e-5"], [".5", "1.", "NaN"]],
  ["no negative number", { type: "number", minimum: 0 }, ["0.5", "12"], ["-1"]],
  ["several types", { type: ["string", "null"] }, ['"a"', "null"], ["1"]],
  ["OpenAPI's nullable", { type: "boolean", nullable: true }, ["true", "null"], ["1"]],
  ["enum", { enum: ["a", 1, null, 'q"'] }, ['"a"', "1", "null", '"q\\""'], ['"b"', "2"]],
  ["const", { const: { a: [1] } }, ['{"a":[1]}'], ['{"a":[2]}']],
  [
    "dates",
    { type: "string", format: "date" },
    ['"2024-02-29"', '"1999-12-31"'],
    ['"2024-02-30"', '"2024-04-31"', '"2024-13-01"'],
  ],
  [
    "times",
    { type: "string", format: "date-time" },
    ['"2024-01-02T03:04:05Z"', '"2024-01-02T03:04:05.6+01:00"'],
    ['"2024-01-02"', '"2024-01-02T25:00:00Z"'],
  ],
  [
    "required properties",
    { properties: { a: { type: "integer" }, b: { type: "null" } }, required: ["a", "b"] },
    ['{"a":1,"b":null}', '{"a": 1, "b": null}'],
    ["{}", '{"a":1}', '{"b":null,"a":1}', '{"a":1,"b":null,"c":1}'],
  ],
  [
    "optional properties",
    { properties: { a: { const: 1 }, b: { const: 2 }, c: { const: 3 } }, required: ["b"] },
    ['{"b":2}', '{"a":1,"b":2}', '{"b":2,"c":3}', '{"a":1,"b":2,"c":3}'],
    ["{}", '{"a":1}', '{"c":3}', '{,"b":2}', '{"a":1,"c":3}', '{"b":2,}'],
  ],
  [
    "only optional ones",
    { properties: { a: { const: 1 }, b: { const: 2 } } },
    ["{}", '{"a":1}', '{"b":2}', '{"a":1,"b":2}'],
    ['{"b":2,"a":1}'],
  ],
  ["a required name without a schema", { type: "object", required: ["x"] }, ['{"x":1}', '{"x":{}}'], ["{}"]],
  ["any object", { type: "object" }, ["{}", '{"a":1,"b":[]}'], ["[]"]],
  ["no properties at all", { type: "object", additionalProperties: false }, ["{}"], ['{"a":1}']],
  [
    "other keys of one type",
    {
      properties: { id: { const: 1 }, item: { const: 2 } },
      required: ["id"],
      additionalProperties: { type: "string" },
    },
    ['{"id":1}', '{"id":1,"x":"y"}', '{"id":1,"i":"y","ide":"z","":"e"}', '{"id":1,"item":2,"it":"x"}'],
    ['{"id":1,"x":2}', '{"id":1,"id":"y"}', '{"id":1,"item":"y"}', '{"x":"y"}'],
  ],
  [
    "keys that need escaping",
    {
      properties: { 'a"b\n': { const: 1 }, "ключ-[]^": { const: 2 } },
      required: ['a"b\n'],
      additionalProperties: true,
    },
    ['{"a\\"b\\n":1}', '{"a\\"b\\n":1,"ключ-[]^":2,"a":0,"ключ-":1}'],
    ['{"a":1}', '{"a\\"b\\n":1,"ключ-[]^":3}'],
  ],
  ["arrays", { type: "array", items: { type: "integer" } }, ["[]", "[1]", "[1,2, 3]"], ['["a"]', "[1,]"]],
  [
    "array bounds",
    { items: { const: 1 }, minItems: 2, maxItems: 3 },
    ["[1,1]", "[1,1,1]"],
    ["[1]", "[]", "[1,1,1,1]"],
  ],
  ["an empty array", { type: "array", maxItems: 0 }, ["[]"], ["[1]"]],
  [
    "tuples",
    { prefixItems: [{ const: 1 }, { const: 2 }], items: { const: 3 }, minItems: 2, maxItems: 3 },
    ["[1,2]", "[1,2,3]"],
    ["[1]", "[]", "[1,2,3,3]", "[1,3]"],
  ],
  [
    "closed tuples",
    { prefixItems: [{ const: 1 }, { const: 2 }], items: false },
    ["[1,2]", "[1]", "[]"],
    ["[1,2,3]", "[2]"],
  ],
  ["anyOf", { anyOf: [{ type: "null" }, { type: "integer" }] }, ["null", "4"], ['"a"']],
  [
    "oneOf beside properties",
    {
      properties: { kind: { type: "string" } },
      required: ["kind"],
      oneOf: [
        { properties: { kind: { const: "a" } } },
        { properties: { kind: { const: "b" }, b: { const: 1 } }, required: ["b"] },
      ],
    },
    ['{"kind":"a"}', '{"kind":"b","b":1}'],
    ['{"kind":"b"}', '{"kind":"c"}'],
  ],
  [
    "allOf",
    {
      allOf: [{ $ref: "#/definitions/a" }, { properties: { b: { const: 2 } }, required: ["b"] }],
      definitions: { a: { properties: { a: { const: 1 } }, required: ["a"] } },
    },
    ['{"a":1,"b":2}'],
    ['{"a":1}', '{"b":2}'],
  ],
  [
    "recursion",
    NODE,
    ['{"value":1,"next":null}', '{"value":1,"next":{"value":2,"next":null}}'],
    ['{"value":1}', '{"value":1,"next":{}}'],
  ],
  [
    "recursion through the root",
    { properties: { child: { $ref: "#" } } },
    ["{}", '{"child":{"child":{}}}'],
    ['{"child":1}'],
  ],
  ["names with slashes", { $ref: "#/$defs/a~1b", $defs: { "a/b": { const: 7 } } }, ["7"], ["8"]],
  [
    "the name __proto__",
    JSON.parse('{"properties":{"__proto__":{"const":1}},"required":["__proto__"]}'),
    ['{"__proto__":1}'],
    ["{}"],
  ],
];

describe("SchemaGrammar", () => {
  test.each(CASES)("lets through what is valid: %s", async (_, schema, good, bad) => {
    const grammar = await matcher(schema);
    expect(good.filter((text) => !grammar._testText(text))).toEqual([]);
    expect(bad.filter((text) => grammar._testText(text))).toEqual([]);
    // The cases themselves are checked by another reader of JSON Schema, where it knows all the keywords.
    if (JSON.stringify(schema).includes("nullable") || JSON.stringify(schema).includes("format")) return;
    const valid = new Ajv2020({ strict: false }).compile(schema as object | boolean);
    expect(good.filter((text) => !valid(JSON.parse(text)))).toEqual([]);
  });

  test.each([
    ["schema.enum", { enum: [] }],
    ["schema", false],
    ["schema", 5],
    ["schema.type", { type: "date" }],
    ["schema.type", { type: [1] }],
    ["schema.$ref", { $ref: "#/$defs/none" }],
    ["schema.$ref", { $ref: "https://example.com/schema" }],
    ["schema.$ref", { $ref: "#" }],
    [
      "schema.anyOf[0].$ref",
      { $ref: "#/$defs/a", $defs: { a: { anyOf: [{ $ref: "#/$defs/a" }, { type: "null" }] } } },
    ],
    ["schema.$ref", { $ref: "#/__proto__" }],
    ["schema.maxItems", { type: "array", minItems: 2, maxItems: 1 }],
    ["schema.maxLength", { type: "string", minLength: 2, maxLength: 1 }],
    ["schema.minLength", { type: "string", minLength: -1 }],
    ["schema", { type: "integer", minimum: 2, maximum: 1 }],
    ["schema.properties.a.type", { properties: { a: { type: "x" } } }],
    ["schema.required", { required: [1] }],
    ["schema.anyOf", { anyOf: {} }],
  ])("refuses naming %s in %j", (param, schema) => {
    expect(() => new SchemaGrammar().add(schema, "schema", false)).toThrow(
      expect.objectContaining({
        failure: { kind: "invalid_request", param: expect.stringContaining(param) },
      }),
    );
  });

  test.each([
    ["schema.pattern", { type: "string", pattern: "a*" }],
    ["schema.properties.n.multipleOf", { properties: { n: { type: "number", multipleOf: 2 } } }],
    ["schema.maxLength", { type: "string", maxLength: 100_000 }],
    ["schema", { type: "number", maximum: 1 }],
  ])("with strict, refuses what it cannot enforce: %s", (param, schema) => {
    expect(() => new SchemaGrammar().add(schema, "schema", true)).toThrow(
      expect.objectContaining({ failure: { kind: "invalid_request", param } }),
    );
    expect(() => new SchemaGrammar().add(schema, "schema", false)).not.toThrow();
  });

  test("has a bound for size and depth", () => {
    let deep: object = {};
    for (let level = 0; level < 1_000; level++) deep = { type: "array", items: deep };
    const wide = {
      properties: Object.fromEntries(Array.from({ length: 10_000 }, (_, at) => [`p${at}`, {}])),
    };
    for (const schema of [deep, wide])
      expect(() => new SchemaGrammar().add(schema, "schema", false)).toThrow(
        expect.objectContaining({ failure: expect.objectContaining({ kind: "invalid_request" }) }),
      );
  });

  test.each(CASES.filter(([, schema]) => typeof schema === "object"))(
    "what a model writes at random is valid: %s",
    async (_, schema) => {
      const valid = new Ajv2020({ strict: false, formats: { date: true, "date-time": true } }).compile(
        schema as object,
      );
      for (let seed = 0; seed < 3; seed++) {
        const { choices } = await complete(wild, { seed, max_tokens: 1500, guided_json: schema });
        const { message, finish_reason: reason } = choices[0]!;
        expect(reason).toBe("stop");
        const value: unknown = JSON.parse(message.content!);
        expect([message.content, valid(value), valid.errors]).toEqual([message.content, true, null]);
      }
    },
  );
});
