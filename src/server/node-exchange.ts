/** `Call` and `Reply` over node:http. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { GatewayError } from "../errors.ts";
import { bodyTooLarge } from "../gateway/body-limit.ts";
import type { Reply } from "../gateway/exchange.ts";
import { endOnceReceived } from "./end-once-received.ts";

/** A client that takes not a byte for this long, of an answer that is waiting to be read, is let go. */
const LONGEST_STALL_MS = 60_000;

/** Pushes an answer to a socket. */
export class NodeReply implements Reply {
  readonly #response: ServerResponse;
  readonly #closing: () => boolean;
  readonly #longestStallMs: number;
  #watched = false;
  #ended = false;
  #onDrain: () => void = () => {};
  #onClose: () => void = () => {};

  /** @param closing true when the connection is not to be kept for another request */
  constructor(response: ServerResponse, closing: () => boolean, longestStallMs = LONGEST_STALL_MS) {
    this.#response = response;
    this.#closing = closing;
    this.#longestStallMs = longestStallMs;
    response.on("drain", () => this.#onDrain());
    response.on("close", () => this.#onClose());
    // A reset while writing is reported by `close` as well; without a listener it would end the process.
    response.on("error", () => {});
  }

  get headSent(): boolean {
    return this.#response.headersSent;
  }

  get closed(): boolean {
    return this.#ended || this.#response.destroyed;
  }

  head(status: number, headers: Record<string, string>): void {
    if (this.closed) return;
    this.#response.writeHead(status, this.#closing() ? { ...headers, connection: "close" } : headers);
  }

  write(data: string | Buffer): boolean {
    if (this.closed) return true;
    const taken = this.#response.write(data);
    if (!taken) this.#watch();
    return taken;
  }

  end(data?: string | Buffer): void {
    if (this.closed) return;
    this.#ended = true;
    endOnceReceived(this.#response, data);
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
    if (this.#response.closed) listener();
  }

  /** The socket's own timer: it starts anew with every byte that the client takes. */
  #watch(): void {
    if (this.#watched) return;
    this.#watched = true;
    const response = this.#response;
    response.setTimeout(this.#longestStallMs, () => {
      if (response.writableLength > 0) response.destroy();
    });
  }
}

/**
 * Receives a whole body. The promise rejects with `payload_too_large` as soon as the size is known to be over,
 * and with `client_closed` when the client leaves first.
 */
export function readBody(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const announced = Number(request.headers["content-length"] ?? 0);
  if (announced > maxBytes) return Promise.reject(bodyTooLarge(maxBytes));
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    request.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > maxBytes) {
        chunks.length = 0;
        reject(bodyTooLarge(maxBytes));
        return;
      }
      chunks.push(chunk);
    });
    request.on("end", () => {
      const body = chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, bytes);
      // This listener lives as long as the connection's answer, which may be long.
      chunks.length = 0;
      resolve(body);
    });
    request.on("error", () => reject(left()));
    request.on("close", () => {
      if (!request.complete) reject(left());
    });
  });
}

function left(): GatewayError {
  return new GatewayError({ kind: "client_closed" }, "The client left before its request was complete.");
}
