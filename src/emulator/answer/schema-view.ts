/** One reading of both schema dialects: JSON Schema (2020-12) and Gemini's OpenAPI subset with upper-case types. */
import type { Json, JsonObject } from "../../wire/gemini.ts";

export type TypeName = "string" | "number" | "integer" | "boolean" | "array" | "object" | "null";

/** The keywords a value has to satisfy, with references resolved, `allOf` merged and type names in lower case. */
export interface SchemaView {
  types: TypeName[];
  nullable: boolean;
  description: string;
  options: Json[] | undefined;
  branches: Json[];
  properties: Map<string, Json>;
  required: string[];
  additional: Json | undefined;
  items: Json | undefined;
  prefixItems: Json[];
  format: string;
  pattern: string | undefined;
  fallback: Json | undefined;
  /** References followed to get here; more of them on one path means recursion. */
  references: string[];
  bound: (keyword: string) => number | undefined;
  flag: (keyword: string) => boolean;
}

const typeNames = new Set<string>(["string", "number", "integer", "boolean", "array", "object", "null"]);
const longestReferenceChain = 16;

/** Never throws: what cannot be understood allows anything. */
export function viewSchema(schema: Json | undefined, root: Json | undefined): SchemaView {
  const references: string[] = [];
  const merged = flattened(schema, root, references, 0);
  const options = optionsOf(merged);
  const declared = typesOf(merged);
  const types = declared.length > 0 ? declared : impliedTypes(merged, options);
  const branches = [...list(merged, "anyOf"), ...list(merged, "oneOf"), ...list(merged, "any_of")];
  return {
    types: types.filter((type) => type !== "null" || types.length === 1),
    nullable: own(merged, "nullable") === true || declared.includes("null"),
    description: text(own(merged, "description")) || text(own(merged, "title")),
    options: options && withTypes(options, types),
    branches: branches.slice(0, 64),
    properties: propertiesOf(merged),
    required: list(merged, "required").filter((name) => typeof name === "string"),
    additional: own(merged, "additionalProperties"),
    items: Array.isArray(own(merged, "items")) ? undefined : own(merged, "items"),
    prefixItems: [...list(merged, "prefixItems"), ...list(merged, "items")],
    format: text(own(merged, "format")),
    pattern: text(own(merged, "pattern")) || undefined,
    fallback: own(merged, "default"),
    references,
    bound: (keyword) => numeric(own(merged, keyword)),
    flag: (keyword) => own(merged, keyword) === true,
  };
}

