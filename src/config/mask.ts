/** A configuration as it may be shown. */
import type { ConfigPath } from "./config-path.ts";
import { propertyOf, roleOf, schemaAt } from "./schema-walk.ts";

/** Says nothing of a secret's length or letters. */
export const MASK = "***";

/** A copy, as plain JSON values, in which every secret is `***`. Works on a part of a configuration by its path. */
export function masked(config: unknown, at: ConfigPath = []): unknown {
  const visit = (value: unknown, path: ConfigPath): unknown => {
    if (Array.isArray(value)) return value.map((item, index) => visit(item, [...path, index]));
    if (typeof value === "object" && value !== null) {
      return Object.fromEntries(
        Object.keys(value).map((key) => [key, visit(propertyOf(value, key), [...path, key])]),
      );
    }
    return isSecret(config, path) ? MASK : value;
  };
  return visit(
    at.reduce<unknown>((value, key) => propertyOf(value, key), config),
    at,
  );
}

/** `config` is the whole configuration that `path` leads into. */
export function isSecret(config: unknown, path: ConfigPath): boolean {
  return roleOf(schemaAt(config, path)).secret === true;
}
