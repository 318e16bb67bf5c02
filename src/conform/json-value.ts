/** Comparing JSON values. */

/** The same JSON value, whatever the order of keys. */
export function sameJson(one: unknown, other: unknown): boolean {
  if (one === other) return true;
  if (typeof one !== "object" || typeof other !== "object" || one === null || other === null) return false;
  if (Array.isArray(one) || Array.isArray(other)) {
    return (
      Array.isArray(one) &&
      Array.isArray(other) &&
      one.length === other.length &&
      one.every((member, index) => sameJson(member, other[index]))
    );
  }
  const keys = Object.keys(one);
  return (
    keys.length === Object.keys(other).length &&
    keys.every((key) => Object.hasOwn(other, key) && sameJson(field(one, key), field(other, key)))
  );
}

/** An object with these keys and values at least, a list with these members, a text with this text, else this value. */
export function containsJson(whole: unknown, part: unknown): boolean {
  if (typeof part === "string" && typeof whole === "string") return whole.includes(part);
  return holds(whole, part);
}

/** Within lists and objects a text is compared as a whole. */
function holds(whole: unknown, part: unknown): boolean {
  if (typeof part !== "object" || part === null) {
    return Array.isArray(whole) ? whole.some((member) => sameJson(member, part)) : sameJson(whole, part);
  }
  if (typeof whole !== "object" || whole === null) return false;
  if (Array.isArray(part)) {
    return (
      Array.isArray(whole) && part.every((wanted) => whole.some((member) => memberHolds(member, wanted)))
    );
  }
  if (Array.isArray(whole)) return whole.some((member) => memberHolds(member, part));
  return Object.keys(part).every(
    (key) => Object.hasOwn(whole, key) && memberHolds(field(whole, key), field(part, key)),
  );
}

function memberHolds(member: unknown, wanted: unknown): boolean {
  if (typeof wanted !== "object" || wanted === null) return sameJson(member, wanted);
  return Array.isArray(wanted) === Array.isArray(member) && holds(member, wanted);
}

export type JsonType = "string" | "number" | "integer" | "boolean" | "object" | "array" | "null";

export function isOfType(value: unknown, type: JsonType): boolean {
  switch (type) {
    case "null":
      return value === null;
    case "array":
      return Array.isArray(value);
    case "object":
      return typeof value === "object" && value !== null && !Array.isArray(value);
    case "integer":
      return Number.isInteger(value);
    case "string":
    case "number":
    case "boolean":
      return typeof value === type;
    default:
      return type satisfies never;
  }
}

/** Undefined where the text is no JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function field(value: object, key: string): unknown {
  return (value as Record<string, unknown>)[key];
}
