/** The connections to one origin, and the calls that wait for one, in order. */
import { type ConnectionOwner, Http1Connection } from "./http1-connection.ts";
import { addressOf, type OriginAddress } from "./http1-request-text.ts";
import type { SocketOpener } from "./http1-socket.ts";
import type { TimerWheel } from "./http1-timer-wheel.ts";

export interface PoolOptions {
  /** Most connections at one time, idle ones included; also, most calls that wait for one. */
  maxConnections: number;
  /** How long an unused connection stays open where the server gives no hint, in milliseconds. */
  keepAliveMs: number;
  /** Larger response heads are refused, in bytes. */
  maxHeaderBytes: number;
}

/** A call that waits for a connection. */
export interface Waiting {
  take(connection: Http1Connection): void;
}

/** A server's own hint is shortened by as much: it closes by its own clock, while our next request is on its way. */
const HINT_MARGIN_MS = 2_000;
const LONGEST_KEEP_ALIVE_MS = 600_000;

export class Http1Pool implements ConnectionOwner {
  readonly wheel: TimerWheel;
  readonly #origin: string;
  readonly address: OriginAddress;
  readonly #opener: SocketOpener;
  readonly #options: PoolOptions;
  /** The most recently used is last and taken first, so that the others can grow old and close. */
  readonly #idle: Http1Connection[] = [];
  /** All that are open or being opened. */
  #size = 0;
  readonly #waiting = new Set<Waiting>();
  readonly #onEmpty: () => void;

  /** `onEmpty` is called each time the last connection is gone. */
  constructor(
    origin: string,
    opener: SocketOpener,
    wheel: TimerWheel,
    options: PoolOptions,
    onEmpty: () => void,
  ) {
    this.wheel = wheel;
    this.#origin = origin;
    this.address = addressOf(origin);
    this.#opener = opener;
    this.#options = options;
    this.#onEmpty = onEmpty;
  }

  /** Connections now open, opening or idle. */
  get size(): number {
    return this.#size;
  }

  /** A connection to use, or undefined when all are busy: then `wait` for one. */
  acquire(): Http1Connection | undefined {
    const idle = this.#idle.pop();
    if (idle !== undefined) {
      idle.hold(true);
      return idle;
    }
    return this.#size < this.#options.maxConnections ? this.#open() : undefined;
  }

  /** The next free connection goes to the one that has waited longest; false when too many wait already. */
  wait(waiting: Waiting): boolean {
    if (this.#waiting.size >= this.#options.maxConnections) return false;
    this.#waiting.add(waiting);
    return true;
  }

  stopWaiting(waiting: Waiting): void {
    this.#waiting.delete(waiting);
  }

  /**
   * After an answer that came whole.
   * @param hintMs how long the server says it keeps the connection, -1 for no hint
   * @param now on the clock of `performance.now()`
   */
  release(connection: Http1Connection, hintMs: number, now: number): void {
    connection.user = undefined;
    if (hintMs >= 0) connection.keepAliveMs = Math.min(hintMs - HINT_MARGIN_MS, LONGEST_KEEP_ALIVE_MS);
    if (!connection.reusable || connection.keepAliveMs <= 0) {
      this.discard(connection);
      return;
    }
    const next = this.#nextWaiting();
    if (next !== undefined) {
      next.take(connection);
      return;
    }
    connection.hold(false);
    this.wheel.set(connection, now + connection.keepAliveMs);
    this.#idle.push(connection);
  }

  /** After any other end: closes the socket at once. */
  discard(connection: Http1Connection): void {
    this.#close(connection);
    const next = this.#nextWaiting();
    if (next !== undefined) next.take(this.#open());
    else if (this.#size === 0) this.#onEmpty();
  }

  /** A new connection in place of one that failed. */
  replace(connection: Http1Connection): Http1Connection {
    this.#close(connection);
    return this.#open();
  }

  /** After a call that made no use of it. */
  leave(): void {
    if (this.#size === 0) this.#onEmpty();
  }

  closeIdle(): void {
    for (const connection of this.#idle.splice(0)) this.discard(connection);
  }

  onIdleOver(connection: Http1Connection): void {
    const at = this.#idle.lastIndexOf(connection);
    if (at === -1) return;
    this.#idle.splice(at, 1);
    this.discard(connection);
  }

  #nextWaiting(): Waiting | undefined {
    for (const waiting of this.#waiting) {
      this.#waiting.delete(waiting);
      return waiting;
    }
    return undefined;
  }

  #open(): Http1Connection {
    const connection = new Http1Connection(this.#origin, this.address, this.#opener, this, this.#options);
    this.#size += 1;
    return connection;
  }

  #close(connection: Http1Connection): void {
    this.#size -= 1;
    this.wheel.clear(connection);
    connection.destroy();
  }
}
