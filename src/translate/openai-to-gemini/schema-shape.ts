/**
 * What a caller's schema is turned into first: the part of JSON Schema that at least one of Gemini's fields can say,
 * with `const`, `oneOf`, `allOf`, tuples, references and the older spellings already rewritten.
 */
import type { Json } from "../../wire/gemini.ts";

export type TypeName = "null" | "boolean" | "integer" | "number" | "string" | "array" | "object";

export type Shape = {
  $ref?: string;
  title?: string;
  description?: string;
  /** A list has two or more members. */
  type?: TypeName | TypeName[];
  format?: string;
  /** Of one type, which `type` names. */
  enum?: (string | number)[];
  minimum?: number;
  maximum?: number;
  minLength?: number;
  maxLength?: number;
  pattern?: string;
  properties?: { [name: string]: Shape };
  required?: string[];
  additionalProperties?: boolean | Shape;
  propertyOrdering?: string[];
  minProperties?: number;
  maxProperties?: number;
  items?: Shape;
  prefixItems?: Shape[];
  minItems?: number;
  maxItems?: number;
  anyOf?: Shape[];
  default?: Json;
  example?: Json;
};

export function typesOf(shape: Shape): TypeName[] | undefined {
  if (shape.type === undefined) return undefined;
  return Array.isArray(shape.type) ? shape.type : [shape.type];
}

export function typeField(types: readonly TypeName[]): TypeName | TypeName[] | undefined {
  return types.length > 1 ? [...types] : types[0];
}

/** Sets a key that may be any string a caller chose: assignment to `__proto__` would set no property at all. */
export function put<Value>(object: { [name: string]: Value }, name: string, value: Value): void {
  if (name === "__proto__") {
    Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true });
  } else {
    object[name] = value;
  }
}

/** The same shape, with null as one more value. */
export function orNull(shape: Shape): Shape {
  const types = typesOf(shape);
  if (Object.keys(shape).length === 0 || types?.includes("null") === true) return shape;
  if (types !== undefined && shape.enum === undefined && shape.anyOf === undefined) {
    return { ...shape, type: [...types, "null"] };
  }
  const { title, description, ...rest } = shape;
  const outer: Shape = {};
  if (title !== undefined) outer.title = title;
  if (description !== undefined) outer.description = description;
  if (rest.anyOf !== undefined && Object.keys(rest).length === 1) {
    const hasNull = rest.anyOf.some((branch) => typesOf(branch)?.includes("null") === true);
    return { ...outer, anyOf: hasNull ? rest.anyOf : [...rest.anyOf, { type: "null" }] };
  }
  return { ...outer, anyOf: [rest, { type: "null" }] };
}
