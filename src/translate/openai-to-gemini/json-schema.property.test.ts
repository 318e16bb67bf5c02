/** Random schemas against checkers that share nothing with the conversion. */
import { Ajv2020 } from "ajv/dist/2020.js";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { type Fields, scalar, schemas } from "../../../test/support/json-schema-arbitrary.ts";
import { contextFor } from "../../../test/support/request-context.ts";
import { GatewayError } from "../../errors.ts";
import type { Notes } from "../notes.ts";
import type { Surface } from "../target.ts";
import { toGeminiJsonSchema, toGeminiSchema } from "./json-schema.ts";

interface Outcome {
  result: unknown;
  notes: Notes;
}

/** Undefined for a refusal, which must be a 400 that names a part of the schema. */
function attempt(to: typeof toGeminiSchema, schema: unknown, surface: Surface): Outcome | undefined {
  const context = contextFor("gemini-3.5-flash", surface);
  const before = JSON.stringify(schema);
  try {
    return { result: to(deepFreeze(schema), "s", context), notes: context.notes };
  } catch (error) {
    if (!(error instanceof GatewayError) || error.failure.kind !== "invalid_request") throw error;
    expect(error.failure.param).toMatch(/^s/);
    return undefined;
  } finally {
    expect(JSON.stringify(schema)).toBe(before);
  }
}

function deepFreeze(value: unknown): unknown {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return value;
  Object.freeze(value);
  Object.values(value).forEach(deepFreeze);
  return value;
}

const JSON_FIELD = new Set([
  ..."$defs $ref type format title description enum items prefixItems minItems maxItems minimum maximum".split(
    " ",
  ),
  ..."anyOf properties additionalProperties required propertyOrdering".split(" "),
]);

function checkJsonField(schema: unknown, definitions: unknown, at = "root"): void {
  const fields = schema as Fields;
  const fail = (what: string): never => expect.fail(`${at}: ${what} in ${JSON.stringify(schema)}`);
  for (const keyword of Object.keys(fields)) if (!JSON_FIELD.has(keyword)) fail(keyword);
  if (fields["$defs"] !== undefined && at !== "root") fail("$defs");
  if (fields["$ref"] !== undefined) {
    if (Object.keys(fields).length > 1) fail("siblings of $ref");
    const name = /^#\/\$defs\/([\w.-]+)$/.exec(String(fields["$ref"]))?.[1];
    if (name === undefined || !Object.hasOwn(definitions as Fields, name)) fail("$ref to nowhere");
  }
  if (fields["enum"] !== undefined) {
    const type = fields["type"];
    const wanted =
      type === "string"
        ? "string"
        : type === "integer" || type === "number"
          ? "number"
          : fail("enum of this type");
    for (const value of fields["enum"] as unknown[]) if (typeof value !== wanted) fail("enum value");
  }
  if (fields["anyOf"] !== undefined && (fields["anyOf"] as unknown[]).length === 0) fail("empty anyOf");
  for (const [path, child] of parts(fields)) checkJsonField(child, definitions, `${at}.${path}`);
}

/** The definitions a reference leads to may lead on, but never back. */
function checkAcyclic(schema: unknown, definitions: Fields, open: readonly string[] = []): void {
  const reference = (schema as Fields)["$ref"];
  if (typeof reference === "string") {
    const name = reference.slice("#/$defs/".length);
    expect(open).not.toContain(name);
    checkAcyclic(definitions[name], definitions, [...open, name]);
  }
  for (const [path, child] of parts(schema as Fields)) {
    if (!path.startsWith("$defs")) checkAcyclic(child, definitions, open);
  }
}

function parts(fields: Fields): [path: string, child: unknown][] {
  const found: [string, unknown][] = [];
  for (const keyword of ["properties", "$defs"]) {
    for (const [name, child] of Object.entries(fields[keyword] ?? {}))
      found.push([`${keyword}.${name}`, child]);
  }
  for (const keyword of ["prefixItems", "anyOf"]) {
    for (const [index, child] of ((fields[keyword] ?? []) as unknown[]).entries())
      found.push([`${keyword}.${index}`, child]);
  }
  for (const keyword of ["items", "additionalProperties"]) {
    if (typeof fields[keyword] === "object") found.push([keyword, fields[keyword]]);
  }
  return found;
}

