/** `Reply` over a connection of the HTTP server. */
import type { Socket } from "node:net";
import type { Reply } from "../gateway/exchange.ts";
import type { Gateway } from "../gateway/gateway.ts";
import { corkForTurn } from "../wire/turn-end.ts";
import type { Awaited, Deadlines } from "./deadlines.ts";
import { headText } from "./head-text.ts";
import type { HttpRequest } from "./http-request.ts";

/** A large answer is sent in pieces of this size, each with its own time to be taken, and not kept waiting as a whole. */
const PIECE_BYTES = 1024 * 1024;
/** More than this is written at once: what waits for a slow client must not be held twice. */
const WAITING_BYTES = 16 * 1024;
/** Chunk sizes of more hexadecimal digits than 16 are refused by some clients. */
const MOST_LEADING_ZEROS = 8;
const LAST_CHUNK = "0\r\n\r\n";

/** What a reply needs to know of its gateway. */
export interface ReplyTerms {
  closing: Gateway["closing"];
  limits: Pick<Gateway["limits"], "slowClientMs">;
}

/** The connection that an answer goes to. */
export interface ReplyConnection {
  readonly socket: Socket;
  /** Header lines for an answer after which the connection is kept, and the empty line. */
  readonly keptLines: string;
  /** The client may send another request, or has sent it. */
  readonly mayAskAgain: boolean;
  /** To be given to the write that ends an answer: it is over when the system has taken that. */
  readonly onFlushed: (error?: Error | null) => void;
}

// How the end of an answer is known.
const UNDECIDED = 0;
const BY_LENGTH = 1;
const BY_CHUNKS = 2;
const BY_CLOSE = 3;
/** To HEAD: it has a head only. */
const NO_BODY = 4;

export class HttpReply implements Reply, Awaited {
  /** No other request is taken on this connection. */
  last = false;
  /** Of the head; 0 before that. */
  status = 0;
  /** Bytes that were handed to the connection. */
  bytes = 0;
  readonly #connection: ReplyConnection;
  readonly #request: HttpRequest;
  readonly #terms: ReplyTerms;
  readonly #deadlines: Deadlines;
  /** The head without its last lines, until the first byte of the body decides on them. */
  #head = "";
  #framing = UNDECIDED;
  /** Bytes of the body that were announced and have not been written. */
  #owed = 0;
  #ended = false;
  #closed = false;
  #letGo = false;
  /** `performance.now()` by which what waits must be taken; undefined while nothing does. */
  #dueAt: number | undefined;
  /** What is still to be sent of a large answer. */
  #rest: Buffer | undefined;
  #leadingZeros = 0;
  #onDrain: (() => void) | undefined;
  #onClose: (() => void) | undefined;

  constructor(connection: ReplyConnection, request: HttpRequest, terms: ReplyTerms, deadlines: Deadlines) {
    this.#connection = connection;
    this.#request = request;
    this.#terms = terms;
    this.#deadlines = deadlines;
  }

  get headSent(): boolean {
    return this.status !== 0;
  }

  get closed(): boolean {
    return this.#ended || this.#closed || this.#connection.socket.destroyed;
  }

  get letGo(): boolean {
    return this.#letGo;
  }

  head(status: number, headers: Record<string, string>): void {
    if (this.closed) return;
    if (this.headSent) {
      // What has begun cannot become another answer.
      this.destroy();
      return;
    }
    const request = this.#request;
    this.#head = headText(status, headers);
    this.status = status;
    const length = headers["content-length"];
    if (request.method === "HEAD") this.#framing = NO_BODY;
    else if (length !== undefined) {
      this.#framing = BY_LENGTH;
      this.#owed = Number(length);
    }
    if (this.#terms.closing() || isTooMuch(status, request.complete) || !this.#connection.mayAskAgain) {
      this.last = true;
    }
  }

