/** Answers in JSON (or one of an enum's values), by schema where there is one, by the prompt where there is none. */
import type { GenerationConfig, Json, JsonObject } from "../../wire/gemini.ts";
import type { Conversation } from "./conversation.ts";
import { PromptSource } from "./prompt-source.ts";
import { valueForSchema } from "./schema-value.ts";
import { isObject, viewSchema } from "./schema-view.ts";

const mostKeys = 40;
const numericNames =
  /^(?:age|count|year|price|quantity|amount|number|total|score|rating|size|width|height)$/i;

/** The answer's text; undefined when the request wants plain text. `reply` is what would have been said in prose. */
export function jsonAnswer(
  config: GenerationConfig | undefined,
  conversation: Conversation,
  reply: () => string,
): string | undefined {
  const mimeType = config?.responseMimeType?.toLowerCase();
  const schema = config?.responseJsonSchema ?? config?.responseSchema;
  const results = conversation.responses.flatMap((response) =>
    isObject(response.response) ? [response.response] : [],
  );
  if (mimeType === "text/x.enum") return enumAnswer(schema, conversation);
  if (mimeType !== "application/json" && schema === undefined) return undefined;
  if (mimeType === "text/plain") return undefined;
  const source = new PromptSource(sourceText(conversation), results);
  const value =
    schema === undefined
      ? unguided(conversation, source, reply)
      : valueForSchema(schema, source, "everything");
  return JSON.stringify(value, null, 2);
}

function enumAnswer(schema: Json | undefined, conversation: Conversation): string | undefined {
  const options = viewSchema(schema, schema).options ?? [];
  const source = new PromptSource(sourceText(conversation));
  return options.length === 0 ? undefined : String(source.option(options) ?? options[0]);
}

/** The last request, or when it says nothing of its own ("now as JSON") the one before it. */
function sourceText({ ask, turns, askIndex, system }: Conversation): string {
  if (ask.length > 60 || askIndex <= 0) return ask === "" ? system.slice(0, 2000) : ask;
  const earlier = turns.slice(0, askIndex).findLast((turn) => turn.role === "user" && turn.text !== "");
  return /\b(?:that|it|this|json|same)\b/i.test(ask) && earlier
    ? `${earlier.text.slice(0, 4000)}\n${ask}`
    : ask;
}

/** JSON without a schema: the keys the prompt or the system instruction names or shows, else question and answer. */
function unguided({ ask, system }: Conversation, source: PromptSource, reply: () => string): Json {
  const orders = `${ask}\n${system.slice(0, 4000)}`;
  const sample = sampleIn(orders);
  const shown = sample?.value;
  const names = shown === undefined ? keysNamed(orders) : Object.keys(shown);
  if (names.length > 0) {
    const required = names.slice(0, mostKeys);
    const properties = Object.fromEntries(required.map((name) => [name, schemaLike(shown, name)]));
    const described = sample === undefined ? source : new PromptSource(ask.replace(sample.written, ""));
    return valueForSchema({ type: "object", properties, required }, described, "everything");
  }
  if (/\b(?:json )?(?:array|list) of\b/i.test(orders)) {
    return valueForSchema({ type: "array", items: { type: "string" }, minItems: 1 }, source, "everything");
  }
  return { request: ask.slice(0, 500), answer: reply() };
}

/** The first object literal in a prompt, when it is real JSON. */
function sampleIn(text: string): { value: JsonObject; written: string } | undefined {
  const start = text.indexOf("{");
  const ends = start < 0 ? [] : [...text.slice(start, start + 4000).matchAll(/\}/g)].slice(-20).toReversed();
  for (const end of ends) {
    try {
      const written = text.slice(start, start + end.index + 1);
      const value = JSON.parse(written) as Json;
      if (isObject(value) && Object.keys(value).length > 0) return { value, written };
    } catch {
      // Not this brace.
    }
  }
  return undefined;
}

function keysNamed(text: string): string[] {
  const list =
    /\b(?:keys?|fields?|properties)\b(?: named| called| of)?:?\s+((?:["'`]?[\w-]{1,40}["'`]?(?:\s*\([^)\n]{0,80}\))?(?:,? and |, |,)?){1,20})/i.exec(
      text,
    )?.[1] ??
    /\bjson (?:object )?with (?:an? )?((?:["'`]?[\w-]{1,40}["'`]?(?:,? and |, |,)?){1,20})/i.exec(text)?.[1];
  return [...new Set((list ?? "").replaceAll(/\([^)]*\)/g, "").split(/,? and |,\s*|\s+/))]
    .map((name) => name.replaceAll(/["'`]/g, "").trim())
    .filter((name) => name !== "" && !["and", "the", "with", "for", "in"].includes(name))
    .slice(0, mostKeys);
}

function schemaLike(sample: JsonObject | undefined, name: string): Json {
  const value = sample !== undefined && Object.hasOwn(sample, name) ? sample[name] : undefined;
  if (typeof value === "number") return { type: "number" };
  if (typeof value === "boolean") return { type: "boolean" };
  if (Array.isArray(value)) return { type: "array", items: { type: "string" }, minItems: 1 };
  if (isObject(value)) {
    return {
      type: "object",
      properties: Object.fromEntries(Object.keys(value).map((key) => [key, schemaLike(value, key)])),
    };
  }
  return numericNames.test(name) ? { type: "number" } : { type: "string" };
}
