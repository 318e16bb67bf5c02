/** What functions returned, as sentences with the values in them. */
import type { FunctionResponse, Json } from "../../wire/gemini.ts";
import type { Conversation } from "./conversation.ts";
import { isObject, own } from "./schema-view.ts";

const mostValues = 12;
const longestValue = 300;

/** One sentence for each response, in order. */
export function resultSentences(conversation: Conversation): string[] {
  const nth = new Map<string, number>();
  return conversation.responses.map((response) => {
    const name = response.name ?? "the function";
    const index = nth.get(name) ?? 0;
    nth.set(name, index + 1);
    return sentence(name, subjectOf(conversation, response, index), unwrapped(response));
  });
}

function sentence(name: string, subject: string, result: Json | undefined): string {
  const error = isObject(result) ? own(result, "error") : undefined;
  if (error !== undefined && error !== null && error !== false) {
    return `${name}${subject} reported an error: ${inWords(error, 0)}.`;
  }
  if (result === undefined || result === null || result === "") return `${name}${subject} returned nothing.`;
  return `According to ${name}${subject}: ${inWords(result, 0)}${isObject(result) || !/[.!?]$/.test(inWords(result, 0)) ? "." : ""}`;
}

/** " for Chicago": the call's own arguments, found by id or else by order among calls of that name. */
function subjectOf(conversation: Conversation, response: FunctionResponse, index: number): string {
  const calls = conversation.turns.flatMap((turn) => turn.calls);
  const call =
    (response.id !== undefined && response.id !== "" && calls.find((one) => one.id === response.id)) ||
    conversation.calls.filter((one) => one.name === response.name)[index] ||
    calls.findLast((one) => one.name === response.name);
  const values = Object.values((call || {}).args ?? {}).filter(
    (value) => typeof value === "string" && value.length <= 60,
  );
  return values.length > 0 ? ` for ${values.slice(0, 2).join(", ")}` : "";
}

/** Results often come wrapped once (`result`, `output`, `content`) or as JSON in a string. */
function unwrapped(response: FunctionResponse): Json | undefined {
  let value: Json | undefined = response.response;
  for (let depth = 0; depth < 3; depth++) {
    if (typeof value === "string" && /^\s*[[{]/.test(value)) {
      value = parsed(value);
      if (typeof value === "string") break;
    }
    if (!isObject(value) || Object.keys(value).length !== 1) break;
    const inner: Json | undefined = ["result", "output", "content"]
      .map((key) => (isObject(value) ? own(value, key) : undefined))
      .find((candidate) => candidate !== undefined);
    if (inner === undefined) break;
    value = inner;
  }
  return value;
}

function parsed(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return text;
  }
}

function inWords(value: Json, depth: number): string {
  if (typeof value === "string") return value.slice(0, longestValue);
  if (typeof value !== "object" || value === null) return String(value);
  if (depth > 4) return "...";
  if (Array.isArray(value)) {
    return value
      .slice(0, mostValues)
      .map((item) => inWords(item, depth + 1))
      .join(depth === 0 ? "; " : ", ");
  }
  return Object.entries(value)
    .slice(0, mostValues)
    .map(([key, inner]) => `${spaced(key)} ${inWords(inner, depth + 1)}`)
    .join(", ");
}

/** `high_tide` and `highTide` as "high tide". */
function spaced(key: string): string {
  return key
    .replaceAll(/([\p{Ll}\d])(\p{Lu})/gu, "$1 $2")
    .replaceAll("_", " ")
    .toLowerCase();
}
