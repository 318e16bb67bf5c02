/** A body in chunks (RFC 9112, section 7.1), out of bytes as they come, however they are cut. */
import { hexDigit } from "./hex-digits.ts";
import type { FieldSection } from "./http1-field-section.ts";
import { checkTrailers } from "./http1-fields.ts";
import { FramingError } from "./http1-framing-error.ts";

/** Where a body goes. */
export interface BodySink {
  /** Takes bytes `from` (included) to `to`, which are lent: they may be overwritten after the call. */
  take(bytes: Buffer, from: number, to: number): void;
}

/** Digits of a chunk size: more could not be counted exactly. */
const MAX_SIZE_DIGITS = 13;
/** All chunk extensions of one body. They carry nothing, and nobody sends them. */
const MAX_EXTENSION_BYTES = 16 * 1024;

const CR = 0x0d;
const LF = 0x0a;

// What the next byte belongs to.
const SIZE_START = 0;
const SIZE = 1;
const EXTENSION = 2;
const SIZE_LF = 3;
const DATA = 4;
const DATA_CR = 5;
const DATA_LF = 6;
const TRAILERS = 7;
const ENDED = 8;

export class ChunkReader {
  readonly #fields: FieldSection;
  #state = ENDED;
  /** Bytes still to come of a chunk. */
  #left = 0;
  #digits = 0;
  #extension = 0;

  /** @param fields gathers the trailers */
  constructor(fields: FieldSection) {
    this.#fields = fields;
  }

  get ended(): boolean {
    return this.#state === ENDED;
  }

  begin(): void {
    this.#state = SIZE_START;
    this.#extension = 0;
  }

  /**
   * Reads up to the end of the bytes or of the body, and says where that is.
   * @throws FramingError
   */
  read(bytes: Buffer, from: number, to: number, sink: BodySink): number {
    let at = from;
    while (at < to) {
      switch (this.#state) {
        case ENDED:
          return at;
        case DATA: {
          const end = at + this.#left < to ? at + this.#left : to;
          sink.take(bytes, at, end);
          this.#left -= end - at;
          if (this.#left === 0) this.#state = DATA_CR;
          at = end;
          break;
        }
        case TRAILERS:
          at = this.#readTrailers(bytes, at, to);
          break;
        case SIZE_START: {
          const next = readWholeChunks(bytes, at, to, sink);
          if (next !== at) {
            at = next;
            break;
          }
          this.#readLine(bytes[at] ?? 0);
          at += 1;
          break;
        }
        default:
          this.#readLine(bytes[at] ?? 0);
          at += 1;
      }
    }
    return at;
  }

  #readLine(byte: number): void {
    switch (this.#state) {
      case SIZE_START:
        this.#left = 0;
        this.#digits = 0;
        this.#addDigit(byte);
        this.#state = SIZE;
        return;
      case SIZE:
        if (byte === CR) this.#state = SIZE_LF;
        else if (byte === 0x3b) this.#state = EXTENSION;
        else this.#addDigit(byte);
        return;
      case EXTENSION:
        if (byte === CR) this.#state = SIZE_LF;
        else if (isControl(byte)) throw new FramingError("a chunk extension has a control character");
        else if ((this.#extension += 1) > MAX_EXTENSION_BYTES) {
          throw new FramingError("its chunk extensions are too long");
        }
        return;
      case SIZE_LF:
        expectByte(byte, LF);
        this.#state = this.#left === 0 ? TRAILERS : DATA;
        if (this.#left === 0) this.#fields.begin(true);
        return;
      case DATA_CR:
        expectByte(byte, CR);
        this.#state = DATA_LF;
        return;
      default:
        expectByte(byte, LF);
        this.#state = SIZE_START;
    }
  }

  #addDigit(byte: number): void {
    const digit = hexDigit(byte);
    if (digit === -1) throw new FramingError("a chunk has no valid size");
    if ((this.#digits += 1) > MAX_SIZE_DIGITS) throw new FramingError("a chunk size is too long");
    this.#left = this.#left * 16 + digit;
  }

  #readTrailers(bytes: Buffer, from: number, to: number): number {
    const end = this.#fields.endIn(bytes, from, to);
    if (end === -1) return to;
    const text = this.#fields.text(bytes, from, end);
    this.#fields.begin(false);
    if (text.length > 2) checkTrailers(text);
    this.#state = ENDED;
    return end;
  }
}

/** Chunks that are there from size to line end, of some bytes and without extensions. Returns where others begin. */
function readWholeChunks(bytes: Buffer, from: number, to: number, sink: BodySink): number {
  let at = from;
  for (;;) {
    let size = 0;
    let digits = at;
    for (; digits < to && digits - at < MAX_SIZE_DIGITS; digits += 1) {
      const digit = hexDigit(bytes[digits] ?? 0);
      if (digit === -1) break;
      size = size * 16 + digit;
    }
    const data = digits + 2;
    const end = data + size;
    if (size === 0 || end + 2 > to || bytes[digits] !== CR || bytes[digits + 1] !== LF) return at;
    if (bytes[end] !== CR || bytes[end + 1] !== LF) return at;
    sink.take(bytes, data, end);
    at = end + 2;
  }
}

function expectByte(byte: number, expected: number): void {
  if (byte !== expected) throw new FramingError("a line does not end with CRLF");
}

function isControl(byte: number): boolean {
  return (byte < 0x20 && byte !== 0x09) || byte === 0x7f;
}
