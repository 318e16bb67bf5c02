/**
 * Readers for one field of a request body that nobody has checked. Each takes the object, the key, and the full
 * path of the field as the caller would write it (`messages[2].name`), which becomes the error's `param`.
 * Absent and `null` are the same thing, as in OpenAI's own API; anything of another type is a 400, never converted.
 */
import { invalidRequest } from "../errors.ts";
import { Base64Text, type InlineText } from "../wire/base64-text.ts";

export interface NumberLimits {
  /** Smallest value taken, inclusive. */
  min?: number;
  /** Largest value taken, inclusive. */
  max?: number;
  /** A fraction, or a value beyond 2^53 where integers are no longer exact, is refused. */
  integer?: boolean;
}

export interface ArrayLimits {
  /** Largest number of entries taken. */
  maxItems?: number;
}

/** A JSON object: not an array, not null. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** @throws GatewayError (400) when the field is present and not a string. */
export function optionalString(
  object: Record<string, unknown>,
  key: string,
  path: string,
): string | undefined {
  const value = own(object, key);
  if (value === undefined || typeof value === "string") return value;
  throw wrongType(path, "a string", value);
}

/**
 * A string that may be long: see `Base64Text`.
 * @throws GatewayError (400) when the field is present and not a string.
 */
export function optionalText(
  object: Record<string, unknown>,
  key: string,
  path: string,
): InlineText | undefined {
  const value = own(object, key);
  return value instanceof Base64Text ? value : optionalString(object, key, path);
}

/**
 * `-0` is read as `0`: JSON can spell it, and no field gives it a meaning.
 * @throws GatewayError (400) when the field is present and not a finite number within the limits.
 */
export function optionalNumber(
  object: Record<string, unknown>,
  key: string,
  path: string,
  limits: NumberLimits = {},
): number | undefined {
  const value = own(object, key);
  if (value === undefined) return undefined;
  if (typeof value !== "number")
    throw wrongType(path, limits.integer === true ? "an integer" : "a number", value);
  if (!Number.isFinite(value)) throw invalidRequest(path, `${path}: must be a finite number.`);
  if (limits.integer === true && !Number.isSafeInteger(value)) {
    throw invalidRequest(path, `${path}: must be a whole number within ±2^53, not ${value}.`);
  }
  if (limits.min !== undefined && value < limits.min) {
    throw invalidRequest(path, `${path}: must be at least ${limits.min}, not ${value}.`);
  }
  if (limits.max !== undefined && value > limits.max) {
    throw invalidRequest(path, `${path}: must be at most ${limits.max}, not ${value}.`);
  }
  return value === 0 ? 0 : value;
}

/** @throws GatewayError (400) when the field is present and not `true` or `false`. */
export function optionalBoolean(
  object: Record<string, unknown>,
  key: string,
  path: string,
): boolean | undefined {
  const value = own(object, key);
  if (value === undefined || typeof value === "boolean") return value;
  throw wrongType(path, "true or false", value);
}

/** @throws GatewayError (400) when the field is present and not an array, or too long. */
export function optionalArray(
  object: Record<string, unknown>,
  key: string,
  path: string,
  limits: ArrayLimits = {},
): unknown[] | undefined {
  const value = own(object, key);
  if (value === undefined) return undefined;
  if (!Array.isArray(value)) throw wrongType(path, "an array", value);
  if (limits.maxItems !== undefined && value.length > limits.maxItems) {
    throw invalidRequest(
      path,
      `${path}: at most ${limits.maxItems} entries are accepted, and there are ${value.length}.`,
    );
  }
  return value;
}

/** @throws GatewayError (400) when the field is present and not an object. */
export function optionalObject(
  object: Record<string, unknown>,
  key: string,
  path: string,
): Record<string, unknown> | undefined {
  const value = own(object, key);
  if (value === undefined || isObject(value)) return value;
  throw wrongType(path, "an object", value);
}

/** An empty string counts as present. @throws GatewayError (400) when the field is absent, null or not a string. */
export function requiredString(object: Record<string, unknown>, key: string, path: string): string {
  const value = optionalString(object, key, path);
  if (value === undefined) throw missing(path, "a string");
  return value;
}

/** As `optionalText`. @throws GatewayError (400) when the field is absent, null or not a string. */
export function requiredText(object: Record<string, unknown>, key: string, path: string): InlineText {
  const value = optionalText(object, key, path);
  if (value === undefined) throw missing(path, "a string");
  return value;
}

/** An empty array counts as present. @throws GatewayError (400) when the field is absent, null, no array, or too long. */
export function requiredArray(
  object: Record<string, unknown>,
  key: string,
  path: string,
  limits: ArrayLimits = {},
): unknown[] {
  const value = optionalArray(object, key, path, limits);
  if (value === undefined) throw missing(path, "an array");
  return value;
}

/** The 400 for a value of the wrong type; names the type found and never the value, which may be a prompt. */
export function wrongType(path: string, wanted: string, value: unknown): Error {
  if (value === undefined) return missing(path, wanted);
  return invalidRequest(path, `${path}: must be ${wanted}, not ${typeName(value)}.`);
}

function missing(path: string, wanted: string): Error {
  return invalidRequest(path, `${path}: is required and must be ${wanted}.`);
}

/** Only the caller's own keys count, so that `__proto__` or `toString` never read the prototype; null reads as absent. */
function own(object: Record<string, unknown>, key: string): unknown {
  if (!Object.hasOwn(object, key)) return undefined;
  return object[key] ?? undefined;
}

function typeName(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "an array";
  if (typeof value === "object") return "an object";
  return `a ${typeof value}`;
}
