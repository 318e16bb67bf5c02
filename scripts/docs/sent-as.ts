/** What a field adds to the Gemini call, as text: the difference between the calls with and without it. */
import type { GeminiCall } from "../../src/translate/target.ts";
import { code, inlineJson } from "./markdown.ts";

const LONGEST = 160;

export function sentAs(call: GeminiCall, without: GeminiCall): string {
  const lines: string[] = [];
  compare("", call.body, without.body, lines);
  for (const [name, value] of Object.entries(call.headers)) {
    if (without.headers[name] !== value) lines.push(code(`${name}: ${value}`));
  }
  if (call.stream !== without.stream) lines.push(code(":streamGenerateContent?alt=sse"));
  if (call.fanOut !== without.fanOut) lines.push(`${call.fanOut} calls`);
  if (call.answer.includeUsage !== without.answer.includeUsage) lines.push("a last chunk with `usage`");
  if (call.answer.legacyFunctions !== without.answer.legacyFunctions) lines.push("`function_call` in the answer");
  if (call.answer.thoughtTagMarker !== without.answer.thoughtTagMarker) {
    lines.push("thoughts between tags in `content`");
  }
  return lines.join("<br>");
}

function compare(path: string, value: unknown, other: unknown, lines: string[]): void {
  if (inlineJson(value ?? null) === inlineJson(other ?? null)) return;
  const bothObjects = isObject(value) && (isObject(other) || other === undefined);
  // Contents and tools read better whole than leaf by leaf.
  if (bothObjects && (path === "" || path === "generationConfig" || path === "toolConfig")) {
    for (const key of Object.keys(value)) {
      compare(path === "" ? key : `${path}.${key}`, value[key], other?.[key], lines);
    }
    return;
  }
  const text = inlineJson(value);
  lines.push(code(`${path}: ${text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text}`));
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
