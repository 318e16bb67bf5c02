/**
 * `responseJsonSchema` and `parametersJsonSchema`: the keywords Google lists as supported, in the note on
 * `responseJsonSchema` of @google/genai's types. What happens to others is not documented (they may be ignored); here
 * they are refused, so that whoever relies on one learns it. The wording of these refusals is this emulator's.
 */
import type { Json, JsonObject } from "../../wire/gemini.ts";
import { bullet, refusal, unable, type CheckContext } from "./check-context.ts";

const KEYWORDS = new Set([
  "type",
  "format",
  "title",
  "description",
  "enum",
  "items",
  "prefixItems",
  "minItems",
  "maxItems",
  "minimum",
  "maximum",
  "anyOf",
  "oneOf",
  "properties",
  "additionalProperties",
  "required",
  "propertyOrdering",
]);

const TYPES = new Set(["string", "number", "integer", "boolean", "array", "object", "null"]);

export interface JsonSchemaPlace {
  path: string;
  /** Function parameters describe an object, and on Vertex may not loop at all. */
  ofFunction: boolean;
}

/** @throws {GoogleApiError} */
export function checkJsonSchema(schema: Json, place: JsonSchemaPlace, context: CheckContext): void {
  const refuse = (at: string, problem: string): never => {
    throw refusal(context, {
      vertex: unable(`the JSON schema in ${place.path}${at} is not supported: ${problem}.`),
      geminiApi: bullet(`${place.path}${at}`, problem),
    });
  };
  if (context.model.generation < 2.5 && place.ofFunction) refuse("", "not supported for this model");
  if (!isObject(schema)) return refuse("", "schema must be an object");
  if (place.ofFunction && schema["type"] !== "object" && schema["$ref"] === undefined) {
    refuse("", "schema should be of type OBJECT");
  }
  const definitions = new Map<string, JsonObject>([["#", schema]]);
  const defs = isObject(schema["$defs"]) ? schema["$defs"] : {};
  for (const name of Object.keys(defs)) {
    const one = defs[name];
    if (isObject(one)) definitions.set(`#/$defs/${pointerStep(name)}`, one);
  }
  walk(schema, "", definitions, refuse);
  const edges = new Map<string, Reference[]>();
  for (const [name, one] of definitions) edges.set(name, references(one, false));
  const unavoidable = findLoop(edges, (reference) => !reference.optional);
  if (unavoidable !== undefined) refuse("", `cyclic reference ${unavoidable} outside an optional property`);
  if (place.ofFunction && context.surface === "vertex") {
    const loop = findLoop(edges, () => true);
    if (loop !== undefined) refuse("", `cyclic reference ${loop} in function parameters`);
  }
}

type Refuse = (at: string, problem: string) => never;

function walk(schema: Json, at: string, definitions: ReadonlyMap<string, JsonObject>, refuse: Refuse): void {
  if (typeof schema === "boolean") return;
  if (!isObject(schema)) return refuse(at, "schema must be an object");
  const keys = Object.keys(schema);
  for (const key of keys) {
    if (!KEYWORDS.has(key) && !key.startsWith("$")) refuse(at, `unsupported keyword "${key}"`);
  }
  const ref = schema["$ref"];
  if (ref !== undefined) {
    if (typeof ref !== "string" || !definitions.has(ref)) {
      refuse(at, `$ref ${JSON.stringify(ref)} does not resolve`);
    }
    const sibling = keys.find((key) => !key.startsWith("$"));
    if (sibling !== undefined) refuse(at, `"${sibling}" may not stand beside $ref`);
  }
  const types = [schema["type"] ?? []].flat();
  for (const type of types) {
    if (typeof type !== "string" || !TYPES.has(type))
      refuse(`${at}.type`, `unknown type ${JSON.stringify(type)}`);
  }
  const values = schema["enum"];
  if (values !== undefined) {
    const listed = Array.isArray(values) ? values : [];
    const plain = listed.every((value) => typeof value === "string" || typeof value === "number");
    if (listed.length === 0 || !plain) refuse(`${at}.enum`, "only strings and numbers are supported");
  }
  for (const [step, inner] of subschemas(schema)) walk(inner, `${at}${step}`, definitions, refuse);
}

/** Direct subschemas with the step that leads to each; definitions included. */
function subschemas(schema: JsonObject): [string, Json][] {
  const found: [string, Json][] = [];
  for (const key of ["properties", "$defs"]) {
    const container = schema[key];
    if (!isObject(container)) continue;
    for (const name of Object.keys(container)) found.push([`.${key}.${name}`, container[name] ?? null]);
  }
  for (const key of ["prefixItems", "anyOf", "oneOf"]) {
    const items = schema[key];
    if (!Array.isArray(items)) continue;
    for (const [index, item] of items.entries()) found.push([`.${key}[${index}]`, item]);
  }
  for (const key of ["items", "additionalProperties"]) {
    if (schema[key] !== undefined) found.push([`.${key}`, schema[key]]);
  }
  return found;
}

interface Reference {
  to: string;
  /** Reached through a property that need not be there. */
  optional: boolean;
}

function references(schema: Json, optional: boolean): Reference[] {
  if (!isObject(schema)) return [];
  const own: Reference[] = typeof schema["$ref"] === "string" ? [{ to: schema["$ref"], optional }] : [];
  const required = Array.isArray(schema["required"]) ? schema["required"] : [];
  return [
    ...own,
    ...subschemas(schema)
      .filter(([step]) => !step.startsWith(".$defs."))
      .flatMap(([step, inner]) => {
        const property = step.startsWith(".properties.") ? step.slice(".properties.".length) : undefined;
        const left = property !== undefined && !required.includes(property);
        return references(inner, optional || left || step === ".additionalProperties");
      }),
  ];
}

/** A definition that leads back to itself over the references that count, found in one walk without recursion. */
function findLoop(
  edges: ReadonlyMap<string, readonly Reference[]>,
  counts: (reference: Reference) => boolean,
): string | undefined {
  const done = new Set<string>();
  for (const root of edges.keys()) {
    const onPath = new Set<string>();
    const stack: { name: string; next: number }[] = [{ name: root, next: 0 }];
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      const references = edges.get(top.name) ?? [];
      const reference = references[top.next];
      if (top.next === 0) onPath.add(top.name);
      top.next += 1;
      if (reference === undefined || done.has(top.name)) {
        onPath.delete(top.name);
        done.add(top.name);
        stack.pop();
      } else if (counts(reference)) {
        if (onPath.has(reference.to)) return reference.to;
        if (!done.has(reference.to)) stack.push({ name: reference.to, next: 0 });
      }
    }
  }
  return undefined;
}

/** A name as a step of a JSON pointer (RFC 6901). */
function pointerStep(name: string): string {
  return name.replaceAll("~", "~0").replaceAll("/", "~1");
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
