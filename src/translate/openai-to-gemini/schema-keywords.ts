/** JSON Schema's keywords, sorted by what is done with them. The ones named nowhere here are unknown. */
import { isObject } from "../read-field.ts";
import { memberPath } from "./member-path.ts";

/** Keywords about the schema itself: they name it, or are read where a reference needs them, and allow or forbid nothing. */
export const METADATA: ReadonlySet<string> = new Set([
  "$schema",
  "$id",
  "id",
  "$anchor",
  "$dynamicAnchor",
  "$recursiveAnchor",
  "$vocabulary",
  "$comment",
  // OpenAPI's: repeats what the branches of a union say with `const`.
  "discriminator",
]);

/** Keywords whose meaning is carried over by code of their own. */
export const STRUCTURAL: ReadonlySet<string> = new Set([
  "$ref",
  "$defs",
  "definitions",
  "type",
  "nullable",
  "enum",
  "const",
  "properties",
  "required",
  "additionalProperties",
  "items",
  "prefixItems",
  "additionalItems",
  "anyOf",
  "oneOf",
  "allOf",
  "exclusiveMinimum",
  "exclusiveMaximum",
  "examples",
]);

export const TEXTS = ["title", "description", "format", "pattern"] as const;
export const COUNTS = [
  "minItems",
  "maxItems",
  "minLength",
  "maxLength",
  "minProperties",
  "maxProperties",
] as const;
export const BOUNDS = ["minimum", "maximum"] as const;

/** Every schema directly inside `source` that conversion may look at; definitions are reached by reference alone. */
export function subschemas(
  source: Record<string, unknown>,
  path: string,
): { source: unknown; path: string }[] {
  const found: { source: unknown; path: string }[] = [];
  for (const keyword of ["items", "additionalItems", "additionalProperties"]) {
    const value = own(source, keyword);
    if (isObject(value)) found.push({ source: value, path: `${path}.${keyword}` });
  }
  for (const keyword of ["items", "prefixItems", "anyOf", "oneOf", "allOf"]) {
    const value = own(source, keyword);
    if (!Array.isArray(value)) continue;
    for (const [index, item] of value.entries()) {
      found.push({ source: item, path: `${path}.${keyword}[${index}]` });
    }
  }
  const properties = own(source, "properties");
  if (isObject(properties)) {
    for (const [name, property] of Object.entries(properties)) {
      found.push({ source: property, path: memberPath(`${path}.properties`, name) });
    }
  }
  return found;
}

const NULLABLE: ReadonlySet<string> = new Set(["const", "default", "example"]);

/** The value of a keyword. `null` is read as absent, as in the rest of a request; a default or constant of null is not. */
export function own(source: Record<string, unknown>, keyword: string): unknown {
  if (!Object.hasOwn(source, keyword)) return undefined;
  const value = source[keyword];
  return value === null && !NULLABLE.has(keyword) ? undefined : value;
}
