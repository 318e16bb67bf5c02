import { invalidRequest } from "../../errors.ts";
import type { Json } from "../../wire/gemini.ts";
import { isObject } from "../read-field.ts";
import { memberPath } from "./member-path.ts";
import { MAX_JSON_DEPTH } from "./parse-json-text.ts";

/**
 * A copy of a native Gemini value, keys as the caller wrote them: for maps whose keys are data, such as schemas.
 *
 * @throws GatewayError `invalid_request` for a value nested too deeply or a number that JSON cannot hold.
 */
export function copyNative(value: unknown, path: string): Json {
  return copy(value, path, (key) => key, 0);
}

/**
 * A copy of a native Gemini value, keys in REST's camelCase: Google's OpenAI layer documents snake_case, its REST
 * reference camelCase, and clients send both.
 *
 * @throws GatewayError as {@link copyNative}.
 */
export function copyNativeMessage(value: unknown, path: string): Json {
  return copy(value, path, toCamelCase, 0);
}

/** `thinking_config` -> `thinkingConfig`; a camelCase key stays as it is. */
export function toCamelCase(key: string): string {
  return key.replace(/(?<=[a-z0-9])_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

/** `thinkingConfig` -> `thinking_config`; a snake_case key stays as it is. */
export function toSnakeCase(key: string): string {
  return key.replace(/(?<=[a-z0-9])([A-Z])/g, (_, letter: string) => `_${letter.toLowerCase()}`);
}

function copy(value: unknown, path: string, rename: (key: string) => string, depth: number): Json {
  if (depth > MAX_JSON_DEPTH) {
    throw invalidRequest(path, `${path}: is nested more than ${MAX_JSON_DEPTH} levels deep.`);
  }
  if (Array.isArray(value)) {
    return value.map((entry, index) => copy(entry, `${path}[${index}]`, rename, depth + 1));
  }
  if (isObject(value)) {
    // fromEntries defines properties, so that a key named __proto__ stays an ordinary one.
    return Object.fromEntries(
      Object.entries(value).map(([key, entry]) => [
        rename(key),
        copy(entry, memberPath(path, key), rename, depth + 1),
      ]),
    );
  }
  if (typeof value === "number" && !Number.isFinite(value)) {
    throw invalidRequest(path, `${path}: must be a finite number.`);
  }
  if (
    value === null ||
    typeof value === "string" ||
    typeof value === "number" ||
    typeof value === "boolean"
  ) {
    return value;
  }
  throw invalidRequest(path, `${path}: must be a JSON value.`);
}
