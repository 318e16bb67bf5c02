/**
 * One client's connection: requests are read from it and answered, one after the other. What the client sends while an
 * answer is under way waits for its turn, but is looked at as far as the next head: bytes that are no request mean that
 * client and gateway disagree on where the last one ended.
 */
import type { Socket } from "node:net";
import { header } from "../gateway/exchange.ts";
import type { Observer } from "../observe/observer.ts";
import type { RequestRecord } from "../observe/request-record.ts";
import type { BodySink } from "../wire/http1-chunks.ts";
import { FramingError } from "../wire/http1-framing-error.ts";
import { type Refusal, malformed, refusalText, TIMED_OUT, TOO_LARGE_HEAD, TUNNEL } from "./broken-request.ts";
import { acceptedSocket } from "./accepted-socket.ts";
import type { Awaited, Deadlines } from "./deadlines.ts";
import { HalfClosedClient } from "./half-closed-client.ts";
import { HttpReply, type ReplyConnection, type ReplyTerms } from "./http-reply.ts";
import { HttpRequest } from "./http-request.ts";
import type { RequestHead } from "./request-head.ts";
import { RequestParser } from "./request-parser.ts";
import { newRecord } from "./request-tracking.ts";

/** A client that has its answer may go on sending for so long; nginx gives its `lingering_time` 30 seconds. */
const LINGER_MS = 10_000;
/** One that was too slow to send its request is not waited for as others are. */
const SLOW_LINGER_MS = 1_000;
/** A client that goes on sending what nobody wants is paused once for so long: then it sees that it has its answer. */
const REST_MS = 100;
const MOST_UNWANTED_BYTES = 256 * 1024;
/** As a client may send a request just when the time that it was told is over. */
const IDLE_GRACE_MS = 1_000;
/** More than this of what waits for its turn is left to the system. Less is read, so that a client's leaving is seen. */
const MOST_WAITING_BYTES = 64 * 1024;
/** What connections share. */
export interface ConnectionTerms {
  observer: Observer;
  deadlines: Deadlines;
  headersTimeoutMs: number;
  idleConnectionMs: number;
  maxHeaderBytes: number;
  /** Of an answer, in bytes, before it is said to be too much. */
  maxBufferedBytes: number;
  /** Header lines for an answer after which the connection is kept, and the empty line. */
  keptLines: string;
  replyTerms(): ReplyTerms;
  /** A request's head has come. */
  onRequest(request: HttpRequest, reply: HttpReply, record: RequestRecord): void;
  /** Told of what should never be thrown. The connection is lost with it, and nothing else. */
  onBug(error: unknown, requestId: string): void;
  /** The connection is closed. */
  onClosed(connection: ClientConnection): void;
}

/** A request, its answer, and what is told of both. */
interface Exchange {
  request: HttpRequest;
  reply: HttpReply;
  record: RequestRecord;
  /** The answer was taken whole by the system. */
  answered: boolean;
}

export class ClientConnection implements BodySink, ReplyConnection, Awaited {
  readonly socket: Socket;
  /** Of the client; undefined where it had gone at once. */
  readonly remoteAddress: string | undefined;
  readonly #terms: ConnectionTerms;
  readonly #parser: RequestParser;
  /** The latest, until it is over. */
  #exchange: Exchange | undefined;
  /** A head that came before its turn, and what came after it. */
  #nextHead: RequestHead | undefined;
  #waiting: Buffer | undefined;
  /** What came before its turn and is no request. */
  #broken: FramingError | undefined;
  /** No more requests are taken: what still comes is dropped. */
  #over = false;
  /** The client has closed its side. */
  #clientEnded = false;
  /** `performance.now()` by which the client must have done what is waited for, and what happens otherwise. */
  #dueAt = Infinity;
  #whenDue: "refuse" | "close" | "destroy" = "refuse";
  /** Bytes of the present request that were dropped. */
  #unwanted = 0;
  /** `performance.now()` when a client that sends what nobody wants is read on; undefined where it is not paused. */
  #restsUntil: number | undefined;
  /** Once the client has closed its side and an answer is under way. */
  #halfClosed: HalfClosedClient | undefined;

