/**
 * Reading what an upstream sent: every field may be absent, and a field of the wrong type is as good as absent.
 * An answer is Google's, not the caller's, so nothing here refuses; what cannot be read is left out and the rest
 * still reaches the caller.
 */

/** The value as an object, or undefined. */
export function record(value: unknown): Record<string, unknown> | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : undefined;
}

const NONE: readonly Record<string, unknown>[] = [];

/** The objects in an array, which is given back itself where it holds nothing else; nothing when it is not an array. */
export function objects(value: unknown): readonly Record<string, unknown>[] {
  if (!Array.isArray(value)) return NONE;
  return value.every(isRecord) ? value : value.filter(isRecord);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return record(value) !== undefined;
}

export function string(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

/** A string with something in it: protobuf's default for an unset string is `""`. */
export function nonEmpty(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** A non-negative integer; 0, which protobuf leaves out, when absent. */
export function index(value: unknown): number {
  return typeof value === "number" && Number.isSafeInteger(value) && value > 0 ? value : 0;
}
