/** Accounting for the fields of one object, so that none is dropped in silence. */
import type { MessageScope } from "./message-scope.ts";

/**
 * Notes every own field of `object` that no reader takes. Null and empty values carry nothing, whoever reads them,
 * and are recorded as handled: SDKs send `refusal: null` and `annotations: []` back without being asked.
 */
export function accountForFields(
  object: Record<string, unknown>,
  path: string,
  read: ReadonlySet<string>,
  scope: MessageScope,
): void {
  for (const key of Object.keys(object)) {
    if (carriesNothing(object[key])) scope.notes.used(`${path}.${key}`, "message-nothing");
    else if (!read.has(key)) {
      scope.notes.add(
        "ignored",
        "message-unknown-field",
        `${path}.${key}`,
        "This field has no counterpart in Gemini and was not sent.",
      );
    }
  }
}

/** Null, and empty text, lists and objects. */
export function carriesNothing(value: unknown): boolean {
  if (value === null || value === undefined || value === "") return true;
  if (Array.isArray(value)) return value.length === 0;
  if (typeof value !== "object") return false;
  for (const _ in value) return false;
  return true;
}
