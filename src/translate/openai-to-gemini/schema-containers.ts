/** The keywords of objects and arrays, whose values are schemas in turn. */
import { invalidRequest } from "../../errors.ts";
import { isObject, wrongType } from "../read-field.ts";
import type { Dialect } from "./schema-dialect.ts";
import { own } from "./schema-keywords.ts";
import type { SchemaLedger } from "./schema-ledger.ts";
import { memberPath } from "./member-path.ts";
import { put, type Shape } from "./schema-shape.ts";
import { stringList } from "./schema-values.ts";

export interface Containing {
  dialect: Dialect;
  ledger: SchemaLedger;
  /** Converts a schema inside this one; undefined when no value satisfies it. */
  convert: (source: unknown, path: string) => Shape | undefined;
}

/** `properties`, `required` and `additionalProperties`, into `shape`. */
export function objectKeywords(
  source: Record<string, unknown>,
  path: string,
  shape: Shape,
  { dialect, ledger, convert }: Containing,
): void {
  const requiredNames = stringList(source, "required", path);
  if (requiredNames !== undefined) {
    ledger.used(`${path}.required`, "schema-kept");
    if (requiredNames.length > 0) shape.required = requiredNames;
  }
  const declared = own(source, "properties");
  if (declared !== undefined) {
    if (!isObject(declared)) throw wrongType(`${path}.properties`, "an object", declared);
    const required = new Set(requiredNames);
    const properties: { [name: string]: Shape } = {};
    const entries = Object.entries(declared);
    if (entries.length === 0) ledger.used(`${path}.properties`, "schema-kept");
    for (const [name, child] of entries) {
      const property = convert(child, memberPath(`${path}.properties`, name));
      if (property !== undefined) put(properties, name, property);
      else if (required.has(name)) put(properties, name, { type: dialect.filler });
    }
    shape.properties = properties;
  }
  const extra = own(source, "additionalProperties");
  if (extra === undefined) return;
  const at = `${path}.additionalProperties`;
  if (typeof extra !== "boolean" && !isObject(extra)) throw wrongType(at, "an object, true or false", extra);
  if (!dialect.keeps.has("additionalProperties")) {
    // Anything goes where nothing is said.
    if (extra === true || (isObject(extra) && Object.keys(extra).length === 0)) ledger.used(at, "schema-map");
    else ledger.note("ignored", "schema-map", at, `Not taken by ${dialect.name}.`);
    return;
  }
  if (typeof extra === "boolean") {
    ledger.used(at, "schema-map");
    shape.additionalProperties = extra;
    return;
  }
  const values = convert(extra, at);
  const anything = values !== undefined && Object.keys(values).length === 0;
  shape.additionalProperties = anything || (values ?? false);
}

/**
 * `items`, `prefixItems` and the older list under `items`, into `shape`.
 *
 * @returns false when no array of the required length can be given.
 */
export function arrayKeywords(
  source: Record<string, unknown>,
  path: string,
  shape: Shape,
  { dialect, ledger, convert }: Containing,
): boolean {
  const items = own(source, "items");
  // Draft 7 and earlier: a list under `items`, and the rest under `additionalItems`.
  const [positionsKeyword, restKeyword] = Array.isArray(items)
    ? ["items", "additionalItems"]
    : ["prefixItems", "items"];
  const positions = own(source, positionsKeyword);
  const rest = own(source, restKeyword);
  if (restKeyword === "items" && own(source, "additionalItems") !== undefined) {
    ledger.note(
      "ignored",
      "schema-unsupported",
      `${path}.additionalItems`,
      "Means nothing without a list under items.",
    );
  }
  if (positionsKeyword === "items" && own(source, "prefixItems") !== undefined) {
    throw invalidRequest(`${path}.items`, `${path}.items: must be one schema where prefixItems is used.`);
  }
  const prefix: Shape[] = [];
  if (positions !== undefined) {
    if (!Array.isArray(positions)) throw wrongType(`${path}.${positionsKeyword}`, "an array", positions);
    if (positions.length === 0) ledger.used(`${path}.${positionsKeyword}`, "schema-tuple");
    for (const [index, position] of positions.entries()) {
      prefix.push(convert(position, `${path}.${positionsKeyword}[${index}]`) ?? { type: dialect.filler });
    }
  }
  let element: Shape | undefined;
  if (rest !== undefined) {
    // `false` after positions is common and exact: the array ends there.
    element = rest === false ? undefined : convert(rest, `${path}.${restKeyword}`);
    if (rest === false) ledger.used(`${path}.${restKeyword}`, "schema-tuple");
    if (element === undefined) {
      shape.maxItems = Math.min(shape.maxItems ?? Infinity, prefix.length);
      if ((shape.minItems ?? 0) > shape.maxItems) return false;
      // An array without a schema for its elements is refused by some models, even where it must be empty.
      if (prefix.length === 0) element = { type: dialect.filler };
    }
  }
  if (prefix.length > 0 && !dialect.keeps.has("prefixItems")) {
    ledger.note(
      "approximated",
      "schema-tuple",
      `${path}.${positionsKeyword}`,
      "Elements may be of the type of any position.",
    );
    const choices = element === undefined ? prefix : [...prefix, element];
    const distinct = [...new Map(choices.map((choice) => [JSON.stringify(choice), choice])).values()];
    const [only] = distinct;
    element = distinct.length === 1 ? only : { anyOf: distinct };
  } else if (prefix.length > 0) {
    shape.prefixItems = prefix;
  }
  if (element !== undefined) shape.items = element;
  return true;
}
