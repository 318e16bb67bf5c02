/** What functions returned, looked up by the names of fields. */
import type { Json, JsonObject } from "../../wire/gemini.ts";
import { wordsOf } from "./words.ts";

/** Every scalar that functions returned, by name, to a modest depth; the first of a name counts. */
export function recordsOf(results: readonly JsonObject[]): Map<string, Json> {
  const found = new Map<string, Json>();
  const visit = (value: Json, depth: number): void => {
    if (depth > 6 || found.size > 500 || typeof value !== "object" || value === null) return;
    for (const [key, inner] of Object.entries(value).slice(0, 200)) {
      if (!Array.isArray(value) && !found.has(plainName(key))) found.set(plainName(key), inner);
      visit(inner, depth + 1);
    }
  };
  for (const result of results) visit(result, 0);
  return found;
}

/** A name in any spelling as its words. */
export function plainName(name: string): string {
  return wordsOf(name).join(" ");
}
