import { Ajv2020 } from "ajv/dist/2020.js";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { answerTo, jsonTo } from "../../../test/emulator/answering.ts";
import type { Json, JsonObject } from "../../wire/gemini.ts";
import { PromptSource } from "./prompt-source.ts";
import { valueForSchema } from "./schema-value.ts";

const ajv = new Ajv2020({ strict: false, validateFormats: false });
const text = { type: "string" };
const fair = "Alice and Bob are going to a science fair on Friday.";
const calendarEvent = {
  type: "object",
  properties: { name: text, date: text, participants: { type: "array", items: text } },
  required: ["name", "date", "participants"],
  additionalProperties: false,
};

test.each([
  [fair, calendarEvent, { name: "Science fair", date: "Friday", participants: ["Alice", "Bob"] }],
  [
    "John and Susan are going to an AI conference on Friday.",
    calendarEvent,
    { name: "AI conference", date: "Friday", participants: ["John", "Susan"] },
  ],
  [
    "John Smith is 30 years old and lives in Berlin",
    { type: "object", properties: { name: text, age: { type: "integer" }, city: text } },
    { name: "John Smith", age: 30, city: "Berlin" },
  ],
  [
    "colour: dark red, sizes: 3, 5 and 8",
    { type: "object", properties: { colour: text, sizes: { type: "array", items: { type: "integer" } } } },
    { colour: "dark red", sizes: [3, 5, 8] },
  ],
  [
    "What is 12 * 7? Mark it urgent.",
    { type: "object", properties: { final_answer: { type: "number" }, urgent: { type: "boolean" } } },
    { final_answer: 84, urgent: true },
  ],
  ["I hate this product", { enum: ["positive", "neutral", "negative"] }, "negative"],
])("%s fills %j", (ask, schema, value) => {
  expect(jsonTo(ask, schema)).toEqual(value);
});

test("OpenAPI schemas work with upper-case types, nullable, string enums of numbers and ordering", () => {
  const value = jsonTo(
    fair,
    {
      type: "OBJECT",
      properties: {
        date: { type: "STRING" },
        level: { type: "INTEGER", format: "enum", enum: ["1", "2"] },
        people: { type: "ARRAY", items: { type: "STRING" }, minItems: "2", maxItems: "3" },
        note: { type: "STRING", nullable: true },
      },
      required: ["people", "date"],
      propertyOrdering: ["people", "level", "date"],
    },
    "responseSchema",
  ) as JsonObject;
  expect(value).toMatchObject({ people: ["Alice", "Bob"], level: 1, date: "Friday" });
  expect(Object.keys(value).slice(0, 3)).toEqual(["people", "level", "date"]);
});

test("text/x.enum answers with the bare value", () => {
  const generationConfig = {
    responseMimeType: "text/x.enum",
    responseSchema: { type: "STRING", enum: ["Oak", "Pine"] },
  };
  expect(answerTo("Is this pine or something?", { generationConfig })).toBe("Pine");
});

test.each([
  ["Give me JSON with keys name and age for Ada, 36 years old", { name: "Ada", age: 36 }],
  ['Fill in {"city": "", "wet": true} for rain in Oslo', { city: "Oslo", wet: false }],
])("without a schema, the prompt's own keys are used: %s", (ask, value) => {
  const generationConfig = { responseMimeType: "application/json" };
  expect(JSON.parse(answerTo(ask, { generationConfig }))).toEqual(value);
});

test("without schema or keys, the answer is still JSON", () => {
  const answer = JSON.parse(
    answerTo("Hello!", { generationConfig: { responseMimeType: "application/json" } }),
  ) as JsonObject;
  expect(answer).toEqual({ request: "Hello!", answer: expect.stringMatching(/^H/) });
});

const recursive = {
  $ref: "#/$defs/node",
  $defs: {
    node: {
      type: "object",
      properties: {
        label: text,
        next: { anyOf: [{ $ref: "#/$defs/node" }, { type: "null" }] },
        children: { type: "array", items: { $ref: "#/$defs/node" } },
      },
      required: ["label", "next", "children"],
    },
  },
};

