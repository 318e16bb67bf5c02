/** Conversions of schemas that came before: tools come again with every turn, and converting them costs the most. */
import type { Json } from "../../wire/gemini.ts";
import { MAX_NOTES, type Note } from "../notes.ts";
import type { RequestContext } from "../target.ts";

/** Of one generation of two, and of one schema; in characters and, for each value, some more. */
const MAX_WEIGHT = 2 * 1024 * 1024;
const MAX_SCHEMA_WEIGHT = 256 * 1024;
const VALUE_WEIGHT = 32;
/** Deeper than any request body may be. */
const MAX_DEPTH = 128;

/** A JSON object with its keys at hand, so that comparing another with it makes no lists of keys. */
class KnownObject {
  readonly keys: readonly string[];
  readonly values: readonly Known[];

  constructor(object: { [key: string]: Json }) {
    this.keys = Object.keys(object);
    this.values = Object.values(object).map(knownOf);
  }
}

type Known = string | number | boolean | null | readonly Known[] | KnownObject;

interface Remembered {
  /** Made of a copy: what the caller passed may change. */
  schema: Known;
  /** Its objects are frozen, as every request that sends the same schema is given the same ones. */
  converted: Json;
  notes: readonly Note[];
  /** Taken from what a request may still convert. */
  parts: number;
  weight: number;
}

/**
 * Bounded; what was not asked for lately is forgotten. A schema is compared value by value with the one remembered,
 * so that what is given back is what converting it would give.
 */
export class SchemaMemory {
  #young = new Map<string, Remembered>();
  #old = new Map<string, Remembered>();
  #weight = 0;
  readonly #maxWeight: number;

  constructor(maxWeight = MAX_WEIGHT) {
    this.#maxWeight = maxWeight;
  }

  /**
   * What `convert` gives for `schema`, by calling it or from memory. `convert` must depend on nothing but its
   * arguments, `kind` and `context.schemaParts`, and do nothing but add notes and take schema parts.
   */
  converted(
    kind: string,
    schema: unknown,
    path: string,
    context: RequestContext,
    convert: (schema: unknown, path: string, context: RequestContext) => Json,
  ): Json {
    // A trace holds more than notes.
    if (context.notes.uses !== undefined) return convert(schema, path, context);
    const key = `${kind} ${path} ${nameOf(schema)}`;
    const known = this.#find(key);
    if (known !== undefined && fits(known, context) && isSame(known.schema, schema)) {
      context.schemaParts.left -= known.parts;
      for (const { action, rule, field, detail } of known.notes) {
        context.notes.add(action, rule, field, detail);
      }
      return known.converted;
    }
    const { notes, schemaParts } = context;
    const notesBefore = notes.list.length;
    const partsBefore = schemaParts.left;
    const converted = convert(schema, path, context);
    // With more notes than are kept, which ones are counted depends on what came before.
    if (!notes.isFull) {
      this.#remember(key, schema, converted, notes.list.slice(notesBefore), partsBefore - schemaParts.left);
    }
    return converted;
  }

  #find(key: string): Remembered | undefined {
    const young = this.#young.get(key);
    if (young !== undefined) return young;
    const old = this.#old.get(key);
    if (old !== undefined) {
      this.#old.delete(key);
      this.#put(key, old);
    }
    return old;
  }

  #remember(key: string, schema: unknown, converted: Json, notes: readonly Note[], parts: number): void {
    const size = { left: Math.min(MAX_SCHEMA_WEIGHT, this.#maxWeight) - key.length };
    const most = size.left;
    const given = copy(schema, size, 0);
    // It may share parts with what the caller passed.
    const kept = given === undefined ? undefined : copy(converted, size, 0);
    if (given === undefined || kept === undefined) return;
    const weight = most - size.left + key.length;
    this.#put(key, { schema: knownOf(given), converted: frozen(kept), notes, parts, weight });
  }

  #put(key: string, remembered: Remembered): void {
    this.#weight += remembered.weight - (this.#young.get(key)?.weight ?? 0);
    this.#young.set(key, remembered);
    if (this.#weight <= this.#maxWeight) return;
    this.#old = this.#young;
    this.#young = new Map();
    this.#weight = 0;
  }
}

/** Tells most schemas at the same place apart, and costs little. */
function nameOf(schema: unknown): string {
  if (typeof schema !== "object" || schema === null || !Object.hasOwn(schema, "properties")) return "";
  const { properties } = schema as { properties: unknown };
  if (typeof properties !== "object" || properties === null) return "";
  let name = "";
  for (const key in properties) name += `${key},`;
  return name;
}

/** Converting it now would end in the same way. */
function fits({ notes, parts }: Remembered, context: RequestContext): boolean {
  return parts <= context.schemaParts.left && context.notes.list.length + notes.length < MAX_NOTES;
}

/** True for the same values with the same keys in the same order. `known` is a copy, so it is no deeper than those. */
function isSame(known: Known, given: unknown): boolean {
  if (typeof known !== "object" || known === null) return known === given;
  if (typeof given !== "object" || given === null) return false;
  if (!(known instanceof KnownObject)) {
    if (!Array.isArray(given) || given.length !== known.length) return false;
    for (let index = 0; index < known.length; index += 1) {
      if (!isSame(known[index]!, given[index])) return false;
    }
    return true;
  }
  if (Object.getPrototypeOf(given) !== Object.prototype) return false;
  const { keys, values } = known;
  let index = 0;
  for (const key in given) {
    if (index === keys.length || keys[index] !== key) return false;
    if (!isSame(values[index]!, (given as Record<string, unknown>)[key])) return false;
    index += 1;
  }
  return index === keys.length;
}

function knownOf(value: Json): Known {
  if (typeof value !== "object" || value === null) return value;
  return Array.isArray(value) ? value.map(knownOf) : new KnownObject(value);
}

/** Undefined for what is too large or no JSON. */
function copy(value: unknown, size: { left: number }, depth: number): Json | undefined {
  size.left -= typeof value === "string" ? value.length + VALUE_WEIGHT : VALUE_WEIGHT;
  if (size.left < 0 || depth > MAX_DEPTH) return undefined;
  if (value === null || typeof value !== "object") return isScalar(value) ? value : undefined;
  if (Array.isArray(value)) {
    const items: Json[] = [];
    for (const item of value as unknown[]) {
      const copied = copy(item, size, depth + 1);
      if (copied === undefined) return undefined;
      items.push(copied);
    }
    return items;
  }
  if (Object.getPrototypeOf(value) !== Object.prototype) return undefined;
  const fields: { [key: string]: Json } = {};
  for (const [key, field] of Object.entries(value)) {
    size.left -= key.length;
    const copied = copy(field, size, depth + 1);
    // As a field of its own it cannot be copied by assignment.
    if (copied === undefined || key === "__proto__") return undefined;
    fields[key] = copied;
  }
  return fields;
}

function isScalar(value: unknown): value is string | number | boolean | null {
  return (
    value === null || typeof value === "string" || typeof value === "number" || typeof value === "boolean"
  );
}

/**
 * But for the arrays: with one frozen array in it, `JSON.stringify` of V8 14 takes five times as long for the whole request.
 */
function frozen<T>(value: T): T {
  if (typeof value !== "object" || value === null) return value;
  for (const inner of Object.values(value)) frozen(inner);
  return Array.isArray(value) ? value : Object.freeze(value);
}
