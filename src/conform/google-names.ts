/**
 * Google reads the fields of a call in both spellings, `systemInstruction` and `system_instruction`
 * (https://protobuf.dev/programming-guides/json/), so a gateway may write either. Facts are written for the first.
 */

/** What stands in these is the caller's own, not fields of Google's. */
const OPAQUE: ReadonlySet<string> = new Set([
  "args",
  "response",
  "parametersJsonSchema",
  "responseJsonSchema",
  "labels",
]);
/** The keys in these are names of the caller's, their values are Google's schemas. */
const NAMED: ReadonlySet<string> = new Set(["properties", "defs"]);

/** The body of a call to `generateContent` with the names of its fields in lower camel case. */
export function camelCased(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(camelCased);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => {
      const name = key.replaceAll(/_([a-z0-9])/g, (_found, letter: string) => letter.toUpperCase());
      if (OPAQUE.has(name)) return [name, inner];
      return [name, NAMED.has(name) ? withValuesCamelCased(inner) : camelCased(inner)];
    }),
  );
}

function withValuesCamelCased(value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return camelCased(value);
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, camelCased(inner)]));
}
