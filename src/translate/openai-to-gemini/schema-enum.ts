/** `enum` and `const`: a list of values of any type, where Gemini takes lists of strings and, in one field, of numbers. */
import { invalidRequest } from "../../errors.ts";
import { wrongType } from "../read-field.ts";
import type { Dialect, EnumSupport } from "./schema-dialect.ts";
import { own } from "./schema-keywords.ts";
import type { SchemaLedger } from "./schema-ledger.ts";
import type { Shape, TypeName } from "./schema-shape.ts";

/** Beyond this a list is refused: Google gives no limit, and OpenAI's own is 1,000. */
const MAX_VALUES = 10_000;
/** Values spelled out in a description, where the field has no place for them. */
const MAX_SPELLED = 50;

interface EnumShape {
  shape: Shape;
  /** What is not said exactly; empty if all is. */
  losses: string[];
}

/** `enum` or `const`: undefined where there is none, null where it leaves no value. */
export function choiceKeywords(
  source: Record<string, unknown>,
  path: string,
  types: TypeName[] | undefined,
  dialect: Dialect,
  ledger: SchemaLedger,
): Shape | null | undefined {
  const constant = own(source, "const");
  const listed = own(source, "enum");
  if (listed !== undefined && !Array.isArray(listed)) throw wrongType(`${path}.enum`, "an array", listed);
  if (constant === undefined && listed === undefined) return undefined;
  const keyword = constant === undefined ? "enum" : "const";
  const values: unknown[] = constant === undefined ? [...(listed ?? [])] : [constant];
  // OpenAPI 3.0 spells `null` in a list with `nullable` beside it.
  if (own(source, "nullable") === true && !values.includes(null)) values.push(null);
  // Both at once allow the constant, or nothing.
  const both = constant !== undefined && listed !== undefined;
  const possible = !both || listed.some((value) => JSON.stringify(value) === JSON.stringify(constant));
  const found = enumShape(values, types, `${path}.${keyword}`, dialect.enums);
  ledger.used(`${path}.${keyword}`, "schema-enum");
  if (both) ledger.used(`${path}.enum`, "schema-enum");
  if (found === undefined || !possible) return null;
  for (const loss of found.losses) {
    ledger.note("approximated", "schema-enum", `${path}.${keyword}`, `For Gemini, ${loss}.`);
  }
  return found.shape;
}

/**
 * @param types the `type` beside the list, which the values must satisfy as well.
 * @returns undefined when no listed value is of such a type.
 * @throws GatewayError (400) naming `path` for a list that is empty or too long.
 */
function enumShape(
  values: readonly unknown[],
  types: readonly TypeName[] | undefined,
  path: string,
  support: EnumSupport,
): EnumShape | undefined {
  if (values.length === 0) throw invalidRequest(path, `${path}: must list at least one value.`);
  if (values.length > MAX_VALUES) {
    throw invalidRequest(path, `${path}: lists ${values.length} values; at most ${MAX_VALUES} are accepted.`);
  }
  const losses: string[] = [];
  const strings = new Set<string>();
  const numbers = new Set<number>();
  const booleans = new Set<boolean>();
  let hasNull = false;
  const compound = new Set<"array" | "object">();
  for (const value of values) {
    if (!allowed(value, types)) losses.push("values of another type than `type` are left out");
    else if (typeof value === "string") strings.add(value);
    else if (typeof value === "number") numbers.add(finite(value, path));
    else if (typeof value === "boolean") booleans.add(value);
    else if (value === null) hasNull = true;
    else compound.add(Array.isArray(value) ? "array" : "object");
  }

  const shapes: Shape[] = [];
  if (!support.emptyString && strings.delete("") && strings.size === 0) {
    losses.push("an empty string cannot be listed, so any string is allowed");
    shapes.push({ type: "string" });
  } else if (!support.emptyString && strings.size > 0 && values.includes("")) {
    losses.push("an empty string cannot be listed and is left out");
  }
  if (strings.size > 0) shapes.push({ type: "string", enum: [...strings] });
  if (numbers.size > 0) {
    const listed = [...numbers];
    const whole = listed.every((value) => Number.isInteger(value));
    const type = whole && (types === undefined || types.includes("integer")) ? "integer" : "number";
    if (support.numbers) {
      shapes.push({ type, enum: listed });
    } else {
      losses.push("numbers cannot be listed in this field, so the list is put in the description");
      shapes.push({ type, description: spelledOut(listed) });
    }
  }
  if (booleans.size === 2) shapes.push({ type: "boolean" });
  if (booleans.size === 1) {
    losses.push("a single boolean cannot be listed, so it is put in the description");
    shapes.push({ type: "boolean", description: spelledOut([...booleans]) });
  }
  for (const type of compound) {
    losses.push(`an ${type} cannot be listed, so any ${type} is allowed`);
    shapes.push({ type });
  }
  if (hasNull) shapes.push({ type: "null" });

  const [only, ...others] = shapes;
  if (only === undefined) return undefined;
  return { shape: others.length === 0 ? only : { anyOf: shapes }, losses: [...new Set(losses)] };
}

function allowed(value: unknown, types: readonly TypeName[] | undefined): boolean {
  if (types === undefined) return true;
  if (value === null) return types.includes("null");
  if (Array.isArray(value)) return types.includes("array");
  if (typeof value === "number") {
    return types.includes("number") || (types.includes("integer") && Number.isInteger(value));
  }
  return types.includes(typeof value as TypeName);
}

/** JSON can spell numbers that are infinite here, such as 1e400. */
function finite(value: number, path: string): number {
  if (!Number.isFinite(value)) throw invalidRequest(path, `${path}: lists a number that is out of range.`);
  return value;
}

function spelledOut(values: readonly (number | boolean)[]): string {
  const [only] = values;
  if (values.length === 1) return `Always ${only}.`;
  const more = values.length > MAX_SPELLED ? `, … (${values.length} in all)` : "";
  return `One of: ${values.slice(0, MAX_SPELLED).join(", ")}${more}.`;
}
