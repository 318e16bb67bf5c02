/**
 * One client's connection, and what is said of it by no single answer: that the client has left.
 *
 * A client that closes its socket and one that closes only its sending side (RFC 9293, section 3.6: it still reads) look
 * the same until something is written: the first answers with a reset, the second takes it.
 */
import type { Socket } from "node:net";

/** An answer under way on a connection. */
export interface OpenAnswer {
  /**
   * Writes what means nothing to the client, so that its system answers whether it is still there.
   * False when it is not this answer's turn on the connection.
   */
  probe(): boolean;
}

/** After the client has closed its side: a reset takes one round trip, and the write after it finds it. */
const PROBE_AFTER_MS = [20, 80, 400];
/** A client may still leave later. */
const PROBE_EVERY_MS = 15_000;

export class Connection {
  static readonly #all = new WeakMap<Socket, Connection>();
  readonly #socket: Socket;
  /** In the order in which they were asked for: HTTP/1.1 clients may send several requests at once. */
  readonly #answers = new Set<OpenAnswer>();
  #probes = 0;
  #timer: NodeJS.Timeout | undefined;

  /** The one of this socket. */
  static of(socket: Socket): Connection {
    let connection = Connection.#all.get(socket);
    if (connection === undefined) {
      connection = new Connection(socket);
      Connection.#all.set(socket, connection);
    }
    return connection;
  }

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("end", () => this.#probe());
  }

  add(answer: OpenAnswer): void {
    this.#answers.add(answer);
  }

  delete(answer: OpenAnswer): void {
    this.#answers.delete(answer);
    if (this.#answers.size === 0) clearTimeout(this.#timer);
  }

  #probe(): void {
    for (const answer of this.#answers) if (answer.probe()) break;
    if (this.#answers.size === 0 || this.#socket.destroyed) return;
    const wait = PROBE_AFTER_MS[this.#probes] ?? PROBE_EVERY_MS;
    this.#probes += 1;
    this.#timer = setTimeout(() => this.#probe(), wait).unref();
  }
}