const OPENAPI_FIELD = new Set([
  ..."type format title description nullable default items minItems maxItems enum properties required".split(
    " ",
  ),
  ..."propertyOrdering minProperties maxProperties minimum maximum minLength maxLength pattern example anyOf".split(
    " ",
  ),
]);
const TYPES = ["NULL", "BOOLEAN", "INTEGER", "NUMBER", "STRING", "ARRAY", "OBJECT"];

function checkOpenApiField(schema: unknown, surface: Surface, at = "root"): void {
  const fields = schema as Fields;
  const fail = (what: string): never => expect.fail(`${at}: ${what} in ${JSON.stringify(schema)}`);
  for (const keyword of Object.keys(fields)) {
    if (!OPENAPI_FIELD.has(keyword) && !(surface === "vertex" && keyword === "additionalProperties"))
      fail(keyword);
  }
  const { type } = fields;
  if (fields["anyOf"] === undefined && !TYPES.includes(String(type))) fail("type");
  if (fields["nullable"] !== undefined && fields["nullable"] !== true) fail("nullable");
  if (fields["anyOf"] !== undefined) {
    if (Object.keys(fields).length > 1) fail("siblings of anyOf");
    if ((fields["anyOf"] as unknown[]).length < 2) fail("anyOf of one");
  }
  if (fields["enum"] !== undefined) {
    if (type !== "STRING") fail("enum of this type");
    const values = fields["enum"] as unknown[];
    if (values.length === 0 || !values.every((value) => typeof value === "string" && value !== ""))
      fail("enum value");
  }
  if (type === "ARRAY" && fields["items"] === undefined) fail("no items");
  if (fields["properties"] !== undefined && Object.keys(fields["properties"] as Fields).length === 0)
    fail("no properties");
  for (const name of (fields["required"] ?? []) as string[]) {
    if (!Object.hasOwn((fields["properties"] ?? {}) as Fields, name)) fail("required but not declared");
  }
  if (
    surface === "gemini-api" &&
    type === "STRING" &&
    ![undefined, "enum", "date-time"].includes(fields["format"] as string)
  )
    fail("format");
  for (const [path, child] of parts(fields)) checkOpenApiField(child, surface, `${at}.${path}`);
}

test("the JSON Schema field holds only what it takes, and is made of itself again", () => {
  fc.assert(
    fc.property(
      schemas({ wild: true }),
      fc.constantFrom<Surface>("vertex", "gemini-api"),
      (schema, surface) => {
        const outcome = attempt(toGeminiJsonSchema, schema, surface);
        if (outcome === undefined) return;
        const definitions = ((outcome.result as Fields)["$defs"] ?? {}) as Fields;
        checkJsonField(outcome.result, definitions);
        checkAcyclic(outcome.result, definitions);
        const again = attempt(toGeminiJsonSchema, outcome.result, surface);
        expect(again?.result).toEqual(outcome.result);
      },
    ),
    { numRuns: 600 },
  );
});

test("the OpenAPI field holds only what it takes", () => {
  fc.assert(
    fc.property(
      schemas({ wild: true }),
      fc.constantFrom<Surface>("vertex", "gemini-api"),
      (schema, surface) => {
        const outcome = attempt(toGeminiSchema, schema, surface);
        if (outcome !== undefined) checkOpenApiField(outcome.result, surface);
      },
    ),
    { numRuns: 600 },
  );
});

test("anything at all as a schema is converted or refused", () => {
  fc.assert(
    fc.property(fc.anything({ withNullPrototype: true, withBigInt: false }), (value) => {
      for (const to of [toGeminiJsonSchema, toGeminiSchema]) {
        try {
          to(value, "s", contextFor());
        } catch (error) {
          expect(error).toBeInstanceOf(GatewayError);
        }
      }
    }),
  );
});

