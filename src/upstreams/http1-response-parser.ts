/**
 * HTTP/1.1 responses out of bytes as they come, however they are cut. Pure: it sees no socket, throws nothing, keeps
 * nothing of what it is given and changes nothing in it, and holds at most one head.
 */
import { hexDigit } from "../wire/hex-digits.ts";
import { FieldSection } from "./http1-field-section.ts";
import { FramingError } from "./http1-framing-error.ts";
import { checkTrailers, parseHead, type ResponseHead } from "./http1-response-head.ts";

/** Answers before the answer (RFC 9110, 15.2) are skipped, so they need a bound. */
const MAX_INTERIM = 32;
/** Digits of a chunk size: more could not be counted exactly. */
const MAX_SIZE_DIGITS = 13;
/** All chunk extensions of one answer. They carry nothing, and nobody sends them. */
const MAX_EXTENSION_BYTES = 16 * 1024;
const START = Buffer.from("HTTP/1.", "latin1");

const CR = 0x0d;
const LF = 0x0a;

// What the next byte belongs to.
const HEAD = 0;
const LENGTH = 1;
const UNTIL_CLOSE = 2;
const SIZE_START = 3;
const SIZE = 4;
const EXTENSION = 5;
const SIZE_LF = 6;
const CHUNK = 7;
const CHUNK_CR = 8;
const CHUNK_LF = 9;
const TRAILERS = 10;
const ENDED = 11;
const BROKEN = 12;

export class ResponseParser {
  readonly #fields: FieldSection;

  /** The head, if the bytes just pushed completed it. */
  head: ResponseHead | undefined;
  /** What of the body was in the bytes just pushed; a copy, which is the caller's to keep. */
  body: Buffer | undefined;
  /** The answer is complete. */
  ended = false;
  /** Nothing that came so far forbids another request on this connection. */
  reusable = true;
  /** The bytes are no answer. What came before, `head` and `body` included, counts. */
  error: FramingError | undefined;

  #state = HEAD;
  /** Bytes still to come of a chunk, or of a body with a length. */
  #left = 0;
  #digits = 0;
  #extension = 0;
  #interim = 0;
  /** The body of the present push: room for all that can still be in it, and how much was written. */
  #out: Buffer | undefined;
  #outLength = 0;

  constructor(maxHeadBytes: number) {
    this.#fields = new FieldSection(maxHeadBytes);
  }

  /** Before each further request on the same connection. */
  reset(): void {
    this.head = undefined;
    this.body = undefined;
    this.ended = false;
    this.#state = HEAD;
    this.#extension = 0;
    this.#interim = 0;
    this.#fields.begin(false);
  }

