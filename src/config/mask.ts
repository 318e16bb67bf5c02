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

/** Every secret of a configuration, for keeping them out of words of others. */
export function secretsOf(config: unknown): string[] {
  const found = new Set<string>();
  const visit = (value: unknown, path: ConfigPath): void => {
    if (typeof value === "string") {
      if (isSecret(config, path)) found.add(value);
    } else if (typeof value === "object" && value !== null) {
      for (const key of Object.keys(value)) {
        const at = Array.isArray(value) ? Number(key) : key;
        visit(propertyOf(value, at), [...path, at]);
      }
    }
  };
  visit(config, []);
  return [...found];
}
