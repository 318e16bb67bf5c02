/** The keywords of a schema whose values are no schemas: types, texts, counts and bounds. */
import { invalidRequest } from "../../errors.ts";
import type { Json } from "../../wire/gemini.ts";
import { wrongType } from "../read-field.ts";
import type { Dialect } from "./schema-dialect.ts";
import { BOUNDS, COUNTS, own, TEXTS } from "./schema-keywords.ts";
import type { SchemaLedger } from "./schema-ledger.ts";
import type { Shape, TypeName } from "./schema-shape.ts";

const TYPES: ReadonlySet<string> = new Set([
  "null",
  "boolean",
  "integer",
  "number",
  "string",
  "array",
  "object",
] satisfies TypeName[]);

/** `type`, as a name or a list; Gemini's own upper-case names are understood. */
export function readTypes(
  source: Record<string, unknown>,
  path: string,
  ledger: SchemaLedger,
): TypeName[] | undefined {
  const nullable = own(source, "nullable");
  if (nullable !== undefined) {
    if (typeof nullable !== "boolean") throw wrongType(`${path}.nullable`, "true or false", nullable);
    ledger.used(`${path}.nullable`, "schema-type");
  }
  const value = own(source, "type");
  if (value === undefined) return undefined;
  const at = `${path}.type`;
  const names: unknown[] = Array.isArray(value) ? value : [value];
  if (names.length === 0) throw invalidRequest(at, `${at}: must name at least one type.`);
  const types = new Set<TypeName>();
  for (const name of names) {
    const lower = typeof name === "string" ? name.toLowerCase() : undefined;
    if (lower === undefined || !isType(lower)) {
      throw invalidRequest(at, `${at}: must be one or several of ${[...TYPES].join(", ")}.`);
    }
    types.add(lower);
  }
  // Every integer is a number.
  if (types.has("number")) types.delete("integer");
  ledger.used(at, "schema-type");
  return [...types];
}

/** The keywords that are sent as they are, where the field takes them. */
export function simpleKeywords(
  source: Record<string, unknown>,
  path: string,
  types: readonly TypeName[] | undefined,
  dialect: Dialect,
  ledger: SchemaLedger,
): Shape {
  const shape: { [keyword: string]: Json } = {};
  const keep = (keyword: string, value: Json): void => {
    if (!dialect.keeps.has(keyword)) return;
    shape[keyword] = value;
    ledger.used(`${path}.${keyword}`, "schema-kept");
  };
  for (const keyword of TEXTS) {
    const value = own(source, keyword);
    if (value === undefined) continue;
    if (typeof value !== "string") throw wrongType(`${path}.${keyword}`, "a string", value);
    if (keyword !== "format" || dialect.takesFormat(value, types)) keep(keyword, value);
    else
      ledger.note(
        "ignored",
        "schema-format",
        `${path}.format`,
        `This format is not taken by ${dialect.name}.`,
      );
  }
  for (const keyword of COUNTS) {
    const value = own(source, keyword);
    if (value === undefined) continue;
    if (!Number.isSafeInteger(value) || Number(value) < 0) {
      throw invalidRequest(`${path}.${keyword}`, `${path}.${keyword}: must be a whole number of at least 0.`);
    }
    keep(keyword, Number(value));
  }
  for (const keyword of BOUNDS) {
    const value = own(source, keyword);
    if (value !== undefined) keep(keyword, finiteNumber(value, `${path}.${keyword}`));
  }
  const ordering = stringList(source, "propertyOrdering", path);
  if (ordering !== undefined) keep("propertyOrdering", ordering);
  for (const keyword of ["default", "example"]) {
    const value = own(source, keyword);
    if (value !== undefined) keep(keyword, value as Json);
  }
  examples(source, path, dialect, shape, ledger);
  return shape as Shape;
}

function examples(
  source: Record<string, unknown>,
  path: string,
  dialect: Dialect,
  shape: { [keyword: string]: Json },
  ledger: SchemaLedger,
): void {
  const listed = own(source, "examples");
  if (listed === undefined) return;
  const at = `${path}.examples`;
  if (!Array.isArray(listed)) throw wrongType(at, "an array", listed);
  if (listed.length === 0) {
    ledger.used(at, "schema-example");
  } else if (!dialect.keeps.has("example") || shape["example"] !== undefined) {
    ledger.note("ignored", "schema-example", at, `Not taken by ${dialect.name}.`);
  } else {
    shape["example"] = listed[0] as Json;
    if (listed.length === 1) ledger.used(at, "schema-example");
    else ledger.note("approximated", "schema-example", at, "Only the first example is sent.");
  }
}

/** `exclusiveMinimum` and `exclusiveMaximum`, as a number or, in draft 4, as true beside the bound. */
export function exclusiveBounds(
  source: Record<string, unknown>,
  path: string,
  types: readonly TypeName[] | undefined,
  shape: Shape,
  ledger: SchemaLedger,
): void {
  const integers = types !== undefined && types.every((type) => type === "integer" || type === "null");
  for (const [keyword, inclusive, step] of [
    ["exclusiveMinimum", "minimum", 1],
    ["exclusiveMaximum", "maximum", -1],
  ] as const) {
    const value = own(source, keyword);
    if (value === undefined) continue;
    const at = `${path}.${keyword}`;
    const draft4 = typeof value === "boolean";
    const bound = draft4 ? shape[inclusive] : finiteNumber(value, at);
    if (value === false || bound === undefined) {
      ledger.used(at, "schema-exclusive-bound");
      continue;
    }
    const whole = step === 1 ? Math.floor(bound) + 1 : Math.ceil(bound) - 1;
    const moved = integers ? whole : bound;
    const given = draft4 ? undefined : shape[inclusive];
    // The tighter of the two, where an inclusive bound stands beside it.
    const tighter = given === undefined || (step === 1 ? moved > given : moved < given) ? moved : given;
    shape[inclusive] = tighter;
    if (integers || (given !== undefined && tighter === given && given !== bound)) {
      ledger.used(at, "schema-exclusive-bound");
    } else {
      ledger.note(
        "approximated",
        "schema-exclusive-bound",
        at,
        `Sent as ${inclusive}, so the bound itself is allowed.`,
      );
    }
  }
}

/** A list of distinct names. */
export function stringList(
  source: Record<string, unknown>,
  keyword: string,
  path: string,
): string[] | undefined {
  const value = own(source, keyword);
  if (value === undefined) return undefined;
  if (!Array.isArray(value) || !value.every((name) => typeof name === "string")) {
    throw wrongType(`${path}.${keyword}`, "an array of strings", value);
  }
  return [...new Set(value)];
}

function finiteNumber(value: unknown, at: string): number {
  if (typeof value !== "number" || !Number.isFinite(value))
    throw invalidRequest(at, `${at}: must be a finite number.`);
  return value;
}

function isType(name: string): name is TypeName {
  return TYPES.has(name);
}
