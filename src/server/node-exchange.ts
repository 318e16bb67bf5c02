/** `Reply` over node:http. */
import type { ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Reply } from "../gateway/exchange.ts";
import type { Gateway } from "../gateway/gateway.ts";
import { type AtTurnEnd, atTurnEnd, corkForTurn } from "../wire/turn-end.ts";
import { Connection, type OpenAnswer } from "./connection.ts";
import type { Awaited, Deadlines } from "./deadlines.ts";
import { endOnceReceived } from "./end-once-received.ts";

/** A large answer is sent in pieces of this size, each with its own time to be taken, and not kept waiting as a whole. */
const PIECE_BYTES = 1024 * 1024;
/** More than this is written at once: what waits for a slow client must not be held twice. */
const WAITING_BYTES = 16 * 1024;
/** A client that was too slow to send its request is not waited for as others are. */
const SLOW_LINGER_MS = 1_000;
/** Of one UTF-16 code unit. */
const MOST_UTF8_BYTES = 3;
/** More than a chunk's size and line ends take. */
const CHUNK_FRAME_BYTES = 32;
/** Chunk sizes of more hexadecimal digits than 16 are refused by some clients. */
const MOST_LEADING_ZEROS = 8;

/** What a reply needs to know of its gateway. */
export interface ReplyTerms {
  closing: Gateway["closing"];
  limits: Pick<Gateway["limits"], "slowClientMs">;
}

/** Pushes an answer to a socket. */
export class NodeReply implements Reply, OpenAnswer, Awaited, AtTurnEnd {
  readonly #response: ServerResponse;
  readonly #terms: ReplyTerms;
  readonly #deadlines: Deadlines;
  readonly #connection: Connection;
  #ended = false;
  #closed = false;
  #letGo = false;
  /** `performance.now()` by which what waits must be taken; undefined while nothing does. */
  #dueAt: number | undefined;
  /** What is still to be sent of a large answer. */
  #rest: Buffer | undefined;
  /** The end of the answer, until the turn ends. */
  #last: string | Buffer | undefined;
  #bodyBegun = false;
  #leadingZeros = 0;
  #onDrain: () => void = () => {};
  #onClose: () => void = () => {};

