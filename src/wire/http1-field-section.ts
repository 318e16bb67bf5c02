/** The lines of a head or of trailers, up to the empty one, gathered from bytes as they come. */
import { FramingError } from "./http1-framing-error.ts";

const CR = 0x0d;
const LF = 0x0a;
const TAB = 0x09;

// Where in its lines a section is.
const IN_LINE = 0;
const AFTER_CR = 1;
const LINE_START = 2;
const LAST_CR = 3;

export class FieldSection {
  readonly #maxBytes: number;
  #line = IN_LINE;
  /** A section whose end has not come: copied, as the bytes are only lent. */
  #partial: Buffer | undefined;
  #length = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Bytes gathered so far. */
  get length(): number {
    return this.#length;
  }

  /** @param mayBeEmpty its first line may be the empty one, as with trailers */
  begin(mayBeEmpty: boolean): void {
    this.#line = mayBeEmpty ? LINE_START : IN_LINE;
    this.#partial = undefined;
    this.#length = 0;
  }

  /**
   * The place after the empty line, or -1 when that has not come; the bytes are then kept. Every line must end with
   * CRLF and hold no other control character but tabs: some would take a bare LF for the end of a line, and some not.
   */
  endIn(bytes: Buffer, from: number, to: number): number {
    let line = this.#line;
    const last = Math.min(to, from + this.#maxBytes - this.#length);
    for (let at = from; at < last; at += 1) {
      const byte = bytes[at] ?? 0;
      if (line === AFTER_CR || line === LAST_CR) {
        if (byte !== LF) throw new FramingError("a line does not end with CRLF");
        if (line === LAST_CR) return at + 1;
        line = LINE_START;
      } else if ((byte >= 0x20 && byte !== 0x7f) || byte === TAB) {
        line = IN_LINE;
      } else if (byte === CR) {
        line = line === LINE_START ? LAST_CR : AFTER_CR;
      } else {
        throw new FramingError("a header line has a control character");
      }
    }
    if (last < to) throw new FramingError("its headers are too large", "ERR_HTTP1_HEAD_TOO_LARGE");
    this.#line = line;
    this.#keep(bytes, from, to);
    return -1;
  }

  /** The whole section, whose last bytes are these. */
  text(bytes: Buffer, from: number, end: number): string {
    if (this.#partial === undefined) return bytes.toString("latin1", from, end);
    return this.#partial.toString("latin1", 0, this.#length) + bytes.toString("latin1", from, end);
  }

  #keep(bytes: Buffer, from: number, to: number): void {
    const length = this.#length + to - from;
    if (this.#partial === undefined || this.#partial.length < length) {
      const larger = Buffer.allocUnsafeSlow(Math.min(Math.max(1_024, length * 2), this.#maxBytes));
      this.#partial?.copy(larger, 0, 0, this.#length);
      this.#partial = larger;
    }
    bytes.copy(this.#partial, this.#length, from, to);
    this.#length = length;
  }
}
