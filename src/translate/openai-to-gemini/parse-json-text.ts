/** JSON that arrives as text inside a message: tool arguments and tool results. */
import type { Json } from "../../wire/gemini.ts";
import { jsonExtent } from "../../wire/json-extent.ts";

export interface ParsedText {
  value: Json;
  /** A number was rounded: it has more digits, or a larger exponent, than a double holds. */
  rounded: boolean;
}

/** Protocol buffer JSON parsers stop at 100 levels; the rest of the request needs some of those. */
export const MAX_JSON_DEPTH = 64;

/** A longer text of brackets alone holds much, so it is always counted. */
const SHORT = 4096;

/** What all the texts of one request may hold together. As a text of brackets alone shows, bytes say little. */
export interface JsonTextAllowance {
  /** Characters of short texts that are parsed without being counted first: most requests have no more. */
  uncounted: number;
  /** Values in texts that are counted. */
  values: number;
}

/** Values as in a whole request. */
export const JSON_TEXT_ALLOWANCE: Readonly<JsonTextAllowance> = { uncounted: 512 * 1024, values: 250_000 };

/** Digits or exponents that a double might not hold; anything shorter surely fits. */
const LONG_NUMBER = /\d{16}|\d[eE]\+?\d{3}/;

/**
 * Undefined when the text is not JSON, is nested deeper than `MAX_JSON_DEPTH`, or holds more than is left of the
 * allowance, from which it is taken.
 */
export function parseJsonText(text: string, allowance: JsonTextAllowance): ParsedText | undefined {
  if (text.length <= SHORT && text.length <= allowance.uncounted) allowance.uncounted -= text.length;
  else {
    const limits = { maxDepth: MAX_JSON_DEPTH, maxValues: allowance.values };
    const { exceeded, values } = jsonExtent(Buffer.from(text), limits);
    if (exceeded !== undefined) return undefined;
    allowance.values -= values;
  }
  let value: Json;
  try {
    value = JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
  // Two characters open and close a level, so a shorter text cannot be too deep.
  if (text.length > 2 * MAX_JSON_DEPTH && isDeeperThan(value, MAX_JSON_DEPTH)) return undefined;
  return { value, rounded: LONG_NUMBER.test(text) && losesDigits(text) };
}

function isDeeperThan(value: Json, levels: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  if (levels === 0) return true;
  for (const child of Array.isArray(value) ? value : Object.values(value)) {
    if (isDeeperThan(child, levels - 1)) return true;
  }
  return false;
}

function losesDigits(text: string): boolean {
  let lost = false;
  JSON.parse(text, (_key, value: unknown) => {
    if (
      typeof value === "number" &&
      (!Number.isFinite(value) || (Number.isInteger(value) && !Number.isSafeInteger(value)))
    ) {
      lost = true;
    }
    return null;
  });
  return lost;
}
