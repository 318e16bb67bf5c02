/** A context for translating one piece of a request, its notes traced. */
import { factsFor } from "../../src/models/catalogue.ts";
import { Notes, type Note } from "../../src/translate/notes.ts";
import { JSON_TEXT_ALLOWANCE } from "../../src/translate/openai-to-gemini/parse-json-text.ts";
import { MAX_SCHEMA_PARTS, type RequestContext, type Surface } from "../../src/translate/target.ts";

export function contextFor(model = "gemini-3.5-flash", surface: Surface = "vertex"): RequestContext {
  return {
    target: { surface, model, facts: factsFor(model) },
    notes: new Notes({ trace: true }),
    recall: () => undefined,
    repair: {},
    resolveMedia: () => undefined,
    schemaParts: { left: MAX_SCHEMA_PARTS },
    jsonTexts: { ...JSON_TEXT_ALLOWANCE },
  };
}

/** Notes as `action field`, which is what most tables compare. */
export function noted({ notes }: RequestContext): string[] {
  return notes.list.map(({ action, field }: Note) => `${action} ${field}`);
}

/** Fields recorded as carried over exactly. */
export function usedFields({ notes }: RequestContext): string[] {
  return (notes.uses ?? []).map(({ field }) => field);
}
