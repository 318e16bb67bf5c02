/** A socket to an origin, in the clear or over TLS, that hands out what it reads without allocating for it. */
import { connect as connectPlain, type LookupFunction, type Socket } from "node:net";
import { connect as connectSecure, createSecureContext, type SecureContext, type TLSSocket } from "node:tls";
import { readBuffer } from "../wire/read-buffer.ts";
import type { OriginAddress } from "./http1-request-text.ts";

/** How long a connection may be silent before the system asks whether the other side is still there. */
const PROBE_AFTER_MS = 60_000;

/** Sessions kept for resumption. Callers choose locations, and with them hosts. */
const MAX_SESSIONS = 256;

export interface SocketListener {
  /** Bytes 0 to `length` are lent: they are overwritten after the call. */
  onRead(bytes: Buffer, length: number): void;
}

/** Opens sockets; certificates are checked as Node does by default, and TLS sessions are resumed. */
export class SocketOpener {
  /** The latest session by origin, oldest first. */
  readonly #sessions = new Map<string, Buffer>();
  readonly #lookup: LookupFunction;
  /** Made once: it holds all trusted authorities. */
  #context: SecureContext | undefined;

  constructor(lookup: LookupFunction) {
    this.#lookup = lookup;
  }

  /** The socket is ready at its `secureConnect` or `connect`. */
  open(origin: string, address: OriginAddress, listener: SocketListener): Socket {
    const options = {
      host: address.hostname,
      port: address.port,
      lookup: this.#lookup,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: PROBE_AFTER_MS,
      // Of IPv6 and IPv4, whichever answers first (RFC 8305).
      autoSelectFamily: true,
      onread: {
        buffer: readBuffer(),
        callback: (length: number, bytes: Uint8Array): boolean => {
          listener.onRead(bytes as Buffer, length);
          return true;
        },
      },
    };
    if (!address.secure) return connectPlain(options);
    this.#context ??= createSecureContext();
    const session = this.#sessions.get(origin);
    const socket: TLSSocket = connectSecure({
      ...options,
      secureContext: this.#context,
      ALPNProtocols: ["http/1.1"],
      ...(address.servername === undefined ? {} : { servername: address.servername }),
      ...(session === undefined ? {} : { session }),
    });
    socket.on("session", (fresh: Buffer) => this.#keepSession(origin, fresh));
    return socket;
  }

  /** After a handshake that failed: the session may be why. */
  forget(origin: string): void {
    this.#sessions.delete(origin);
  }

  #keepSession(origin: string, session: Buffer): void {
    this.#sessions.delete(origin);
    this.#sessions.set(origin, session);
    if (this.#sessions.size <= MAX_SESSIONS) return;
    for (const oldest of this.#sessions.keys()) {
      this.#sessions.delete(oldest);
      return;
    }
  }
}
