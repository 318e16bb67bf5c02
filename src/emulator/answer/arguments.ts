/** Arguments for a declared function, drawn from the prompt; more than one set where it asks for several things. */
import type { FunctionDeclaration, Json, JsonObject } from "../../wire/gemini.ts";
import { PromptSource } from "./prompt-source.ts";
import { valueForSchema } from "./schema-value.ts";
import { isObject, viewSchema } from "./schema-view.ts";

const mostCalls = 8;

/** One entry for each call to make; always at least one, each valid against the declared parameters. */
export function argumentsFor(
  declaration: FunctionDeclaration,
  text: string,
  results: readonly JsonObject[] = [],
): JsonObject[] {
  const schema = declaration.parametersJsonSchema ?? declaration.parameters;
  const names = alternatives(schema, text);
  const sources = names.length > 1 ? names : [undefined];
  return sources.slice(0, mostCalls).map((name) => {
    const source = new PromptSource(text, results);
    if (name !== undefined) source.choose(name);
    const value: Json = schema === undefined ? {} : valueForSchema(schema, source, "said");
    return isObject(value) ? value : {};
  });
}

/** "Paris and London" for a function that takes one place is two calls; for one that takes a list it is one. */
function alternatives(schema: Json | undefined, text: string): string[] {
  const view = viewSchema(schema, schema);
  const siblings = [...view.properties.keys()];
  const properties = [...view.properties].map(([name, property]) => ({
    name,
    view: viewSchema(property, schema),
  }));
  if (properties.some((property) => property.view.types[0] === "array")) return [];
  const texts = properties.filter(
    ({ name, view: inner }) =>
      inner.types[0] === "string" && inner.options === undefined && view.required.includes(name),
  );
  const [only] = texts;
  if (only === undefined || texts.length > 1) return [];
  const field = { name: only.name, description: only.view.description, siblings };
  return new PromptSource(text).alternatives(field);
}
