/** One member of a JSON object given another value, every other byte left as it is. */
import { closingQuote } from "./json-extent.ts";

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/**
 * The text with the top-level member `name` set to a string, wherever it stands and however often; put first where it
 * is missing. Writing the parsed object again would lose what JavaScript cannot hold: integers beyond 2^53, `1.0`, keys
 * given twice.
 *
 * @param text a JSON object that has been parsed
 * @returns the pieces of the text in order; what stays is not copied
 */
export function withMember(text: Buffer, name: string, value: string): Buffer[] {
  const written = Buffer.from(JSON.stringify(value));
  const pieces: Buffer[] = [];
  let kept = 0;
  for (const { start, end } of valuesOf(text, name)) {
    pieces.push(text.subarray(kept, start), written);
    kept = end;
  }
  if (pieces.length > 0) return [...pieces, text.subarray(kept)];
  const open = text.indexOf(OPEN_OBJECT) + 1;
  const isEmpty = /^\s*\}/.test(text.toString("latin1", open, open + 64));
  const member = Buffer.from(`${JSON.stringify(name)}:${written.toString()}${isEmpty ? "" : ","}`);
  return [text.subarray(0, open), member, text.subarray(open)];
}

/** Where the values of a top-level member lie, without the white space around them. */
function valuesOf(text: Buffer, name: string): { start: number; end: number }[] {
  const found: { start: number; end: number }[] = [];
  let depth = 0;
  let isKey = false;
  let key = "";
  let start = -1;
  const close = (at: number): void => {
    if (depth === 1 && start >= 0 && key === name) found.push(trimmed(text, start, at));
    if (depth === 1) start = -1;
  };
  for (let at = 0; at < text.length; at += 1) {
    switch (text[at]) {
      case QUOTE: {
        const from = at;
        at = closingQuote(text, at + 1);
        if (depth === 1 && isKey) key = JSON.parse(text.toString("utf8", from, at + 1)) as string;
        break;
      }
      case COLON:
        if (depth === 1 && isKey) {
          isKey = false;
          start = at + 1;
        }
        break;
      case COMMA:
        close(at);
        if (depth === 1) isKey = true;
        break;
      case OPEN_ARRAY:
      case OPEN_OBJECT:
        depth += 1;
        if (depth === 1) isKey = true;
        break;
      case CLOSE_ARRAY:
      case CLOSE_OBJECT:
        close(at);
        depth -= 1;
        break;
      default:
    }
  }
  return found;
}

function trimmed(text: Buffer, from: number, to: number): { start: number; end: number } {
  const isSpace = (at: number): boolean => (text[at] ?? 0) <= 0x20;
  let start = from;
  let end = to;
  while (start < end && isSpace(start)) start += 1;
  while (end > start && isSpace(end - 1)) end -= 1;
  return { start, end };
}
