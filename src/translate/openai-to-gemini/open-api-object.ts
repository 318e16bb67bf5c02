import type { Json } from "../../wire/gemini.ts";
import { isObject } from "../read-field.ts";

/**
 * Whether a converted schema is an object without properties, which the OpenAPI-like fields refuse: "should be
 * non-empty for OBJECT type" (https://github.com/vercel/ai/issues/3371).
 */
export function isEmptyObject(schema: Json): boolean {
  return (
    isObject(schema) &&
    schema["type"] === "OBJECT" &&
    !isObject(schema["additionalProperties"]) &&
    Object.keys(isObject(schema["properties"]) ? schema["properties"] : {}).length === 0
  );
}
