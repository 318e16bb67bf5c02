/** The HTTP server: where it listens, and the bounds on what its clients may hold open. */
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import type { Limits } from "../gateway/gateway.ts";
import type { Observer } from "../observe/observer.ts";
import { ClientConnection, type ConnectionTerms } from "./client-connection.ts";
import type { Deadlines } from "./deadlines.ts";
import { connectionsThatFit } from "./open-file-limit.ts";

export interface HttpServerOptions extends Pick<ConnectionTerms, "replyTerms" | "onRequest" | "onBug"> {
  /** Those of its start count. */
  limits: Limits;
  observer: Observer;
  deadlines: Deadlines;
}

export class HttpServer {
  readonly #server: Server;
  readonly #connections = new Set<ClientConnection>();
  readonly #terms: ConnectionTerms;
  readonly #most: number;
  /** 0 for any number. */
  readonly #mostOfAddress: number;
  /** How many connections each address has. */
  readonly #byAddress = new Map<string | undefined, number>();
  #stopped = false;
  readonly #closed = Promise.withResolvers<void>();

  /** Not listening yet. */
  constructor({ limits, observer, deadlines, replyTerms, onRequest, onBug }: HttpServerOptions) {
    const { headersTimeoutMs, idleConnectionMs, maxHeaderBytes, maxBufferedBytes } = limits;
    this.#terms = {
      observer,
      deadlines,
      headersTimeoutMs,
      idleConnectionMs,
      maxHeaderBytes,
      maxBufferedBytes,
      keptLines: keptLinesFor(idleConnectionMs),
      replyTerms,
      onRequest,
      onBug,
      onClosed: (connection) => this.#onClosed(connection),
    };
    this.#most = Math.min(limits.maxConnections, connectionsThatFit() ?? Infinity);
    this.#mostOfAddress = limits.maxConnectionsPerAddress;
    this.#server = createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: true });
    this.#server.on("connection", (socket) => this.#onConnection(socket));
    this.#server.once("close", () => {
      this.#stopped = true;
      this.#closeIfEmpty();
    });
  }

  get listening(): boolean {
    return this.#server.listening;
  }

  /** Where it listens; undefined before that. */
  get address(): AddressInfo | undefined {
    const address = this.#server.address();
    return typeof address === "object" && address !== null ? address : undefined;
  }

  /** Resolves once it listens. Rejects with the system's error when it cannot. */
  listen(at: { host: string; port: number }): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(at, () => {
        this.#server.off("error", reject);
        resolve();
      });
    });
  }

  /** Takes no more connections and closes the idle ones. */
  close(): void {
    this.#server.close();
    this.closeIdleConnections();
  }

  /** Resolves when it is closed and the last of its connections as well. */
  get closed(): Promise<void> {
    return this.#closed.promise;
  }

  closeIdleConnections(): void {
    for (const connection of this.#connections) if (connection.idle) connection.socket.destroy();
  }

  closeAllConnections(): void {
    for (const connection of this.#connections) connection.socket.destroy();
  }

  /** Those over a bound are closed before a byte of them is read. */
  #onConnection(socket: Socket): void {
    const address = socket.remoteAddress;
    const ofAddress = this.#byAddress.get(address) ?? 0;
    const most = this.#mostOfAddress;
    if (this.#connections.size >= this.#most || (most > 0 && ofAddress >= most)) {
      this.#terms.observer.connectionRefused();
      socket.destroy();
      return;
    }
    this.#byAddress.set(address, ofAddress + 1);
    this.#connections.add(new ClientConnection(socket, this.#terms));
  }

  #onClosed(connection: ClientConnection): void {
    this.#connections.delete(connection);
    const { remoteAddress } = connection;
    const left = (this.#byAddress.get(remoteAddress) ?? 0) - 1;
    if (left > 0) this.#byAddress.set(remoteAddress, left);
    else this.#byAddress.delete(remoteAddress);
    this.#closeIfEmpty();
  }

  #closeIfEmpty(): void {
    if (this.#stopped && this.#connections.size === 0) this.#closed.resolve();
  }
}

/** Clients that know how long a connection is kept do not use it just as it is closed (RFC 2068, section 19.7.1.1). */
function keptLinesFor(idleConnectionMs: number): string {
  const hint =
    idleConnectionMs === 0 ? "" : `keep-alive: timeout=${Math.floor(idleConnectionMs / 1_000)}\r\n`;
  return `connection: keep-alive\r\n${hint}\r\n`;
}
