/** One socket to an origin and what is on it: one request at a time, or none. */
import { isIP, type Socket } from "node:net";
import { corkForTurn } from "../wire/turn-end.ts";
import { ResponseParser } from "./http1-response-parser.ts";
import type { OriginAddress, RequestText } from "./http1-request-text.ts";
import type { SocketListener, SocketOpener } from "./http1-socket.ts";
import type { WheelEntry } from "./http1-timer-wheel.ts";
import { handedOut, isList, piecesOf } from "./sent-body.ts";

/** Who uses a connection. */
export interface ConnectionUser {
  /** The socket is open: the request can be sent. */
  onReady(): void;
  /** The socket could not be opened. */
  onConnectError(error: Error): void;
  /** Some of the answer came; the parser's fields say what. */
  onAnswer(parser: ResponseParser): void;
  /** The socket is gone, or will bring no more. */
  onLost(error: Error): void;
  onDue(): void;
}

/** Who owns it. */
export interface ConnectionOwner {
  /** It closed, timed out, or was sent something, while nobody used it. */
  onIdleOver(connection: Http1Connection): void;
}

/** Up to this size, a request leaves in one piece; larger ones are handed out as the socket takes them. */
const ONE_PIECE_BYTES = 64 * 1024;

export class Http1Connection implements WheelEntry, SocketListener {
  // Deadlines of whoever uses it, or of being unused.
  dueAt = Infinity;
  wheelTick = -1;
  wheelIndex = 0;

  /** Undefined: idle. */
  user: ConnectionUser | undefined;
  /** Requests sent on it before the present one. */
  served = 0;
  /** How long it may stay unused, in milliseconds. */
  keepAliveMs: number;
  /** The address of the host is known, or its name is one. */
  found: boolean;
  readonly #owner: ConnectionOwner;
  readonly #parser: ResponseParser;
  readonly #socket: Socket;
  #ready = false;
  #dead = false;
  #large = false;
  /** A request that is still being written. */
  #sending: Iterator<Uint8Array> | undefined;

  constructor(
    origin: string,
    address: OriginAddress,
    opener: SocketOpener,
    owner: ConnectionOwner,
    options: { keepAliveMs: number; maxHeaderBytes: number },
  ) {
    this.#owner = owner;
    this.found = isIP(address.hostname) !== 0;
    this.keepAliveMs = options.keepAliveMs;
    this.#parser = new ResponseParser(options.maxHeaderBytes);
    this.#socket = opener.open(origin, address, this);
    this.#socket
      .once("lookup", () => (this.found = true))
      .on(address.secure ? "secureConnect" : "connect", () => {
        this.#ready = true;
        this.user?.onReady();
      })
      .on("drain", () => this.#sendMore())
      .on("error", (error: Error) => {
        if (!this.#ready) opener.forget(origin);
        this.#lost(error);
      })
      .on("end", () => this.#onEnd())
      .on("close", () => this.#lost(closedByPeer()));
  }

  get ready(): boolean {
    return this.#ready;
  }

  /** Whether another request may be sent: nothing is left over from the last one on either side. */
  get reusable(): boolean {
    // A small request was given to the system in one piece, even where it has not yet said so.
    const sent = !this.#large || (this.#sending === undefined && this.#socket.writableLength === 0);
    return sent && !this.#dead && this.#parser.reusable;
  }

  send({ head, body, length }: RequestText): void {
    this.served += 1;
    this.#parser.reset();
    const socket = this.#socket;
    corkForTurn(socket);
    this.#large = length > ONE_PIECE_BYTES;
    if (this.#large) {
      this.#sending = handedOut(piecesOf(body));
      socket.cork();
      socket.write(head, "latin1");
      this.#sendMore();
      socket.uncork();
    } else if (body === undefined || length === 0) {
      socket.write(head, "latin1");
    } else if (typeof body === "string" && body.length === length) {
      // All ASCII, so the cheapest encoding says the same.
      socket.write(head + body, "latin1");
    } else if (typeof body === "string" && Buffer.byteLength(head) === head.length) {
      socket.write(head + body, "utf8");
    } else {
      const pieces = typeof body === "string" ? [Buffer.from(body)] : isList(body) ? body : [body];
      socket.write(Buffer.concat([Buffer.from(head, "latin1"), ...pieces]));
    }
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** The process may end while only unused connections are open. */
  hold(held: boolean): void {
    if (held) this.#socket.ref();
    else this.#socket.unref();
  }

  /** Closes the socket at once; nobody is told. */
  destroy(): void {
    this.#dead = true;
    this.user = undefined;
    this.#sending = undefined;
    this.#socket.destroy();
  }

  onRead(bytes: Buffer, length: number): void {
    if (this.#dead) return;
    const { user } = this;
    if (user === undefined) {
      // An answer to no request.
      this.#idleOver();
    } else if (this.#ready) {
      this.#parser.push(bytes, 0, length);
      user.onAnswer(this.#parser);
    } else {
      this.#lost(closedByPeer());
    }
  }

  onDue(): void {
    if (this.#dead) return;
    if (this.user !== undefined) this.user.onDue();
    else this.#idleOver();
  }

  #onEnd(): void {
    const { user } = this;
    if (user === undefined || !this.#ready) {
      this.#lost(closedByPeer());
      return;
    }
    this.#parser.finish();
    if (this.#parser.ended) user.onAnswer(this.#parser);
    else this.#lost(closedByPeer());
  }

  #lost(error: Error): void {
    if (this.#dead) return;
    this.#dead = true;
    this.#sending = undefined;
    const { user } = this;
    if (user === undefined) this.#owner.onIdleOver(this);
    else if (this.#ready) user.onLost(error);
    else user.onConnectError(error);
  }

  #idleOver(): void {
    this.#dead = true;
    this.#owner.onIdleOver(this);
  }

  #sendMore(): void {
    const sending = this.#sending;
    if (sending === undefined) return;
    for (;;) {
      const { done, value } = sending.next();
      if (done === true) {
        this.#sending = undefined;
        return;
      }
      if (!this.#socket.write(value)) return;
    }
  }
}

function closedByPeer(): Error {
  return Object.assign(new Error("other side closed"), { code: "ECONNRESET" });
}