describe("validates", () => {
  test.each<[string, Json]>([
    [
      "bounds",
      {
        type: "object",
        properties: {
          a: { type: "integer", minimum: 5, maximum: 6 },
          b: { type: "number", exclusiveMinimum: 0, exclusiveMaximum: 1 },
          c: { type: "integer", multipleOf: 7, minimum: 30 },
        },
        required: ["a", "b", "c"],
      },
    ],
    [
      "lengths",
      {
        type: "object",
        properties: { a: { type: "string", minLength: 40 }, b: { type: "string", maxLength: 3 } },
      },
    ],
    [
      "patterns",
      {
        type: "array",
        prefixItems: [
          { type: "string", pattern: "^[A-Z]{3}-\\d{4}$" },
          { type: "string", pattern: "^(?:red|blue)+\\.(x|y)$" },
          { type: "string", pattern: "^\\w+@\\w+\\.com$" },
        ],
        items: false,
        minItems: 3,
      },
    ],
    ["tuples", { type: "array", prefixItems: [text, { type: "integer" }], items: false }],
    ["unique items", { type: "array", items: { enum: ["a", "b", "c"] }, minItems: 3, uniqueItems: true }],
    [
      "unique objects",
      {
        type: "array",
        items: { type: "object", properties: { a: text }, required: ["a"] },
        minItems: 4,
        uniqueItems: true,
      },
    ],
    ["many items", { type: "array", items: { type: "integer", maximum: 3 }, minItems: 12, maxItems: 12 }],
    [
      "const",
      {
        type: "object",
        properties: { kind: { const: "cat" }, none: { const: null }, deep: { const: { a: [1] } } },
        required: ["kind", "none", "deep"],
      },
    ],
    [
      "type lists",
      {
        type: "object",
        properties: { a: { type: ["string", "null"] }, b: { type: ["null", "integer"] } },
        required: ["a", "b"],
      },
    ],
    [
      "allOf",
      {
        allOf: [
          { type: "object", properties: { a: { type: "integer", minimum: 3 } }, required: ["a"] },
          { properties: { a: { maximum: 4 }, b: text }, required: ["b"] },
        ],
      },
    ],
    [
      "anyOf with shared keywords",
      {
        type: "object",
        properties: { id: text },
        required: ["id"],
        anyOf: [{ properties: { x: { type: "integer" } }, required: ["x"] }, { required: ["y"] }],
      },
    ],
    ["oneOf", { oneOf: [{ type: "integer" }, { type: "string", maxLength: 4 }] }],
    ["maps", { type: "object", additionalProperties: { type: "integer" }, minProperties: 3 }],
    [
      "few properties",
      { type: "object", properties: { a: text, b: text, c: text }, required: ["c"], maxProperties: 2 },
    ],
    ["required names without schemas", { type: "object", required: ["a", "b"] }],
    ["recursion", recursive],
    [
      "odd names",
      {
        type: "object",
        properties: JSON.parse(
          '{"__proto__": {"type":"string"}, "constructor": {"type":"integer"}, "toString": {"type":"boolean"}}',
        ) as Json,
        required: ["__proto__", "constructor", "toString"],
      },
    ],
    ["anything", {}],
    ["true", true],
  ])("%s", (_, schema) => {
    const value = jsonTo(fair, schema);
    const validate = ajv.compile(schema as object);
    expect(validate(value), JSON.stringify({ value, errors: validate.errors })).toBe(true);
  });
});

test.each([
  ["date", /^\d{4}-\d{2}-\d{2}$/],
  ["time", /^\d{2}:\d{2}:\d{2}Z$/],
  ["date-time", /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$/],
  ["email", /^[\w.-]+@[\w.-]+$/],
  ["uri", /^https:\/\/\S+$/],
  ["uuid", /^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-8[\da-f]{3}-[\da-f]{12}$/],
  ["ipv4", /^\d+\.\d+\.\d+\.\d+$/],
  ["duration", /^PT\d+M$/],
])("format %s", (format, pattern) => {
  expect(jsonTo(fair, { type: "string", format })).toMatch(pattern);
});

