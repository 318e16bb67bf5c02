/**
 * Stream events that differ from an earlier one in nothing but their text and their token counts: almost all of them.
 * Recognising one costs a tenth of parsing it. What is recognised is exactly what parsing would have given, as the
 * form is taken from an event that was parsed; an event of any other form is parsed.
 */
import type { GenerateContentResponse } from "../../wire/gemini.ts";

/** Text of a JSON string up to a quote, an escape or what may not stand there (RFC 8259, section 7). */
// oxlint-disable-next-line no-control-regex -- the characters that JSON does not allow
const UNESCAPED = /[^"\\\u0000-\u001f]*/y;
// oxlint-disable-next-line no-control-regex -- the same
const ESCAPED = /(?:[^"\\\u0000-\u001f]|\\["\\/bfnrt]|\\u[0-9a-fA-F]{4})*/y;

/** Where an event says its text. As a quote inside a string is escaped, what is found is a member's name. */
const TEXT_MEMBER = /"text"\s*:\s*"/;
const USAGE = '"usageMetadata"';
const QUOTE = 34;
const BACKSLASH = 92;

/** A stream whose events keep changing their form is left to the parser. */
const MAX_FORMS = 8;

/** Stands for the text where a form is checked. */
const SAMPLE = "pollux";

export class PlainTextEvents {
  /** What the event that was matched last says, as a JSON string with its quotes. */
  literal = "";
  /** The same, decoded. */
  text = "";
  /** Events of this form say how many tokens were used. */
  hasUsage = false;
  /** The event up to its text, the quote included; `undefined` before a form is known. */
  #before: string | undefined;
  /** What follows the text of the event that the form was taken from. */
  #after = "";
  /** `#after` up to the first number that changes, the numbers and what is between them, and the rest. */
  #start = "";
  #numbers = "";
  #end = "";
  #forms = 0;

  /**
   * True when `data` has the known form; `literal` and `text` then say its text. Slices are compared, as V8 does
   * that several times as fast as `startsWith` and `endsWith`.
   */
  match(data: string): boolean {
    const before = this.#before;
    if (before === undefined || data.slice(0, before.length) !== before) return false;
    UNESCAPED.lastIndex = before.length;
    UNESCAPED.test(data);
    let textEnd = UNESCAPED.lastIndex;
    const escaped = data.charCodeAt(textEnd) === BACKSLASH;
    if (escaped) textEnd = endOfEscaped(data, textEnd);
    if (data.charCodeAt(textEnd) !== QUOTE || textEnd === before.length) return false;
    const from = textEnd + this.#start.length;
    const to = data.length - this.#end.length;
    if (to < from || data.slice(textEnd, from) !== this.#start || data.slice(to) !== this.#end) return false;
    if (!sameButNumbers(this.#numbers, data, from, to)) return false;
    const given = data.slice(before.length, textEnd);
    if (escaped) {
      this.text = JSON.parse(`"${given}"`) as string;
      this.literal = JSON.stringify(this.text);
    } else {
      this.text = given;
      this.literal = `"${given}"`;
    }
    return true;
  }

  /** Takes the form of an event that was parsed and holds nothing but one text: see `hasOnlyText`. */
  learn(data: string, event: GenerateContentResponse): void {
    if (this.#forms === MAX_FORMS) return;
    const member = TEXT_MEMBER.exec(data);
    if (member === null || event.promptFeedback !== undefined || !hasPlainContent(event)) return;
    const textStart = member.index + member[0].length;
    const textEnd = endOfEscaped(data, textStart);
    const before = data.slice(0, textStart);
    const after = data.slice(textEnd);
    if (!isForm(before, after)) return;
    this.#forms += 1;
    const { from, to } = (before === this.#before ? this.#varyingIn(after) : undefined) ?? {
      from: after.length,
      to: after.length,
    };
    this.#before = flat(before);
    this.#after = flat(after);
    this.#start = flat(after.slice(0, from));
    this.#numbers = flat(after.slice(from, to));
    this.#end = flat(after.slice(to));
    this.hasUsage = after.includes(USAGE);
  }

  /** The part of `after` whose numbers are other ones than before; undefined when other things differ, or nothing. */
  #varyingIn(after: string): { from: number; to: number } | undefined {
    const known = this.#after;
    const usageAt = after.indexOf(USAGE);
    if (usageAt === -1) return undefined;
    let from = 0;
    while (from < after.length && after[from] === known[from]) from += 1;
    if (from === after.length && from === known.length) return undefined;
    let common = 0;
    const most = Math.min(after.length, known.length) - from;
    while (common < most && after.at(-1 - common) === known.at(-1 - common)) common += 1;
    // Whole numbers, and what varied before.
    while (from > 0 && isDigit(after.charCodeAt(from - 1))) from -= 1;
    while (common > 0 && isDigit(after.charCodeAt(after.length - common))) common -= 1;
    if (this.#numbers !== "") {
      from = Math.min(from, this.#start.length);
      common = Math.min(common, this.#end.length);
    }
    const to = after.length - common;
    if (from < usageAt + USAGE.length) return undefined;
    return sameButNumbers(known.slice(from, known.length - common), after, from, to)
      ? { from, to }
      : undefined;
  }
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

/** True when whatever text stands between these two is the text of the event's one part. */
function isForm(before: string, after: string): boolean {
  try {
    const event = JSON.parse(before + SAMPLE + after) as GenerateContentResponse;
    return hasPlainContent(event) && event.candidates?.[0]?.content?.parts?.[0]?.text === SAMPLE;
  } catch {
    return false;
  }
}

function endOfEscaped(data: string, start: number): number {
  ESCAPED.lastIndex = start;
  ESCAPED.test(data);
  return ESCAPED.lastIndex;
}

/** True when `data` from `from` to `to` is `known` with other whole numbers in it. */
function sameButNumbers(known: string, data: string, from: number, to: number): boolean {
  let at = from;
  let knownAt = 0;
  while (knownAt < known.length) {
    const code = known.charCodeAt(knownAt);
    if (!isDigit(code)) {
      if (at >= to || data.charCodeAt(at) !== code) return false;
      at += 1;
      knownAt += 1;
      continue;
    }
    while (isDigit(known.charCodeAt(knownAt))) knownAt += 1;
    const first = at;
    while (at < to && isDigit(data.charCodeAt(at))) at += 1;
    // JSON has no leading zeros; 15 digits are exact.
    if (at === first || at - first > 15 || (at - first > 1 && data.charCodeAt(first) === 48)) return false;
  }
  return at === to;
}

/** A string of its own: a slice keeps the whole event in memory, and V8 compares it more slowly. */
function flat(slice: string): string {
  return Buffer.from(slice).toString();
}

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}
