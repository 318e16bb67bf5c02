/**
 * The shape of values that satisfy two shapes at once: what `allOf`, and keywords beside `$ref` or `anyOf`, ask for.
 * Gemini has no `allOf`, so it works only where one shape can say both.
 */
import { put, type Shape, typeField, typesOf, type TypeName } from "./schema-shape.ts";

/**
 * - `empty`: no value satisfies both
 * - `inexpressible`: there may be such values, but one shape cannot describe them
 */
export type Merged = Shape | "empty" | "inexpressible";

/** Words about the value (title, description, default, example) are taken from `first` where both have them. */
export function mergeShapes(first: Shape, second: Shape): Merged {
  if (first.$ref !== undefined || second.$ref !== undefined) {
    if (Object.keys(first).length === 0) return second;
    if (Object.keys(second).length === 0 || same(first, second)) return first;
    return "inexpressible";
  }
  const merged: Shape = { ...second, ...first };

  const types = commonTypes(typesOf(first), typesOf(second));
  if (types !== undefined) {
    const type = typeField(types);
    if (type === undefined) return "empty";
    merged.type = type;
  }
  if (first.enum !== undefined && second.enum !== undefined) {
    const allowed = new Set(second.enum);
    merged.enum = first.enum.filter((value) => allowed.has(value));
  }
  if (merged.enum !== undefined) {
    // Numbers listed on one side, integers asked for on the other.
    if (merged.type === "integer") merged.enum = merged.enum.filter((value) => Number.isInteger(value));
    if (merged.enum.length === 0) return "empty";
  }
  for (const keyword of ["minimum", "minLength", "minItems", "minProperties"] as const) {
    const bounds = [first[keyword], second[keyword]].filter((bound) => bound !== undefined);
    if (bounds.length > 0) merged[keyword] = Math.max(...bounds);
  }
  for (const keyword of ["maximum", "maxLength", "maxItems", "maxProperties"] as const) {
    const bounds = [first[keyword], second[keyword]].filter((bound) => bound !== undefined);
    if (bounds.length > 0) merged[keyword] = Math.min(...bounds);
  }
  for (const keyword of ["format", "pattern", "prefixItems", "anyOf"] as const) {
    const [one, other] = [first[keyword], second[keyword]];
    if (one !== undefined && other !== undefined && !same(one, other)) return "inexpressible";
  }
  if (first.required !== undefined && second.required !== undefined) {
    merged.required = [...new Set([...first.required, ...second.required])];
  }
  if (first.propertyOrdering !== undefined && second.propertyOrdering !== undefined) {
    merged.propertyOrdering = [...new Set([...first.propertyOrdering, ...second.propertyOrdering])];
  }
  if (first.properties !== undefined && second.properties !== undefined) {
    const properties = mergeProperties(first.properties, second.properties);
    if (properties === undefined) return "inexpressible";
    merged.properties = properties;
  }
  if (first.items !== undefined && second.items !== undefined) {
    const items = mergeShapes(first.items, second.items);
    if (typeof items === "string") return "inexpressible";
    merged.items = items;
  }
  const extra = mergeAdditional(first.additionalProperties, second.additionalProperties);
  if (extra === "inexpressible") return extra;
  if (extra !== undefined) merged.additionalProperties = extra;
  return merged;
}

function commonTypes(first: TypeName[] | undefined, second: TypeName[] | undefined): TypeName[] | undefined {
  if (first === undefined) return second;
  if (second === undefined) return first;
  const common: TypeName[] = [];
  for (const type of first) {
    if (second.includes(type)) common.push(type);
    else if (type === "integer" && second.includes("number")) common.push("integer");
    else if (type === "number" && second.includes("integer") && !first.includes("integer")) {
      common.push("integer");
    }
  }
  return common;
}

function mergeProperties(
  first: { [name: string]: Shape },
  second: { [name: string]: Shape },
): { [name: string]: Shape } | undefined {
  const properties: { [name: string]: Shape } = {};
  for (const [name, shape] of Object.entries(first)) {
    const other = Object.hasOwn(second, name) ? second[name] : undefined;
    const merged = other === undefined ? shape : mergeShapes(shape, other);
    if (typeof merged === "string") return undefined;
    put(properties, name, merged);
  }
  for (const [name, shape] of Object.entries(second)) {
    if (!Object.hasOwn(first, name)) put(properties, name, shape);
  }
  return properties;
}

function mergeAdditional(
  first: boolean | Shape | undefined,
  second: boolean | Shape | undefined,
): boolean | Shape | "inexpressible" | undefined {
  if (first === false || second === false) return false;
  if (first === undefined || first === true) return second ?? first;
  if (second === undefined || second === true) return first;
  const merged = mergeShapes(first, second);
  return typeof merged === "string" ? "inexpressible" : merged;
}

function same(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
