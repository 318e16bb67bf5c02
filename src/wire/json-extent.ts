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

/**
 * Which limit a text exceeds, if any. Whether it is JSON at all is the parser's to say: up to the place where it stops
 * to be JSON, both read the same.
 */
export function exceededLimit(
  text: Buffer,
  { maxDepth, maxValues }: JsonLimits,
): keyof JsonLimits | undefined {
  let depth = 0;
  let values = 1;
  for (let at = 0; at < text.length; at += 1) {
    switch (text[at]) {
      case QUOTE:
        at = closingQuote(text, at + 1);
        break;
      case OPEN_ARRAY:
      case OPEN_OBJECT:
        depth += 1;
        values += 1;
        if (depth > maxDepth) return "maxDepth";
        break;
      case CLOSE_ARRAY:
      case CLOSE_OBJECT:
        depth -= 1;
        break;
      case COMMA:
        values += 1;
        break;
      default:
    }
    if (values > maxValues) return "maxValues";
  }
  return undefined;
}

/** Strings longer than this are searched instead of read byte by byte: most of a large body is base64. */
const SHORT = 64;

/** Where the closing quote of the string is whose first character is at `from`; the text's length if there is none. */
export function closingQuote(text: Buffer, from: number): number {
  let at = from;
  for (const near = Math.min(from + SHORT, text.length); at < near; at += 1) {
    if (text[at] === QUOTE) return at;
    if (text[at] === BACKSLASH) at += 1;
  }
  let quote = -1;
  while (at < text.length) {
    if (quote < at) quote = text.indexOf(QUOTE, at);
    if (quote === -1) return text.length;
    const backslash = text.subarray(at, quote).indexOf(BACKSLASH);
    if (backslash === -1) return quote;
    at += backslash + 2;
  }
  return text.length;
}
