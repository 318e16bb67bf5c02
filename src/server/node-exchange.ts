/** `Call` and `Reply` over node:http. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { GatewayError } from "../errors.ts";
import type { Reply } from "../gateway/exchange.ts";

/** Pushes an answer to a socket. */
export class NodeReply implements Reply {
  readonly #response: ServerResponse;
  #onDrain: () => void = () => {};
  #onClose: () => void = () => {};

  constructor(response: ServerResponse) {
    this.#response = response;
    response.on("drain", () => this.#onDrain());
    response.on("close", () => this.#onClose());
    // A reset while writing is reported by `close` as well; without a listener it would end the process.
    response.on("error", () => {});
  }

  get headSent(): boolean {
    return this.#response.headersSent;
  }

  get closed(): boolean {
    return this.#response.writableEnded || this.#response.destroyed;
  }

  head(status: number, headers: Record<string, string>): void {
    if (this.closed) return;
    this.#response.writeHead(status, headers);
  }

  write(data: string | Buffer): boolean {
    if (this.closed) return true;
    return this.#response.write(data);
  }

  end(data?: string | Buffer): void {
    if (this.closed) return;
    if (data === undefined) this.#response.end();
    else this.#response.end(data);
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
}

/**
 * Receives a whole body. The promise rejects with `payload_too_large` as soon as the size is known to be over,
 * and with `client_closed` when the client leaves first; the caller then discards what is still to come.
 */
export function readBody(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const announced = Number(request.headers["content-length"] ?? 0);
  if (announced > maxBytes) return Promise.reject(tooLarge(maxBytes));
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    request.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > maxBytes) {
        chunks.length = 0;
        reject(tooLarge(maxBytes));
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

function tooLarge(maxBytes: number): GatewayError {
  return new GatewayError(
    { kind: "payload_too_large", maxBytes },
    `The request body is larger than ${maxBytes} bytes. Send large media by reference (a gs:// or https URL), or raise POLLUX_MAX_BODY_BYTES.`,
  );
}

function left(): GatewayError {
  return new GatewayError({ kind: "client_closed" }, "The client left before its request was complete.");
}
