/** A parsed JSON schema whose keywords have not been checked. */
export type Schema = { [keyword: string]: unknown };

/** One schema for what both allow, as `allOf` wants it: names are gathered, of two bounds the tighter one holds. */
export function mergeSchemas(left: Schema, right: Schema): Schema {
  const merged: Schema = { ...left };
  for (const [keyword, value] of Object.entries(right)) {
    const present = Object.hasOwn(left, keyword) ? left[keyword] : undefined;
    define(merged, keyword, present === undefined ? value : combine(keyword, present, value));
  }
  return merged;
}

function combine(keyword: string, left: unknown, right: unknown): unknown {
  switch (keyword) {
    case "properties":
    case "$defs":
      return isObject(left) && isObject(right) ? mergeProperties(left, right) : right;
    case "required":
      return Array.isArray(left) && Array.isArray(right) ? [...new Set([...left, ...right])] : right;
    case "enum":
      return Array.isArray(left) && Array.isArray(right)
        ? left.filter((value) => right.includes(value))
        : right;
    case "minimum":
    case "exclusiveMinimum":
    case "minLength":
    case "minItems":
      return Math.max(Number(left), Number(right));
    case "maximum":
    case "exclusiveMaximum":
    case "maxLength":
    case "maxItems":
      return Math.min(Number(left), Number(right));
    case "additionalProperties":
      return left === false ? left : right;
    default:
      return right;
  }
}

function mergeProperties(left: Schema, right: Schema): Schema {
  const merged: Schema = { ...left };
  for (const [name, schema] of Object.entries(right)) {
    const present = Object.hasOwn(left, name) ? left[name] : undefined;
    define(merged, name, isObject(present) && isObject(schema) ? mergeSchemas(present, schema) : schema);
  }
  return merged;
}

/** Plain assignment would lose a property called `__proto__`. */
function define(target: Schema, key: string, value: unknown): void {
  Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true });
}

function isObject(value: unknown): value is Schema {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
