/** A request as its handlers see it: its head, and its body as it comes. */
import type { RequestHeaders } from "../gateway/exchange.ts";
import type { RequestHead } from "./request-head.ts";

/** Who wants a body. */
export interface BodyReceiver {
  /** Bytes `from` (included) to `to`, which are lent: they are overwritten after the call. False: no more are wanted. */
  onBytes(bytes: Buffer, from: number, to: number): boolean;
  onEnd(): void;
  /** The rest will not come. */
  onLost(): void;
}

export class HttpRequest {
  readonly method: string;
  /** As it was sent: a path, a whole URL, or `*`. */
  readonly target: string;
  /** Of HTTP/1: 0 or 1. */
  readonly minor: number;
  readonly headers: RequestHeaders;
  /** How many bytes its body is said to have; 0 where nobody said. */
  readonly announced: number;
  /** The client will send another request on this connection. */
  readonly persistent: boolean;
  /** Of the client; undefined once it has gone. */
  readonly remoteAddress: string | undefined;
  #receiver: BodyReceiver | undefined;
  #complete = false;

  constructor(head: RequestHead, remoteAddress: string | undefined) {
    this.method = head.method;
    this.target = head.target;
    this.minor = head.minor;
    this.headers = head.headers;
    this.announced = Math.max(0, head.contentLength);
    this.persistent = head.persistent;
    this.remoteAddress = remoteAddress;
  }

  /** All of its body has come. */
  get complete(): boolean {
    return this.#complete;
  }

  /** To be called before the handler of the request returns: a body that nobody wants by then is dropped. */
  receive(receiver: BodyReceiver): void {
    this.#receiver = receiver;
  }

  // What its connection tells.

  /** Whether anybody wanted them. */
  push(bytes: Buffer, from: number, to: number): boolean {
    return this.#receiver?.onBytes(bytes, from, to) ?? false;
  }

  end(): void {
    this.#complete = true;
    const receiver = this.#receiver;
    // It holds the body.
    this.#receiver = undefined;
    receiver?.onEnd();
  }

  lose(): void {
    const receiver = this.#receiver;
    this.#receiver = undefined;
    if (!this.#complete) receiver?.onLost();
  }
}
