/** HTTP/1.1 requests out of bytes as they come, however they are cut. It sees no socket and holds at most one head. */
import { type BodySink, ChunkReader } from "../wire/http1-chunks.ts";
import { FieldSection } from "../wire/http1-field-section.ts";
import { isTokenByte } from "../wire/http1-fields.ts";
import { FramingError } from "../wire/http1-framing-error.ts";
import { parseRequestHead, type RequestHead } from "./request-head.ts";

const CR = 0x0d;
const SPACE = 0x20;
/** The longest in use has 16 letters (RFC 4437). */
const MAX_METHOD_BYTES = 32;

// What the next byte belongs to.
const HEAD = 0;
const LENGTH = 1;
const CHUNKS = 2;
const ENDED = 3;

export class RequestParser {
  /** Of the present request, once it is there. */
  head: RequestHead | undefined;
  readonly #fields: FieldSection;
  readonly #chunks: ChunkReader;
  readonly #sink: BodySink;
  #state = HEAD;
  /** Bytes of the method that have come; -1 once it is whole. */
  #method = 0;
  /** Bytes still to come of a body with a length. */
  #left = 0;

  /** @param sink takes the bodies */
  constructor(maxHeadBytes: number, sink: BodySink) {
    this.#fields = new FieldSection(maxHeadBytes);
    this.#chunks = new ChunkReader(this.#fields);
    this.#sink = sink;
    this.#fields.begin(true);
  }

  /** The present request is there from head to end. */
  get ended(): boolean {
    return this.#state === ENDED;
  }

  /** Some of a request has come, and not all of it. */
  get begun(): boolean {
    return this.#state === HEAD ? this.#fields.length > 0 : this.#state !== ENDED;
  }

  /** What comes now is another request. */
  next(): void {
    this.head = undefined;
    this.#state = HEAD;
    this.#method = 0;
    this.#fields.begin(true);
  }

  /**
   * Reads up to the end of the head, of the request, or of the bytes, whichever comes first, and says where that is.
   * @throws FramingError when this is no request; nothing can be read after that
   */
  read(bytes: Buffer, from: number, to: number): number {
    switch (this.#state) {
      case HEAD:
        return this.#readHead(bytes, from, to);
      case LENGTH: {
        const end = from + this.#left < to ? from + this.#left : to;
        this.#sink.take(bytes, from, end);
        this.#left -= end - from;
        if (this.#left === 0) this.#state = ENDED;
        return end;
      }
      case CHUNKS: {
        const end = this.#chunks.read(bytes, from, to, this.#sink);
        if (this.#chunks.ended) this.#state = ENDED;
        return end;
      }
      default:
        return from;
    }
  }

  #readHead(bytes: Buffer, from: number, to: number): number {
    if (this.#method !== -1) this.#readMethod(bytes, from, to);
    const end = this.#fields.endIn(bytes, from, to);
    if (end === -1) return to;
    const text = this.#fields.text(bytes, from, end);
    this.#fields.begin(true);
    // An empty line before a request is skipped (RFC 9112, section 2.2).
    if (text.length > 2) this.#begin(parseRequestHead(text));
    else this.#method = 0;
    return end;
  }

  /** What is no request at all, such as the rest of a body that was longer than announced, is told at once: its end may never come. */
  #readMethod(bytes: Buffer, from: number, to: number): void {
    // The CR of an empty line has come before.
    if (this.#method === 0 && this.#fields.length > 0) return;
    for (let at = from; at < to; at += 1) {
      const byte = bytes[at] ?? 0;
      if (byte === SPACE && this.#method > 0) {
        this.#method = -1;
        return;
      }
      // An empty line: whether it is one is seen later.
      if (byte === CR && this.#method === 0) return;
      if (!isTokenByte(byte) || this.#method === MAX_METHOD_BYTES)
        throw new FramingError("its method is no word");
      this.#method += 1;
    }
  }

  #begin(head: RequestHead): void {
    this.head = head;
    this.#left = head.contentLength;
    if (head.chunked) {
      this.#chunks.begin();
      this.#state = CHUNKS;
    } else {
      this.#state = head.contentLength > 0 ? LENGTH : ENDED;
    }
  }
}
