/** What a stream event is but for its text and its token counts, so that another one like it is known when it comes. */
import { BytePattern } from "../../wire/byte-pattern.ts";
import type { GenerateContentResponse } from "../../wire/gemini.ts";

export interface PlainTextForm {
  /** The line up to the text, the quote included. */
  before: BytePattern;
  /** What follows the text, from its quote on. Between each of these and the next there is a whole number. */
  after: readonly BytePattern[];
  /** Says how many tokens were used. */
  hasUsage: boolean;
}

/** What stands before the JSON of an event, as all of Google's servers write it. */
export const FIELD = "data: ";

// oxlint-disable-next-line no-control-regex -- the characters that JSON does not allow in a string
const STRING_CONTENT = /(?:[^"\\\u0000-\u001f]|\\["\\/bfnrt]|\\u[0-9a-fA-F]{4})*/y;
const TEXT_NAME = '"text"';
const USAGE_NAME = '"usageMetadata"';
const BEGIN_STRING = /\s*:\s*"/y;
const BEGIN_OBJECT = /\s*:\s*\{/y;

const QUOTE = 34;
const OPENING = 123;
const CLOSING = 125;

/** Counts and their commas; Gemini's longest usage has some twenty. */
const MAX_NUMBERS = 64;

/**
 * The form of an event that was parsed; undefined when it holds anything but one text, which any other could replace.
 *
 * The name `text` is looked for in the event as it came. There is no escape outside of the text, so that no name is
 * spelled in two ways; and the name comes once, so that it is that of the text.
 */
export function plainTextForm(data: string, event: GenerateContentResponse): PlainTextForm | undefined {
  if (event.promptFeedback !== undefined || !hasPlainContent(event)) return undefined;
  const nameAt = data.indexOf(TEXT_NAME);
  const textAt = nameAt === -1 ? -1 : endOf(BEGIN_STRING, data, nameAt + TEXT_NAME.length);
  if (textAt === -1) return undefined;
  const before = data.slice(0, textAt);
  const after = data.slice(endOf(STRING_CONTENT, data, textAt));
  if (before.includes("\\") || after.includes("\\") || after.includes(TEXT_NAME)) return undefined;
  const beforePattern = BytePattern.of(FIELD + before);
  const afterPatterns = patternsOf(after);
  if (beforePattern === undefined || afterPatterns === undefined) return undefined;
  return { before: beforePattern, after: afterPatterns, hasUsage: data.includes(USAGE_NAME) };
}

/** Nothing but candidate 0, with one part that is nothing but text. */
function hasPlainContent(event: GenerateContentResponse): boolean {
  if ("error" in event || event.candidates?.length !== 1) return false;
  const [candidate] = event.candidates;
  if (!hasOnly(candidate, "content", "index") || !hasOnly(candidate?.content, "parts", "role")) return false;
  const parts = candidate?.content?.parts;
  return Array.isArray(parts) && parts.length === 1 && hasOnly(parts[0], "text", "text");
}

function hasOnly(value: unknown, one: string, other: string): boolean {
  if (typeof value !== "object" || value === null) return false;
  for (const key in value) if (key !== one && key !== other) return false;
  return true;
}

/** Where what the expression finds at `from` ends; -1 when it finds nothing. */
function endOf(expression: RegExp, data: string, from: number): number {
  expression.lastIndex = from;
  return expression.test(data) ? expression.lastIndex : -1;
}

/** The text that follows, in pieces: each number of the usage may be another one. Undefined when it cannot be compared. */
function patternsOf(after: string): BytePattern[] | undefined {
  const patterns: BytePattern[] = [];
  let from = 0;
  const cut = (to: number): boolean => {
    const pattern = BytePattern.of(after.slice(from, to));
    if (pattern !== undefined) patterns.push(pattern);
    return pattern !== undefined && patterns.length <= MAX_NUMBERS;
  };
  const nameAt = after.indexOf(USAGE_NAME);
  let at = nameAt === -1 ? -1 : endOf(BEGIN_OBJECT, after, nameAt + USAGE_NAME.length);
  let depth = at === -1 ? 0 : 1;
  let isInString = false;
  for (; depth > 0 && at < after.length; at += 1) {
    const code = after.charCodeAt(at);
    if (code === QUOTE) isInString = !isInString;
    else if (isInString) continue;
    else if (code === OPENING) depth += 1;
    else if (code === CLOSING) depth -= 1;
    else if (isDigit(code)) {
      if (!cut(at)) return undefined;
      while (isDigit(after.charCodeAt(at + 1))) at += 1;
      from = at + 1;
    }
  }
  // A copy: a list that was pushed to has room for more, which would be kept as long as the stream.
  return cut(after.length) ? patterns.slice() : undefined;
}

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}