/** Schemas as an SDK would send them: consistent, of every type, with references into a definition. */
const schemas = fc.letrec<{ schema: object }>((tie) => ({
  schema: fc.oneof(
    { maxDepth: 4, depthSize: "small" },
    fc.record({ type: fc.constant("string"), minLength: fc.nat(30) }),
    fc.record({ type: fc.constant("string"), maxLength: fc.nat(30) }),
    fc
      .tuple(fc.integer({ min: -50, max: 50 }), fc.nat(20))
      .map(([minimum, room]) => ({ type: "integer", minimum, maximum: minimum + room })),
    fc.record({ type: fc.constant("number"), exclusiveMinimum: fc.integer({ min: -9, max: 9 }) }),
    fc.record({
      enum: fc.array(fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant(null)), {
        minLength: 1,
        maxLength: 4,
      }),
    }),
    fc.constant({ type: "boolean" }),
    fc.constant({ type: ["string", "null"] }),
    fc.constant({ $ref: "#/$defs/shared" }),
    fc.array(tie("schema"), { minLength: 1, maxLength: 3 }).map((anyOf) => ({ anyOf })),
    fc
      .tuple(tie("schema"), fc.nat(3), fc.nat(3))
      .map(([items, minItems, room]) => ({ type: "array", items, minItems, maxItems: minItems + room })),
    fc
      .tuple(
        fc.dictionary(fc.string({ minLength: 1, maxLength: 8 }), tie("schema"), { maxKeys: 4 }),
        fc.boolean(),
      )
      .map(([properties, open]) => ({
        type: "object",
        properties,
        required: Object.keys(properties).slice(0, 2),
        ...(!open && { additionalProperties: false }),
      })),
  ),
}));

test("any consistent schema gets a valid value from any prompt, in both fillings", () => {
  fc.assert(
    fc.property(
      schemas.schema,
      fc.oneof(fc.constant(fair), fc.string()),
      fc.constantFrom("everything", "said"),
      (schema, ask, filling) => {
        const root: JsonObject = {
          ...(schema as JsonObject),
          $defs: { shared: { type: "object", properties: { a: text, self: { $ref: "#/$defs/shared" } } } },
        };
        const before = JSON.stringify(root);
        const value = valueForSchema(root, new PromptSource(ask), filling as "everything" | "said");
        const validate = ajv.compile(root);
        expect(
          validate(JSON.parse(JSON.stringify(value))),
          JSON.stringify({ root, value, errors: validate.errors }),
        ).toBe(true);
        expect(JSON.stringify(root)).toBe(before);
      },
    ),
    { numRuns: 300 },
  );
});

test("nonsense schemas never throw and never run away", () => {
  const bomb: JsonObject = { $defs: {}, $ref: "#/$defs/a" };
  (bomb["$defs"] as JsonObject)["a"] = {
    type: "object",
    properties: Object.fromEntries(
      Array.from({ length: 50 }, (_, index) => [`p${index}`, { $ref: "#/$defs/a" }]),
    ),
    required: Array.from({ length: 50 }, (_, index) => `p${index}`),
  };
  const nonsense: Json[] = [
    bomb,
    false,
    null,
    [],
    "x",
    { type: 7 },
    { $ref: "#" },
    { anyOf: [{ $ref: "#" }] },
    { enum: [] },
    { type: "array", items: { $ref: "#/items" }, minItems: 1e9 },
    { type: "string", minLength: 1e9 },
    { type: "string", pattern: "((((a+)+)+)+)+$" },
    { type: "string", pattern: "[" },
    { allOf: [{ $ref: "#" }] },
    { minimum: 5, maximum: 1 },
  ];
  for (const schema of nonsense) {
    const started = performance.now();
    expect(() => JSON.stringify(valueForSchema(schema, new PromptSource(fair), "everything"))).not.toThrow();
    expect(performance.now() - started).toBeLessThan(3000);
  }
});