/** A key the object itself has, whatever its name. */
export function own(object: JsonObject, key: string): Json | undefined {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Whether a path of references passes one of them twice. */
export function isRecursive(path: readonly string[]): boolean {
  const references = path.filter((reference) => reference !== "");
  return new Set(references).size < references.length;
}

/** A schema without its alternatives: what holds whichever of them is taken. */
export function withoutBranches(schema: JsonObject): JsonObject {
  const rest: JsonObject = Object.assign(Object.create(null), schema);
  for (const key of ["anyOf", "oneOf", "any_of"]) delete rest[key];
  return rest;
}

/** Follows `$ref` (or Vertex's `ref`) and folds `allOf` in; what the nearer schema says wins. */
function flattened(
  schema: Json | undefined,
  root: Json | undefined,
  references: string[],
  depth: number,
): JsonObject {
  if (!isObject(schema) || depth > longestReferenceChain) return Object.create(null);
  let result: JsonObject = Object.assign(Object.create(null), schema);
  const reference = own(schema, "$ref") ?? own(schema, "ref");
  if (typeof reference === "string") {
    references.push(reference);
    result = combined(flattened(resolve(reference, root), root, references, depth + 1), result);
  }
  for (const part of list(schema, "allOf")) {
    result = combined(flattened(part, root, references, depth + 1), result);
  }
  return result;
}

function combined(base: JsonObject, over: JsonObject): JsonObject {
  const result: JsonObject = Object.assign(Object.create(null), base, over);
  const [baseProperties, overProperties] = [own(base, "properties"), own(over, "properties")];
  if (isObject(baseProperties) && isObject(overProperties)) {
    result["properties"] = Object.assign(Object.create(null), baseProperties, overProperties);
  }
  const required = [...list(base, "required"), ...list(over, "required")];
  if (required.length > 0) result["required"] = [...new Set(required)];
  for (const keyword of ["minimum", "exclusiveMinimum", "minLength", "minItems"]) {
    const bounds = [numeric(own(base, keyword)), numeric(own(over, keyword))].filter(
      (bound) => bound !== undefined,
    );
    if (bounds.length === 2) result[keyword] = Math.max(...bounds);
  }
  for (const keyword of ["maximum", "exclusiveMaximum", "maxLength", "maxItems"]) {
    const bounds = [numeric(own(base, keyword)), numeric(own(over, keyword))].filter(
      (bound) => bound !== undefined,
    );
    if (bounds.length === 2) result[keyword] = Math.min(...bounds);
  }
  return result;
}

function resolve(reference: string, root: Json | undefined): Json | undefined {
  if (!reference.startsWith("#")) {
    // Vertex's `ref` and OpenAPI allow a bare definition name.
    const definitions = isObject(root) ? (own(root, "defs") ?? own(root, "$defs")) : undefined;
    return isObject(definitions) ? own(definitions, reference) : undefined;
  }
  let target = root;
  for (const escaped of reference
    .slice(1)
    .split("/")
    .filter((segment) => segment !== "")) {
    const key = decoded(escaped).replaceAll("~1", "/").replaceAll("~0", "~");
    if (Array.isArray(target)) target = target[Number(key)];
    else target = isObject(target) ? own(target, key) : undefined;
  }
  return target;
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

function typesOf(schema: JsonObject): TypeName[] {
  const declared = own(schema, "type");
  const names = (Array.isArray(declared) ? declared : [declared]).map((name) => text(name).toLowerCase());
  return names.filter((name): name is TypeName => typeNames.has(name));
}

function impliedTypes(schema: JsonObject, options: Json[] | undefined): TypeName[] {
  if (options !== undefined) return [];
  if (
    ["properties", "additionalProperties", "required", "minProperties"].some((key) =>
      Object.hasOwn(schema, key),
    )
  ) {
    return ["object"];
  }
  if (["items", "prefixItems", "minItems", "maxItems"].some((key) => Object.hasOwn(schema, key)))
    return ["array"];
  if (["minimum", "maximum", "multipleOf"].some((key) => Object.hasOwn(schema, key))) return ["number"];
  return [];
}

function optionsOf(schema: JsonObject): Json[] | undefined {
  const constant = own(schema, "const");
  if (constant !== undefined) return [constant];
  const options = list(schema, "enum");
  return options.length > 0 ? options : undefined;
}

/** The OpenAPI dialect writes every enum value as a string, those of numbers and booleans too. */
function withTypes(options: Json[], types: readonly TypeName[]): Json[] {
  if (types.length === 0) return options;
  const fitting = options.filter((option) => types.some((type) => hasType(option, type)));
  if (fitting.length > 0) return fitting;
  if (types.includes("boolean")) return options.map((option) => option === "true" || option === true);
  const numbers = options.map(Number).filter((value) => Number.isFinite(value));
  return types.some((type) => type === "number" || type === "integer") && numbers.length > 0
    ? numbers
    : options;
}

function hasType(value: Json, type: TypeName): boolean {
  if (type === "null") return value === null;
  if (type === "array") return Array.isArray(value);
  if (type === "object") return isObject(value);
  return type === "integer" ? Number.isInteger(value) : typeof value === type;
}

function propertiesOf(schema: JsonObject): Map<string, Json> {
  const properties = own(schema, "properties");
  if (!isObject(properties)) return new Map();
  const ordering = [...list(schema, "propertyOrdering")].filter((name) => typeof name === "string");
  const names = [...ordering.filter((name) => Object.hasOwn(properties, name)), ...Object.keys(properties)];
  return new Map([...new Set(names)].map((name) => [name, own(properties, name) ?? true]));
}

function list(schema: JsonObject, key: string): Json[] {
  const value = own(schema, key);
  return Array.isArray(value) ? value : [];
}

function text(value: Json | undefined): string {
  return typeof value === "string" ? value : "";
}

/** Counts arrive as strings too: they are int64 in Google's proto JSON. */
function numeric(value: Json | undefined): number | undefined {
  if (typeof value === "number") return value;
  if (typeof value !== "string" || value === "") return undefined;
  const number = Number(value);
  return Number.isFinite(number) ? number : undefined;
}