  /** Takes bytes `from` (included) to `to` and sets the public fields. They may be overwritten afterwards. */
  push(bytes: Buffer, from: number, to: number): void {
    this.head = undefined;
    this.body = undefined;
    try {
      const end = this.#read(bytes, from, to);
      // More than the answer asked for: whose answer would that be?
      if (end < to) this.reusable = false;
    } catch (error) {
      if (!(error instanceof FramingError)) throw error;
      this.#state = BROKEN;
      this.#fields.begin(false);
      this.error = error;
      this.reusable = false;
    }
    if (this.#out !== undefined) this.#takeOut(this.#out);
  }

  /** No more bytes will come. Afterwards `ended` says whether that completed the answer. */
  finish(): void {
    this.head = undefined;
    this.body = undefined;
    this.reusable = false;
    if (this.#state !== UNTIL_CLOSE) return;
    this.#state = ENDED;
    this.ended = true;
  }

  /** Reads up to the end of the bytes or of the answer, and says where that is. */
  #read(bytes: Buffer, from: number, to: number): number {
    let at = from;
    while (at < to) {
      switch (this.#state) {
        case HEAD:
          at = this.#readHead(bytes, at, to);
          break;
        case LENGTH:
          at = this.#copy(bytes, at, to);
          if (this.#left === 0) this.#end();
          break;
        case UNTIL_CLOSE:
          this.#left = to - at;
          at = this.#copy(bytes, at, to);
          break;
        case CHUNK:
          at = this.#copy(bytes, at, to);
          if (this.#left === 0) this.#state = CHUNK_CR;
          break;
        case TRAILERS:
          at = this.#readTrailers(bytes, at, to);
          break;
        case ENDED:
        case BROKEN:
          return at;
        case SIZE_START: {
          const next = this.#copyWholeChunks(bytes, at, to);
          if (next !== at) {
            at = next;
            break;
          }
          this.#readChunkLine(bytes[at] ?? 0);
          at += 1;
          break;
        }
        default:
          this.#readChunkLine(bytes[at] ?? 0);
          at += 1;
      }
    }
    return at;
  }

  #readHead(bytes: Buffer, from: number, to: number): number {
    if (this.#fields.length < START.length) this.#checkStart(bytes, from, to);
    const end = this.#fields.endIn(bytes, from, to);
    if (end === -1) return to;
    const head = parseHead(this.#fields.text(bytes, from, end));
    this.#fields.begin(false);
    if (head.status < 200) this.#skipInterim(head);
    else this.#begin(head);
    return end;
  }

  /** What is not HTTP at all is told at once: its end may never come. */
  #checkStart(bytes: Buffer, from: number, to: number): void {
    const before = this.#fields.length;
    const last = Math.min(START.length, before + to - from);
    for (let i = before; i < last; i += 1) {
      if (bytes[from + i - before] !== START[i]) throw new FramingError("it is not HTTP/1.1");
    }
  }

  #skipInterim(head: ResponseHead): void {
    if (head.status === 101) throw new FramingError("it changes the protocol");
    if (head.chunked || head.contentLength !== -1) throw new FramingError("an interim answer has a body");
    if ((this.#interim += 1) > MAX_INTERIM) throw new FramingError("it has too many interim answers");
  }

  #begin(head: ResponseHead): void {
    this.head = head;
    this.reusable = head.persistent;
    if (head.status === 204 || head.status === 304) {
      // Nothing follows, and a server that says otherwise about 204 may believe it (RFC 9112, 6.3).
      if (head.chunked || (head.status === 204 && head.contentLength > 0)) this.reusable = false;
      this.#end();
    } else if (head.chunked) {
      this.#state = SIZE_START;
    } else if (head.contentLength > 0) {
      this.#left = head.contentLength;
      this.#state = LENGTH;
    } else if (head.contentLength === 0) {
      this.#end();
    } else {
      this.reusable = false;
      this.#state = UNTIL_CLOSE;
    }
  }

  #end(): void {
    this.#state = ENDED;
    this.ended = true;
  }

  #readChunkLine(byte: number): void {
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
        this.#state = this.#left === 0 ? TRAILERS : CHUNK;
        if (this.#left === 0) this.#fields.begin(true);
        return;
      case CHUNK_CR:
        expectByte(byte, CR);
        this.#state = CHUNK_LF;
        return;
      default:
        expectByte(byte, LF);
        this.#state = SIZE_START;
    }
  }

  /** Chunks that are there from size to line end, of some bytes and without extensions. Returns where others begin. */
  #copyWholeChunks(bytes: Buffer, from: number, to: number): number {
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
      this.#left = size;
      this.#copy(bytes, data, to);
      at = end + 2;
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
    if (text.length > 2) checkTrailers(text);
    this.#end();
    return end;
  }

  /** Moves what is there of `#left` bytes to the body. All chunks of one push go into one piece. */
  #copy(bytes: Buffer, from: number, to: number): number {
    const available = to - from;
    const length = available < this.#left ? available : this.#left;
    this.#out ??= Buffer.allocUnsafe(this.#state === LENGTH ? length : available);
    bytes.copy(this.#out, this.#outLength, from, from + length);
    this.#outLength += length;
    this.#left -= length;
    return from + length;
  }

  #takeOut(out: Buffer): void {
    const length = this.#outLength;
    this.#out = undefined;
    this.#outLength = 0;
    if (length === out.length) this.body = out;
    // Mostly framing: whoever keeps the body must not keep all of that.
    else if (length * 2 < out.length) this.body = Buffer.from(out.subarray(0, length));
    else this.body = out.subarray(0, length);
  }
}

function expectByte(byte: number, expected: number): void {
  if (byte !== expected) throw new FramingError("a line does not end with CRLF");
}

function isControl(byte: number): boolean {
  return (byte < 0x20 && byte !== 0x09) || byte === 0x7f;
}
