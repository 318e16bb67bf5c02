/**
 * A call's body with the names that Google's documentation uses. Google takes each field by two names, `systemInstruction`
 * and `system_instruction` alike, so a case must not care which of them a gateway writes.
 * Source: https://protobuf.dev/programming-guides/json/#field-representation.
 */

/** Free-form JSON of the caller's: what is in there are no fields. */
const FREE: ReadonlySet<string> = new Set([
  "args",
  "response",
  "parametersJsonSchema",
  "responseJsonSchema",
  "labels",
  "default",
  "example",
]);
/** From names of the caller's to schemas. */
const NAMED: ReadonlySet<string> = new Set(["properties", "defs"]);

/** The body of a call to `generateContent` with the names of its fields in lower camel case. */
export function camelCased(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(camelCased);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([written, inner]: [string, unknown]) => {
      const name = written.replaceAll(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
      if (FREE.has(name)) return [name, inner];
      return [name, NAMED.has(name) ? withValues(inner) : camelCased(inner)];
    }),
  );
}

function withValues(value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return camelCased(value);
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]: [string, unknown]) => [name, camelCased(inner)]),
  );
}