  write(data: string | Buffer): boolean {
    if (this.closed || data.length === 0 || this.#framing === NO_BODY) return true;
    this.#begin(data.length);
    const taken = this.#framing === BY_CHUNKS ? this.#writeChunk(data, "") : this.#writePlain(data);
    if (!taken) this.#watch();
    return taken;
  }

  end(data?: string | Buffer): void {
    if (this.closed) return;
    this.#ended = true;
    const length = data === undefined || this.#framing === NO_BODY ? 0 : data.length;
    if (this.#framing === UNDECIDED && this.#head !== "") {
      // All of it is here, so its length can be said.
      this.#owed = typeof data === "string" ? Buffer.byteLength(data) : length;
      this.#framing = BY_LENGTH;
      this.#head += `content-length: ${this.#owed}\r\n`;
    }
    this.#begin(length);
    if (length > PIECE_BYTES) {
      this.#rest = typeof data === "string" ? Buffer.from(data) : data;
      this.#sendRest();
      return;
    }
    this.#finish(length === 0 ? undefined : data);
  }

  /** Where the end of the connection is the end of the answer, it must not look like one. */
  destroy(): void {
    const { socket } = this.#connection;
    // What was written before counts, such as the reason.
    while (socket.writableCorked > 0) socket.uncork();
    if (this.#framing === BY_CLOSE) socket.resetAndDestroy();
    else socket.destroy();
  }

  onDrain(listener: () => void): void {
    this.#onDrain = listener;
  }

  onClose(listener: () => void): void {
    this.#onClose = listener;
    if (this.#closed) listener();
  }

  // What its connection does.

  /**
   * Writes what means nothing to the client, so that its system answers whether it is still there: before the head an
   * interim answer, which clients skip (RFC 9110, section 15.2); inside a chunked body a zero in front of the next
   * chunk's size (RFC 9112, section 7.1: a size has any number of digits). A client of HTTP/1.0 knows neither.
   */
  probe(): void {
    const { socket } = this.#connection;
    // What waits to be taken finds out by itself.
    if (this.closed || socket.writableLength > 0) return;
    if (this.#request.minor === 0) socket.destroy();
    else if (!this.headSent) this.#put("HTTP/1.1 102 Processing\r\n\r\n");
    else if (this.#framing === BY_LENGTH || this.#framing === NO_BODY) return;
    else if (this.#leadingZeros === MOST_LEADING_ZEROS) return;
    else {
      this.#begin(0);
      if (this.#framing !== BY_CHUNKS) return;
      this.#put(`${this.#takeHead()}0`);
      this.#leadingZeros += 1;
    }
  }

  /** All that was written has been taken. */
  drained(): void {
    this.#unwatch();
    if (this.#rest === undefined) this.#onDrain?.();
    else this.#sendRest();
  }

  /** It is over. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#rest = undefined;
    this.#unwatch();
    this.#onClose?.();
  }

  /** A reset rather than an end: what the system holds for this client is freed as well. */
  check(now: number): void {
    if (this.#dueAt === undefined || now < this.#dueAt) return;
    this.#deadlines.delete(this);
    this.#letGo = true;
    this.#connection.socket.resetAndDestroy();
  }

  /** Decides how the end will be known, and what becomes of the connection then. */
  #begin(length: number): void {
    if (length <= WAITING_BYTES) corkForTurn(this.#connection.socket);
    if (this.#framing === UNDECIDED) this.#framing = this.#request.minor === 0 ? BY_CLOSE : BY_CHUNKS;
    if (this.#head === "") return;
    if (this.#framing === BY_CLOSE) this.last = true;
    if (this.#framing === BY_CHUNKS) this.#head += "transfer-encoding: chunked\r\n";
    this.#head += this.last ? "connection: close\r\n\r\n" : this.#connection.keptLines;
  }

  /** Once: what is written first begins with it. */
  #takeHead(): string {
    const head = this.#head;
    this.#head = "";
    return head;
  }

  /** @param end what follows the chunk */
  #writeChunk(data: string | Buffer, end: string, onFlushed?: (error?: Error | null) => void): boolean {
    this.#leadingZeros = 0;
    const before = this.#takeHead();
    if (typeof data === "string") {
      const bytes = Buffer.byteLength(data);
      const text = `${before}${bytes.toString(16)}\r\n${data}\r\n${end}`;
      return this.#put(text, text.length - data.length + bytes, onFlushed);
    }
    const { socket } = this.#connection;
    socket.cork();
    this.#put(`${before}${data.length.toString(16)}\r\n`);
    this.#putBytes(data);
    const taken = this.#put(`\r\n${end}`, undefined, onFlushed);
    socket.uncork();
    return taken;
  }

  #writePlain(data: string | Buffer, onFlushed?: (error?: Error | null) => void): boolean {
    const before = this.#takeHead();
    const bytes = typeof data === "string" ? Buffer.byteLength(data) : data.length;
    if (this.#framing === BY_LENGTH && bytes > this.#owed) {
      // It would be read as the next answer.
      this.destroy();
      return true;
    }
    this.#owed -= bytes;
    if (typeof data === "string") return this.#put(before + data, before.length + bytes, onFlushed);
    if (before !== "") this.#put(before);
    return this.#putBytes(data, onFlushed);
  }

  /** @param bytes of the text in UTF-8 */
  #put(text: string, bytes = text.length, onFlushed?: (error?: Error | null) => void): boolean {
    this.bytes += bytes;
    // Of ASCII alone, both encodings are the same, and this one is cheaper.
    return this.#connection.socket.write(text, bytes === text.length ? "latin1" : "utf8", onFlushed);
  }

  #putBytes(bytes: Buffer, onFlushed?: (error?: Error | null) => void): boolean {
    this.bytes += bytes.length;
    return this.#connection.socket.write(bytes, onFlushed);
  }

  #sendRest(): void {
    let rest = this.#rest;
    while (rest !== undefined && !this.#connection.socket.destroyed) {
      const piece = rest.subarray(0, PIECE_BYTES);
      rest = rest.length > PIECE_BYTES ? rest.subarray(PIECE_BYTES) : undefined;
      this.#rest = rest;
      if (rest === undefined) this.#finish(piece);
      else if (this.#framing === BY_CHUNKS ? this.#writeChunk(piece, "") : this.#writePlain(piece)) continue;
      this.#watch();
      return;
    }
  }

  #finish(data: string | Buffer | undefined): void {
    const { socket, onFlushed } = this.#connection;
    if (this.#framing === BY_CHUNKS) {
      if (data === undefined) this.#put(this.#takeHead() + LAST_CHUNK, undefined, onFlushed);
      else this.#writeChunk(data, LAST_CHUNK, onFlushed);
    } else if (data === undefined) {
      this.#put(this.#takeHead(), undefined, onFlushed);
    } else {
      this.#writePlain(data, onFlushed);
    }
    if (this.#framing === BY_LENGTH && this.#owed !== 0) {
      // A client that was promised more must not wait for it.
      this.last = true;
      socket.destroySoon();
    }
    if (socket.writableLength > 0) this.#watch();
  }

  #watch(): void {
    const { slowClientMs } = this.#terms.limits;
    if (this.#dueAt !== undefined || slowClientMs === 0) return;
    this.#dueAt = performance.now() + slowClientMs;
    this.#deadlines.add(this);
  }

  #unwatch(): void {
    if (this.#dueAt === undefined) return;
    this.#dueAt = undefined;
    this.#deadlines.delete(this);
  }
}

/** Too large, too slow or too many: more of such a request is not worth reading. */
function isTooMuch(status: number, complete: boolean): boolean {
  return status === 413 || (!complete && (status === 408 || status === 429 || status === 503));
}
