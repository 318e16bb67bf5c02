/** Reading parsed JSON that was meant to be OpenAI's; `undefined` stands for a field that is not what it should be. */

export type Json = Record<string, unknown>;

/** The object without one key; the object itself when it has no such key. */
export function without(object: Json, key: string): Json {
  if (!Object.hasOwn(object, key)) return object;
  const { [key]: _, ...rest } = object;
  return rest;
}

/** A whole number that can count or number something: 0 or more. */
export function position(value: unknown): number | undefined {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}

/** Nothing a client could show: absent, null, empty text or an empty list. */
export function isBlank(value: unknown): boolean {
  return (
    value === undefined || value === null || value === "" || (Array.isArray(value) && value.length === 0)
  );
}
