/**
 * HTTP/1.1 responses out of bytes as they come, however they are cut. Pure: it sees no socket, throws nothing, keeps
 * nothing of what it is given and changes nothing in it, and holds at most one head.
 */
import { type BodySink, ChunkReader } from "../wire/http1-chunks.ts";
import { FieldSection } from "../wire/http1-field-section.ts";
import { FramingError } from "../wire/http1-framing-error.ts";
import { parseHead, type ResponseHead } from "./http1-response-head.ts";

/** Answers before the answer (RFC 9110, 15.2) are skipped, so they need a bound. */
const MAX_INTERIM = 32;
const START = Buffer.from("HTTP/1.", "latin1");

// What the next byte belongs to.
const HEAD = 0;
const LENGTH = 1;
const UNTIL_CLOSE = 2;
const CHUNKS = 3;
const ENDED = 4;
const BROKEN = 5;

export class ResponseParser implements BodySink {
  readonly #fields: FieldSection;
  readonly #chunks: ChunkReader;

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
  /** Bytes still to come of a body with a length. */
  #left = 0;
  #interim = 0;
  /** Where the bytes of the present push end. */
  #pushEnd = 0;
  /** The body of the present push: room for all that can still be in it, and how much was written. */
  #out: Buffer | undefined;
  #outLength = 0;

  constructor(maxHeadBytes: number) {
    this.#fields = new FieldSection(maxHeadBytes);
    this.#chunks = new ChunkReader(this.#fields);
  }

  /** Before each further request on the same connection. */
  reset(): void {
    this.head = undefined;
    this.body = undefined;
    this.ended = false;
    this.#state = HEAD;
    this.#interim = 0;
    this.#fields.begin(false);
  }

  /** Takes bytes `from` (included) to `to` and sets the public fields. They may be overwritten afterwards. */
  push(bytes: Buffer, from: number, to: number): void {
    this.head = undefined;
    this.body = undefined;
    this.#pushEnd = to;
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

  /** All that is taken in one push goes into one piece. */
  take(bytes: Buffer, from: number, to: number): void {
    this.#out ??= Buffer.allocUnsafe(this.#state === LENGTH ? to - from : this.#pushEnd - from);
    bytes.copy(this.#out, this.#outLength, from, to);
    this.#outLength += to - from;
  }

  /** Reads up to the end of the bytes or of the answer, and says where that is. */
  #read(bytes: Buffer, from: number, to: number): number {
    let at = from;
    while (at < to) {
      switch (this.#state) {
        case HEAD:
          at = this.#readHead(bytes, at, to);
          break;
        case LENGTH: {
          const end = at + this.#left < to ? at + this.#left : to;
          this.take(bytes, at, end);
          this.#left -= end - at;
          if (this.#left === 0) this.#end();
          at = end;
          break;
        }
        case UNTIL_CLOSE:
          this.take(bytes, at, to);
          return to;
        case CHUNKS:
          at = this.#chunks.read(bytes, at, to, this);
          if (this.#chunks.ended) this.#end();
          break;
        default:
          return at;
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
      this.#chunks.begin();
      this.#state = CHUNKS;
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