  /** @param accepted paused */
  constructor(accepted: Socket, terms: ConnectionTerms) {
    this.remoteAddress = accepted.remoteAddress;
    const socket = acceptedSocket(accepted, terms.maxBufferedBytes, (bytes, length) => {
      this.#onRead(bytes, length);
    });
    this.socket = socket;
    this.#terms = terms;
    this.#parser = new RequestParser(terms.maxHeaderBytes, this);
    this.#await(terms.headersTimeoutMs, "refuse");
    terms.deadlines.add(this);
    socket.on("end", () => this.#onEnd());
    socket.on("drain", () => this.#exchange?.reply.drained());
    socket.on("close", () => this.#onClose());
    // It is reported by `close` as well; without a listener it would end the process.
    socket.on("error", () => {});
  }

  /** Nothing is under way on it. */
  get idle(): boolean {
    return this.#exchange === undefined && !this.#parser.begun && !this.#over;
  }

  get keptLines(): string {
    return this.#terms.keptLines;
  }

  get mayAskAgain(): boolean {
    if (this.#exchange?.request.persistent !== true) return false;
    return !this.#clientEnded || this.#nextHead !== undefined;
  }

  /** A request has begun to be handled, and some of its body has not come. */
  get #isIncomplete(): boolean {
    return this.#exchange?.request.complete === false;
  }

  /** Takes a piece of the present request's body. */
  take(bytes: Buffer, from: number, to: number): void {
    if (this.#exchange?.request.push(bytes, from, to) !== false) return;
    const before = this.#unwanted;
    this.#unwanted += to - from;
    if (before > MOST_UNWANTED_BYTES || this.#unwanted <= MOST_UNWANTED_BYTES) return;
    this.#restsUntil = performance.now() + REST_MS;
    this.socket.pause();
  }

  readonly onFlushed = (error?: Error | null): void => {
    const exchange = this.#exchange;
    // Of a connection that is lost, `close` tells.
    if (exchange === undefined || (error !== undefined && error !== null)) return;
    exchange.answered = true;
    this.#end(exchange);
    if (this.#over) return;
    if (exchange.request.complete) this.#goOn(exchange.reply);
    else this.#linger(exchange.reply.status === 408 ? SLOW_LINGER_MS : LINGER_MS);
  };

  check(now: number): void {
    if (this.#restsUntil !== undefined && now >= this.#restsUntil) {
      this.#restsUntil = undefined;
      this.socket.resume();
    }
    if (now < this.#dueAt) return;
    this.#dueAt = Infinity;
    if (this.#whenDue === "refuse") this.#refuse(TIMED_OUT);
    else if (this.#whenDue === "close") this.socket.destroySoon();
    else this.socket.destroy();
  }

  /** @param ms 0 for as long as it takes */
  #await(ms: number, whenDue: "refuse" | "close" | "destroy"): void {
    this.#dueAt = ms === 0 ? Infinity : performance.now() + ms;
    this.#whenDue = whenDue;
  }

  /** Closed with unread bytes in it, a socket resets the connection, and the client would see that in place of its answer. */
  #linger(ms: number): void {
    this.#await(ms, "destroy");
  }

  #onRead(bytes: Buffer, length: number): void {
    if (this.#over || this.#broken !== undefined) return;
    if (this.#nextHead === undefined) {
      this.#read(bytes, length);
      return;
    }
    const piece = bytes.subarray(0, length);
    const waiting = this.#waiting;
    this.#waiting = waiting === undefined ? Buffer.from(piece) : Buffer.concat([waiting, piece]);
    if (this.#waiting.length > MOST_WAITING_BYTES) this.socket.pause();
  }

  #read(bytes: Buffer, length: number): void {
    const parser = this.#parser;
    try {
      for (let at = 0; at < length && !this.#over;) {
        if (parser.head !== undefined && parser.ended) parser.next();
        const isBody = parser.head !== undefined;
        at = parser.read(bytes, at, length);
        const { head } = parser;
        if (head === undefined) continue;
        if (!isBody) {
          if (this.#exchange !== undefined) {
            this.#nextHead = head;
            if (at < length) this.#waiting = Buffer.from(bytes.subarray(at, length));
            return;
          }
          this.#begin(head);
        }
        if (parser.ended) this.#received();
      }
    } catch (error) {
      if (error instanceof FramingError) this.#isBroken(error);
      else this.#isBug(error);
      return;
    }
    if (this.#exchange === undefined && parser.begun && this.#whenDue === "close") this.#awaitHead();
  }

  /** A further request has its time from its first byte. */
  #awaitHead(): void {
    this.#await(this.#terms.headersTimeoutMs, "refuse");
  }

  #begin(head: RequestHead): void {
    const { observer, deadlines } = this.#terms;
    this.#dueAt = Infinity;
    this.#unwanted = 0;
    const request = new HttpRequest(head, this.remoteAddress);
    const reply = new HttpReply(this, request, this.#terms.replyTerms(), deadlines);
    const record = newRecord(observer, request);
    this.#exchange = { request, reply, record, answered: false };
    if (head.method === "CONNECT") {
      this.#refuse(TUNNEL);
      return;
    }
    if (head.minor === 1 && header(request.headers, "expect")?.toLowerCase() === "100-continue") {
      this.socket.write("HTTP/1.1 100 Continue\r\n\r\n", "latin1");
    }
    try {
      this.#terms.onRequest(request, reply, record);
    } catch (error) {
      this.#isBug(error);
    }
  }

  #isBug(error: unknown): void {
    this.#terms.onBug(error, this.#exchange?.record.requestId ?? "");
    this.socket.destroy();
  }

  /** The present request is there to its end. */
  #received(): void {
    const exchange = this.#exchange;
    if (exchange === undefined || exchange.request.complete) return;
    exchange.request.end();
    if (exchange.answered) this.#goOn(exchange.reply);
  }

  /** After a request that was read and answered to the end. */
  #goOn({ last }: HttpReply): void {
    this.#exchange = undefined;
    if (last) {
      this.#over = true;
      this.socket.destroySoon();
      return;
    }
    const { idleConnectionMs } = this.#terms;
    this.#await(idleConnectionMs === 0 ? 0 : idleConnectionMs + IDLE_GRACE_MS, "close");
    if (this.#broken !== undefined) {
      this.#isBroken(this.#broken);
      return;
    }
    const head = this.#nextHead;
    if (head !== undefined) {
      this.#nextHead = undefined;
      const bytes = this.#waiting;
      this.#waiting = undefined;
      this.#begin(head);
      if (this.#parser.ended) this.#received();
      if (bytes !== undefined) this.#read(bytes, bytes.length);
      this.#readOn();
      // It is incomplete for good.
      if (this.#clientEnded && this.#isIncomplete) this.#onEnd();
    } else if (this.#clientEnded) {
      this.#onEnd();
    } else if (this.#parser.begun) {
      this.#awaitHead();
    }
  }

  #readOn(): void {
    if (this.#waiting === undefined || this.#waiting.length <= MOST_WAITING_BYTES) this.socket.resume();
  }

  #isBroken(error: FramingError): void {
    const exchange = this.#exchange;
    if (exchange !== undefined && exchange.request.complete && exchange.reply.headSent) {
      // Its answer is under way: first that.
      this.#broken = error;
      return;
    }
    this.#refuse(error.code === "ERR_HTTP1_HEAD_TOO_LARGE" ? TOO_LARGE_HEAD : malformed(error.message));
  }

  /** The socket is read on until the client closes it. */
  #refuse(refusal: Refusal): void {
    const { observer } = this.#terms;
    const exchange = this.#exchange;
    this.#over = true;
    this.#linger(LINGER_MS);
    const isItsBody = exchange !== undefined && !exchange.request.complete;
    if (isItsBody && exchange.reply.headSent) {
      // It has its answer already.
      this.socket.end();
    } else {
      const record = isItsBody ? exchange.record : newRecord(observer, undefined);
      record.settle(refusal.outcome);
      record.status = refusal.status;
      this.socket.end(refusalText(refusal, record.requestId), "latin1");
      if (exchange !== undefined) this.#end(exchange);
      exchange?.request.lose();
      if (!isItsBody) record.end(true);
    }
    // There is nothing to wait for.
    if (this.#clientEnded) this.socket.destroySoon();
  }

  #onEnd(): void {
    this.#clientEnded = true;
    const exchange = this.#exchange;
    if (this.#over) this.socket.destroySoon();
    else if (exchange === undefined || !exchange.request.complete) {
      if (this.#parser.begun) this.#isBroken(new FramingError("it ends before it is complete"));
      else this.socket.destroySoon();
    } else this.#halfClosed ??= new HalfClosedClient(() => this.#exchange?.reply.probe());
  }

  #onClose(): void {
    this.#over = true;
    this.#halfClosed?.stop();
    this.#terms.deadlines.delete(this);
    const exchange = this.#exchange;
    this.#exchange = undefined;
    this.#nextHead = undefined;
    this.#waiting = undefined;
    if (exchange !== undefined) {
      this.#end(exchange);
      exchange.request.lose();
    }
    this.#terms.onClosed(this);
  }

  /** The answer is over, and with it what is told of its request. */
  #end({ reply, record, answered }: Exchange): void {
    reply.close();
    record.bytes = reply.bytes;
    if (record.status === 0) record.status = reply.status;
    record.end(answered);
  }
}
