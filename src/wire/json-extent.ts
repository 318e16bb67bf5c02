/**
 * How deep and how large the values of a JSON text are, found on its bytes: a parser would first have to build them,
 * and 50 MB of brackets are seconds of work and gigabytes of memory.
 */

export interface JsonLimits {
  /** Arrays and objects inside each other. */
  maxDepth: number;
  /** Values in all, about: empty containers in a list count twice. */
  maxValues: number;
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const OPEN_ARRAY = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/** A string of a text, without its quotes. */
export interface StringRange {
  start: number;
  /** Of the closing quote. */
  end: number;
}

/** Shorter strings cost little wherever they go. */
export const LONG_STRING_BYTES = 8 * 1024;

export interface JsonExtent {
  /** The limit that the text exceeds, if any: then the rest of it was not looked at. */
  exceeded: keyof JsonLimits | undefined;
  /** As for `maxValues`. */
  values: number;
}

/**
 * How much a text holds, up to the limits. Whether it is JSON at all is the parser's to say: up to the place where it stops
 * to be JSON, both read the same.
 *
 * @param longStrings gets each string of more than `LONG_STRING_BYTES` bytes, in order
 */
export function jsonExtent(
  text: Buffer,
  { maxDepth, maxValues }: JsonLimits,
  longStrings?: StringRange[],
): JsonExtent {
  let depth = 0;
  let values = 1;
  for (let at = 0; at < text.length; at += 1) {
    switch (text[at]) {
      case QUOTE: {
        const start = at + 1;
        at = closingQuote(text, start);
        if (at - start > LONG_STRING_BYTES) longStrings?.push({ start, end: at });
        break;
      }
      case OPEN_ARRAY:
      case OPEN_OBJECT:
        depth += 1;
        values += 1;
        if (depth > maxDepth) return { exceeded: "maxDepth", values };
        break;
      case CLOSE_ARRAY:
      case CLOSE_OBJECT:
        depth -= 1;
        break;
      case COMMA:
        values += 1;
        break;
      default:
        continue;
    }
    if (values > maxValues) return { exceeded: "maxValues", values };
  }
  return { exceeded: undefined, values };
}

/** A string, or what is left of it after an escape, is read byte by byte so far, and searched from there on. */
const SHORT = 256;

/** Where the closing quote of the string is whose first character is at `from`; the text's length if there is none. */
export function closingQuote(text: Buffer, from: number): number {
  const { length } = text;
  let at = from;
  let quote = -1;
  while (at < length) {
    for (const near = Math.min(at + SHORT, length); at < near; at += 1) {
      if (text[at] === QUOTE) return at;
      if (text[at] === BACKSLASH) at += 1;
    }
    if (quote < at) quote = at < length ? text.indexOf(QUOTE, at) : -1;
    if (quote === -1) return length;
    const backslash = text.subarray(at, quote).indexOf(BACKSLASH);
    if (backslash === -1) return quote;
    at += backslash;
  }
  return length;
}