  constructor(response: ServerResponse, terms: ReplyTerms, deadlines: Deadlines) {
    this.#response = response;
    this.#terms = terms;
    this.#deadlines = deadlines;
    this.#connection = Connection.of(response.req.socket);
    this.#connection.add(this);
    response.on("drain", () => this.#drained());
    response.on("close", () => this.#close());
    // A reset while writing is reported by `close` as well; without a listener it would end the process.
    response.on("error", () => {});
  }

  get headSent(): boolean {
    return this.#response.headersSent;
  }

  get closed(): boolean {
    return this.#ended || this.#closed || this.#response.destroyed;
  }

  get letGo(): boolean {
    return this.#letGo;
  }

  head(status: number, headers: Record<string, string>): void {
    if (this.closed) return;
    const last = this.#terms.closing() || (isTooMuch(status) && !this.#response.req.complete);
    this.#response.writeHead(status, last ? { ...headers, connection: "close" } : headers);
  }

  write(data: string | Buffer): boolean {
    // With nothing to write, node:http would not send the head either.
    if (this.closed || data.length === 0) return true;
    this.#bodyBegun = true;
    this.#leadingZeros = 0;
    const { socket } = this.#response;
    if (socket !== null && data.length <= WAITING_BYTES) {
      corkForTurn(socket);
      if (typeof data === "string" && isTakenAtOnce(this.#response, socket, data)) {
        return writeChunk(socket, data);
      }
    }
    if (this.#response.write(data)) return true;
    this.#watch();
    return false;
  }

  end(data?: string | Buffer): void {
    if (this.closed) return;
    this.#ended = true;
    this.#bodyBegun = true;
    if (data !== undefined && data.length > PIECE_BYTES && this.#response.req.complete) {
      this.#rest = typeof data === "string" ? Buffer.from(data) : data;
      this.#sendRest();
      return;
    }
    this.#last = data;
    atTurnEnd(this);
  }

  onTurnEnd(): void {
    const data = this.#last;
    this.#last = undefined;
    endOnceReceived(this.#response, data, this.#response.statusCode === 408 ? SLOW_LINGER_MS : undefined);
    if (this.#response.writableLength > 0) this.#watch();
  }

  destroy(): void {
    this.#response.destroy();
  }

  onDrain(listener: () => void): void {
    this.#onDrain = listener;
  }

  onClose(listener: () => void): void {
    this.#onClose = listener;
    if (this.#closed) listener();
  }

  /**
   * Before the head an interim answer, which clients skip (RFC 9110, section 15.2); inside a chunked body a zero in
   * front of the next chunk's size (RFC 9112, section 7.1: a size has any number of digits). A client of HTTP/1.0 knows neither.
   */
  probe(): boolean {
    const response = this.#response;
    const { socket } = response;
    // What waits to be taken finds out by itself.
    if (socket === null || this.closed || response.writableLength > 0) return socket !== null;
    if (response.req.httpVersion !== "1.1") {
      socket.destroy();
    } else if (!response.headersSent) {
      response.writeProcessing();
    } else if (response.chunkedEncoding && this.#leadingZeros < MOST_LEADING_ZEROS) {
      if (!this.#bodyBegun) response.flushHeaders();
      this.#bodyBegun = true;
      this.#leadingZeros += 1;
      socket.write("0");
    }
    return true;
  }

  /** A reset rather than an end: what the system holds for this client is freed as well. */
  check(now: number): void {
    if (this.#dueAt === undefined || now < this.#dueAt) return;
    const { socket } = this.#response;
    if (socket === null) {
      // An earlier answer on the same connection has the turn.
      this.#dueAt = now + this.#terms.limits.slowClientMs;
      return;
    }
    this.#deadlines.delete(this);
    this.#letGo = true;
    socket.resetAndDestroy();
  }

  #watch(): void {
    const { slowClientMs } = this.#terms.limits;
    if (this.#dueAt !== undefined || slowClientMs === 0) return;
    this.#dueAt = performance.now() + slowClientMs;
    this.#deadlines.add(this);
  }

  #drained(): void {
    this.#unwatch();
    if (this.#rest === undefined) this.#onDrain();
    else this.#sendRest();
  }

  #unwatch(): void {
    if (this.#dueAt === undefined) return;
    this.#dueAt = undefined;
    this.#deadlines.delete(this);
  }

  #sendRest(): void {
    let rest = this.#rest;
    while (rest !== undefined && !this.#response.destroyed) {
      const piece = rest.subarray(0, PIECE_BYTES);
      rest = rest.length > PIECE_BYTES ? rest.subarray(PIECE_BYTES) : undefined;
      this.#rest = rest;
      if (rest === undefined) this.#response.end(piece);
      else if (this.#response.write(piece)) continue;
      this.#watch();
      return;
    }
  }

  #close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#rest = undefined;
    this.#unwatch();
    this.#connection.delete(this);
    this.#onClose();
  }
}

/**
 * Whether this can be written as a chunk by ourselves, once the head is on its way: nothing waits but what is in the
 * socket, and that has room for it, so that node:http need not know of it to tell when there is room again.
 */
function isTakenAtOnce(response: ServerResponse, socket: Socket, data: string): boolean {
  const waiting = socket.writableLength;
  return (
    response.chunkedEncoding &&
    isHeadSent(response) &&
    response.writableLength === waiting &&
    waiting + data.length * MOST_UTF8_BYTES + CHUNK_FRAME_BYTES < socket.writableHighWaterMark
  );
}

/** `headersSent` is true as soon as the head is made, which a first write may still hold back. Not in the types. */
function isHeadSent(response: ServerResponse & { _headerSent?: boolean }): boolean {
  return response._headerSent === true;
}

/** In one piece, where node:http writes four (RFC 9112, section 7.1). */
function writeChunk(socket: Socket, data: string): boolean {
  const bytes = Buffer.byteLength(data);
  return socket.write(`${bytes.toString(16)}\r\n${data}\r\n`, bytes === data.length ? "latin1" : "utf8");
}

/** Too large, too slow or too many: more of such a request is not worth reading. */
function isTooMuch(status: number): boolean {
  return status === 413 || status === 408 || status === 429 || status === 503;
}
