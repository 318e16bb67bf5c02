/** Long base64 in JSON, left as the bytes it came in: what goes out as it is need not become a string in between. */
import { randomBytes } from "node:crypto";

/** While a value is being written in pieces: what has been left out so far, in order. */
let leftOut: Base64Text[] | undefined;

/**
 * Base64 in the standard alphabet, as `isBase64` takes it, with the head of a data URL before it or without. In JSON,
 * and wherever else text is wanted, it is the string it stands for.
 */
export class Base64Text {
  /** `data:image/png;base64,` up to its comma, in printable ASCII that needs no escape; empty for bare base64. */
  readonly head: string;
  /** A range of the request's bytes, not a copy. */
  readonly base64: Buffer;

  constructor(head: string, base64: Buffer) {
    this.head = head;
    this.base64 = base64;
  }

  /** In characters, as of a string. */
  get length(): number {
    return this.head.length + this.base64.length;
  }

  /** As of a string. */
  slice(from: number, to = this.length): string {
    const { head, base64, length } = this;
    const start = from < 0 ? Math.max(0, length + from) : from;
    const end = to < 0 ? Math.max(0, length + to) : to;
    const split = head.length;
    const tail = base64.toString("latin1", Math.max(0, start - split), Math.max(0, end - split));
    return head.slice(start, end) + tail;
  }

  toString(): string {
    return this.head + this.base64.toString("latin1");
  }

  toJSON(): string {
    if (leftOut === undefined) return this.toString();
    leftOut.push(this);
    return placeholder(leftOut.length - 1);
  }
}

/** A string, wherever its characters are. */
export type InlineText = string | Base64Text;

/**
 * Stands in a JSON text for a string that is not in it, before that string's number. It is drawn once in a process and
 * never leaves it, so no other text holds it but by a guess of 128 bits.
 */
const MARK = `<${randomBytes(16).toString("hex")}>`;

/** What stands in a JSON text for the string of this number; it needs no escape. */
export function placeholder(index: number): string {
  return MARK + index;
}

/** The number of the string that a text stands in for; undefined for any other text. */
export function placeholderIndex(text: string): number | undefined {
  return text.startsWith(MARK) ? Number(text.slice(MARK.length)) : undefined;
}

/**
 * The bytes of `JSON.stringify(value)`: a string, or pieces in order where the value holds `Base64Text`, whose bytes
 * are not copied.
 */
export function jsonPieces(value: object): string | Buffer[] {
  const kept: Base64Text[] = [];
  let text: string;
  leftOut = kept;
  try {
    text = JSON.stringify(value);
  } finally {
    leftOut = undefined;
  }
  if (kept.length === 0) return text;
  const pieces: Buffer[] = [];
  let from = 0;
  for (const [index, { head, base64 }] of kept.entries()) {
    const mark = placeholder(index);
    const at = text.indexOf(mark, from);
    pieces.push(Buffer.from(text.slice(from, at) + head), base64);
    from = at + mark.length;
  }
  pieces.push(Buffer.from(text.slice(from)));
  return pieces;
}
