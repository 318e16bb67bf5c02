import { isIP, type LookupFunction, Socket } from "node:net";
import { buildConnector, Client } from "undici";

export interface ConnectionPoolOptions {
  /** Most connections at one time, idle ones included. */
  maxConnections: number;
  /** How long an unused connection stays open where the server gives no hint, in milliseconds. */
  keepAliveMs: number;
  /** Larger response heads are refused, in bytes. */
  maxHeaderBytes: number;
  /** Finds the addresses of a host. */
  lookup: LookupFunction;
}

/** One socket to the upstream (undici opens it again if it was closed before it was needed). */
export interface Connection {
  readonly client: Client;
  /** Requests already sent on the present socket; more than 0 means that it is being reused. */
  served: number;
  /** Told when the socket could not be opened. Set while leased. */
  onConnectError: ((error: Error) => void) | undefined;
  /** The socket while it is being opened, TLS included; undici has it after that. */
  opening: Socket | undefined;
  /** The address of the host is known, or its name is one. */
  found: boolean;
}

/**
 * The connections to one origin, one request at a time on each.
 *
 * undici's own `Pool` would do most of this. What it cannot do is let go of a request that has not got a socket yet,
 * or say whether a socket is being reused; and it looks through all its clients on every dispatch.
 */
export class ConnectionPool {
  readonly #origin: string;
  readonly #options: ConnectionPoolOptions;
  readonly #connect: buildConnector.connector;
  /** The most recently used is last and taken first, so that the others can grow old and close. */
  readonly #idle: Connection[] = [];
  readonly #all = new Set<Connection>();
  readonly #waiting = new Set<(connection: Connection) => void>();
  readonly #onEmpty: () => void;

  /** `onEmpty` is called each time the last connection is gone. */
  constructor(origin: string, options: ConnectionPoolOptions, onEmpty: () => void) {
    this.#origin = origin;
    this.#options = options;
    this.#onEmpty = onEmpty;
    // One connector for all: it holds the TLS sessions to resume. Our own timers do the timing.
    this.#connect = buildConnector({ allowH2: false, timeout: 0, lookup: options.lookup });
  }

  /** Connections now open, opening or idle. */
  get size(): number {
    return this.#all.size;
  }

  get idle(): number {
    return this.#idle.length;
  }

  /** A connection to use, or undefined when all are busy: then `wait` for one. */
  acquire(): Connection | undefined {
    const idle = this.#idle.pop();
    if (idle !== undefined) return idle;
    return this.#all.size < this.#options.maxConnections ? this.#open() : undefined;
  }

  /** Calls back with the next free connection; false when as many wait as there are connections. */
  wait(take: (connection: Connection) => void): boolean {
    if (this.#waiting.size >= this.#options.maxConnections) return false;
    this.#waiting.add(take);
    return true;
  }

  stopWaiting(take: (connection: Connection) => void): void {
    this.#waiting.delete(take);
  }

  /** After an exchange that ended well. */
  release(connection: Connection): void {
    connection.onConnectError = undefined;
    const next = this.#nextWaiting();
    if (next !== undefined) next(connection);
    else this.#idle.push(connection);
  }

  /** After any other end: closes the socket at once. */
  discard(connection: Connection): void {
    this.#close(connection);
    const next = this.#nextWaiting();
    if (next !== undefined) next(this.#open());
    else if (this.#all.size === 0) this.#onEmpty();
  }

  /** A new connection in place of one that failed. */
  replace(connection: Connection): Connection {
    this.#close(connection);
    return this.#open();
  }

  closeIdle(): void {
    for (const connection of this.#idle.splice(0)) this.discard(connection);
  }

  #nextWaiting(): ((connection: Connection) => void) | undefined {
    for (const take of this.#waiting) {
      this.#waiting.delete(take);
      return take;
    }
    return undefined;
  }

  #open(): Connection {
    const client = new Client(this.#origin, {
      connect: (options, callback) => {
        // The declaration says void; the socket is returned all the same, and closing it early needs it.
        const socket: unknown = this.#connect(options, callback);
        if (!(socket instanceof Socket)) return;
        connection.opening = socket;
        socket.once("lookup", () => (connection.found = true));
      },
      pipelining: 1,
      headersTimeout: 0,
      bodyTimeout: 0,
      keepAliveTimeout: this.#options.keepAliveMs,
      maxHeaderSize: this.#options.maxHeaderBytes,
    });
    const found = isIP(new URL(this.#origin).hostname.replace(/^\[|\]$/g, "")) !== 0;
    const connection: Connection = {
      client,
      served: 0,
      onConnectError: undefined,
      opening: undefined,
      found,
    };
    this.#all.add(connection);
    client.on("connect", () => {
      connection.served = 0;
      connection.opening = undefined;
    });
    client.on("connectionError", (_origin, _targets, error) => {
      connection.opening = undefined;
      connection.onConnectError?.(error);
    });
    client.on("disconnect", () => {
      const at = this.#idle.lastIndexOf(connection);
      if (at === -1) return;
      this.#idle.splice(at, 1);
      this.discard(connection);
    });
    return connection;
  }

  #close(connection: Connection): void {
    connection.onConnectError = undefined;
    this.#all.delete(connection);
    connection.client.destroy(null, ignore);
    // undici would let the opening go on to its end first.
    connection.opening?.destroy();
  }
}

function ignore(): void {}
