/** What is between the quotes of a JSON string (RFC 8259, section 7), as bytes, the way `JSON.stringify` would write it. */
import { viewOf } from "./byte-pattern.ts";
import { hexByte } from "./hex-digits.ts";
import type { OutgoingText } from "./outgoing-text.ts";

const SPACE = 32;
const QUOTE = 34;
const ZERO = 48;
const BACKSLASH = 92;
const U = 117;
const DELETE = 127;

/** Letters behind a backslash that `JSON.stringify` writes as well: `"`, `\`, `b`, `f`, `n`, `r`, `t`. */
const SAME = new Set(Array.from('"\\bfnrt', (letter) => letter.charCodeAt(0)));

// oxlint-disable-next-line no-control-regex -- the characters that JSON does not allow
const CONTENT = /^(?:[^"\\\u0000-\u001f]|\\["\\/bfnrt]|\\u[0-9a-fA-F]{4})*$/;

export class JsonTextReader {
  /** Behind the last byte that was read. */
  readTo = 0;
  /** Behind the last byte that was written. */
  writtenTo = 0;
  /** Characters that this is. */
  length = 0;
  /** What `decode` found: the text, and how it is written between quotes. */
  text = "";
  literal = "";

  /**
   * Copies up to the closing quote, or to what would not be written as plain bytes of ASCII or is not JSON, but not
   * beyond `limit`. Never writes more than it reads.
   */
  copyAscii(bytes: Buffer, from: number, limit: number, out: OutgoingText, outFrom: number): void {
    const view = viewOf(bytes);
    const base = bytes.byteOffset;
    const { view: outView, bytes: written } = out;
    let at = from;
    let to = outFrom;
    let extra = 0;
    while (at < limit) {
      while (at + 4 <= limit) {
        const four = view.getInt32(base + at, true);
        if (!isPlain(four)) break;
        outView.setInt32(to, four, true);
        at += 4;
        to += 4;
      }
      if (at === limit) break;
      const byte = bytes[at] ?? 0;
      if (byte === BACKSLASH) {
        const length = at + 6 <= limit ? escapeLength(bytes, at) : 0;
        if (length === 0) break;
        if (length === 2) {
          written[to] = BACKSLASH;
          written[to + 1] = bytes[at + 1] ?? 0;
          to += 2;
        } else {
          written[to] = hexByte(bytes, at + 4);
          to += 1;
        }
        at += length;
        extra += length - 1;
      } else if (byte < SPACE || byte > DELETE || byte === QUOTE) {
        break;
      } else {
        written[to] = byte;
        at += 1;
        to += 1;
      }
    }
    this.readTo = at;
    this.writtenTo = to;
    this.length = at - from - extra;
  }

  /** Reads up to the closing quote. False when there is none, or when this is not JSON. */
  decode(bytes: Buffer, from: number): boolean {
    const end = bytes.length;
    let at = from;
    let isEscaped = false;
    for (; at < end && bytes[at] !== QUOTE; at += 1) {
      if (bytes[at] !== BACKSLASH) continue;
      isEscaped = true;
      at += 1;
    }
    if (at >= end) return false;
    const given = bytes.toString("utf8", from, at);
    if (!CONTENT.test(given)) return false;
    this.readTo = at;
    this.text = isEscaped ? (JSON.parse(`"${given}"`) as string) : given;
    this.literal = isEscaped ? JSON.stringify(this.text).slice(1, -1) : given;
    this.length = this.text.length;
    return true;
  }
}

/**
 * Whether none of four bytes is a quote, a backslash, below 32 or above 127. A byte that is 0 is one whose upper bit
 * is set when 1 is taken from it and was not before; that it may also be set above such a byte changes nothing.
 */
function isPlain(four: number): boolean {
  const quotes = four ^ 0x22222222;
  const backslashes = four ^ 0x5c5c5c5c;
  const special =
    four |
    ((four - 0x20202020) & ~four) |
    ((quotes - 0x01010101) & ~quotes) |
    ((backslashes - 0x01010101) & ~backslashes);
  return (special & 0x80808080) === 0;
}

/** Of an escape that can be copied as ASCII: of a letter, or of a printable character such as `\u003c`, as Google has it. 0: none. */
function escapeLength(bytes: Buffer, at: number): 0 | 2 | 6 {
  const letter = bytes[at + 1] ?? 0;
  if (SAME.has(letter)) return 2;
  if (letter !== U || bytes[at + 2] !== ZERO || bytes[at + 3] !== ZERO) return 0;
  const byte = hexByte(bytes, at + 4);
  return byte < SPACE || byte > DELETE || byte === QUOTE || byte === BACKSLASH ? 0 : 6;
}
