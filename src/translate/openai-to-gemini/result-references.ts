/** `$ref` in a tool result, which Gemini 3 takes for the name of a medium of that result. */
import type { FunctionResponsePart, Json } from "../../wire/gemini.ts";

/**
 * Whether a result has a `$ref` that names none of its media. Gemini 3 answers those with 400; they are common where a
 * tool returns a JSON Schema or an OpenAPI document. Source: github.com/vercel/ai/issues/14369.
 * @param value no deeper than `MAX_JSON_DEPTH`
 */
export function hasStrayReference(value: Json, media: readonly FunctionResponsePart[]): boolean {
  if (typeof value !== "object" || value === null) return false;
  if (Array.isArray(value)) return value.some((member) => hasStrayReference(member, media));
  return Object.entries(value).some(([key, inner]) =>
    key === "$ref" ? !isNameOf(inner, media) : hasStrayReference(inner, media),
  );
}

function isNameOf(name: Json, media: readonly FunctionResponsePart[]): boolean {
  return (
    typeof name === "string" &&
    media.some(({ inlineData, fileData }) => (inlineData ?? fileData)?.displayName === name)
  );
}