test("every keyword is accounted for: carried over, or noted", () => {
  fc.assert(
    fc.property(schemas({ wild: true }), fc.boolean(), (schema, openApi) => {
      const outcome = attempt(openApi ? toGeminiSchema : toGeminiJsonSchema, schema, "gemini-api");
      if (outcome === undefined || outcome.notes.dropped > 0) return;
      const { notes } = outcome;
      const fields = [...notes.list, ...(notes.uses ?? [])].map(({ field }) => field);
      const covered = (path: string): boolean =>
        fields.some(
          (field) => path === field || path.startsWith(`${field}.`) || path.startsWith(`${field}[`),
        );
      for (const leaf of leaves(schema, "s")) {
        if (!covered(leaf)) expect.fail(`${leaf} is in none of ${JSON.stringify(fields)}`);
      }
    }),
    { numRuns: 600 },
  );
});

/** Paths of everything without parts of its own, and of lists of values. */
function leaves(value: unknown, path: string): string[] {
  if (typeof value !== "object" || value === null || Object.keys(value).length === 0) return [path];
  if (Array.isArray(value)) return value.flatMap((item, index) => leaves(item, `${path}[${index}]`));
  return Object.entries(value).flatMap(([key, child]) =>
    leaves(child, /^[A-Za-z_$][\w$-]*$/.test(key) ? `${path}.${key}` : `${path}[${JSON.stringify(key)}]`),
  );
}

const instance = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    scalar,
    fc.array(tie("value"), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom("a", "b", "c", "enum"), tie("value"), { maxKeys: 3 }),
  ),
})).value;

/** Gemini's `Schema`, said in JSON Schema. */
function inJsonSchema(schema: unknown): unknown {
  const {
    type,
    nullable,
    enum: values,
    format: _format,
    propertyOrdering: _order,
    ...rest
  } = schema as Fields;
  const said: Fields = { ...rest };
  for (const [path, child] of parts(rest)) {
    const [keyword = "", key] = path.split(".");
    if (key === undefined) said[keyword] = inJsonSchema(child);
    else if (Array.isArray(said[keyword]))
      said[keyword] = said[keyword].map((item, index) =>
        index === Number(key) ? inJsonSchema(child) : item,
      );
    else said[keyword] = { ...(said[keyword] as Fields), [key]: inJsonSchema(child) };
  }
  if (typeof type === "string") said["type"] = type.toLowerCase();
  if (Array.isArray(values)) said["enum"] = type === "STRING" ? values : values.map(Number);
  return nullable === true ? { anyOf: [said, { type: "null" }] } : said;
}

test.each([
  { name: "the JSON Schema field", to: toGeminiJsonSchema, typed: false, read: (result: unknown) => result },
  { name: "the OpenAPI field", to: toGeminiSchema, typed: true, read: inJsonSchema },
])("$name: what is converted without a note means the same", ({ to, typed, read }) => {
  const ajv = new Ajv2020({ strict: false, logger: false, addUsedSchema: false });
  let compared = 0;
  fc.assert(
    fc.property(
      schemas({ typed }),
      fc.array(instance, { minLength: 20, maxLength: 20 }),
      (schema, values) => {
        const outcome = attempt(to, schema, "vertex");
        if (outcome === undefined || outcome.notes.list.length > 0) return;
        compared += 1;
        const before = ajv.compile(schema as Fields);
        const after = ajv.compile(read(outcome.result) as Fields);
        for (const value of values) {
          if (before(value) !== after(value)) {
            expect.fail(
              `${JSON.stringify(value)} is ${after(value) ? "now" : "no longer"} valid:\n${JSON.stringify(schema)}\n${JSON.stringify(outcome.result)}`,
            );
          }
        }
      },
    ),
    { numRuns: 1_000 },
  );
  expect(compared).toBeGreaterThan(100);
});
