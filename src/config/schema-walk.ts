/** Finds the part of the schema that a place in a configuration is held against. */
import { z } from "zod";
import type { ConfigPath } from "./config-path.ts";
import { type FieldRole, fieldRoles } from "./field-kinds.ts";
import { configSchema } from "./schema.ts";

type Schema = z.core.$ZodType;

/** Without the wrappers that say what happens when the value is absent. */
export function bare(schema: Schema): Schema {
  let current = schema;
  for (let inner = unwrapped(current); inner !== undefined; inner = unwrapped(current)) current = inner;
  return current;
}

function unwrapped(schema: Schema): Schema | undefined {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault) {
    return schema.unwrap();
  }
  return schema instanceof z.ZodPipe ? schema.in : undefined;
}

/** What the schema says of itself, inside or outside those wrappers. */
export function descriptionOf(schema: Schema): string | undefined {
  let current = schema;
  for (;;) {
    const description = z.globalRegistry.get(current)?.description;
    if (description !== undefined) return description;
    const inner = unwrapped(current);
    if (inner === undefined) return undefined;
    current = inner;
  }
}

/**
 * The alternative of a union that `value` is meant to be: by its `kind`, else mapping or not. Undefined when its kind
 * is unknown.
 */
export function alternative(schema: Schema, value: unknown): Schema | undefined {
  const plain = bare(schema);
  if (plain instanceof z.ZodDiscriminatedUnion) {
    const kind = propertyOf(value, "kind");
    return plain.options.find((option) => kindOf(option) === kind);
  }
  if (plain instanceof z.ZodUnion) {
    const isMapping = typeof value === "object" && value !== null && !Array.isArray(value);
    return plain.options.find((option) => bare(option) instanceof z.ZodObject === isMapping);
  }
  return plain;
}

/** The schema of one entry of `container`; undefined where the key is unknown. */
export function entrySchema(schema: Schema, container: unknown, key: string | number): Schema | undefined {
  const chosen = alternative(schema, container);
  if (chosen instanceof z.ZodObject) {
    return Object.hasOwn(chosen.shape, key) ? chosen.shape[key] : undefined;
  }
  if (chosen instanceof z.ZodRecord) return chosen.valueType;
  if (chosen instanceof z.ZodArray) return chosen.element;
  return undefined;
}

/** The schema at `path` for the configuration `value`. */
export function schemaAt(value: unknown, path: ConfigPath): Schema | undefined {
  let schema: Schema | undefined = configSchema;
  let current = value;
  for (const key of path) {
    if (schema === undefined) return undefined;
    schema = entrySchema(schema, current, key);
    current = propertyOf(current, key);
  }
  return schema;
}

export function valueAt(value: unknown, path: ConfigPath): unknown {
  return path.reduce<unknown>((current, key) => propertyOf(current, key), value);
}

export function roleOf(schema: Schema | undefined): FieldRole {
  return (schema === undefined ? undefined : fieldRoles.get(bare(schema) as z.ZodType)) ?? {};
}

/** The text of a kind's literal, for example `vertex`. */
export function kindOf(option: Schema): string | undefined {
  const plain = bare(option);
  if (!(plain instanceof z.ZodObject)) return undefined;
  const kind: unknown = plain.shape.kind;
  return kind instanceof z.ZodLiteral && typeof kind.value === "string" ? kind.value : undefined;
}

export function propertyOf(value: unknown, key: string | number): unknown {
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return undefined;
  return (value as Record<string | number, unknown>)[key];
}
