/** Clients on bare sockets, each with one bad habit: slow, silent, lying, impatient, or gone. */
import { once } from "node:events";
import { connect, type Socket } from "node:net";

export interface RawClient {
  socket: Socket;
  /** Everything that has been received, each character one byte. */
  received(): string;
  /** Bytes that have been received. */
  readonly bytes: number;
  /** How the connection ended, once it has: with the server's end, or with a reset. */
  readonly closed: Promise<"end" | "reset">;
  readonly isClosed: boolean;
  /** `performance.now()` when it was closed. */
  readonly closedAt: number | undefined;
}

export interface ClientOptions {
  /** Keeps reading after the server has ended, and writing: only `destroy` ends it. */
  allowHalfOpen?: boolean;
  /** What is received is counted and dropped. */
  forget?: boolean;
  /** Not a byte is read until `socket.resume()`. */
  paused?: boolean;
}

/** A connection on which nothing has been sent. Rejects when it cannot be made. */
export async function rawClient(url: string, options: ClientOptions = {}): Promise<RawClient> {
  const { hostname, port } = new URL(url);
  const socket = connect({
    port: Number(port),
    host: hostname,
    allowHalfOpen: options.allowHalfOpen ?? false,
  });
  await once(socket, "connect");
  let text = "";
  let bytes = 0;
  let ended = false;
  let closedAt: number | undefined;
  socket.on("error", () => {});
  socket.on("end", () => (ended = true));
  const closed = new Promise<"end" | "reset">((resolve) => {
    socket.on("close", () => {
      closedAt = performance.now();
      resolve(ended ? "end" : "reset");
    });
  });
  socket.on("data", (data: Buffer) => {
    bytes += data.length;
    if (options.forget !== true) text += data.toString("latin1");
  });
  if (options.paused === true) socket.pause();
  return {
    socket,
    received: () => text,
    get bytes() {
      return bytes;
    },
    closed,
    get isClosed() {
      return closedAt !== undefined;
    },
    get closedAt() {
      return closedAt;
    },
  };
}

export interface RawPost {
  path?: string;
  headers?: Record<string, string>;
  version?: "1.0" | "1.1";
  /** What `content-length` says, where it is not the truth. */
  length?: number;
}

/** A POST as text, each character one byte. */
export function postText(body: unknown, options: RawPost = {}): string {
  const text = Buffer.from(typeof body === "string" ? body : JSON.stringify(body)).toString("latin1");
  const headers = {
    host: "localhost",
    "content-type": "application/json",
    "content-length": String(options.length ?? text.length),
    ...options.headers,
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `POST ${options.path ?? "/v1/chat/completions"} HTTP/${options.version ?? "1.1"}\r\n${lines.join("")}\r\n${text}`;
}

/** Sends a text bit by bit, until it is sent or the server has closed. Resolves with the bytes that were sent. */
export function drip(client: RawClient, text: string, bytes: number, everyMs: number): Promise<number> {
  return new Promise((resolve) => {
    let sent = 0;
    const timer = setInterval(() => {
      if (client.isClosed || client.socket.writableEnded || sent >= text.length) {
        clearInterval(timer);
        resolve(sent);
        return;
      }
      client.socket.write(text.slice(sent, sent + bytes), "latin1");
      sent += bytes;
    }, everyMs);
  });
}

/** Reads so many bytes a second, a bit ten times a second, until the connection is closed. */
export function readSlowly(client: RawClient, bytesPerSecond: number): void {
  const { socket } = client;
  let allowed = 0;
  socket.removeAllListeners("data");
  socket.pause();
  const timer = setInterval(() => {
    allowed += bytesPerSecond / 10;
    for (let piece = read(); piece !== null; piece = read()) allowed -= piece.length;
  }, 100);
  const read = (): Buffer | null => {
    const size = Math.min(Math.floor(allowed), socket.readableLength);
    // `read(0)` asks for more without taking any.
    return (socket.read(size) as Buffer | null) ?? null;
  };
  socket.on("close", () => clearInterval(timer));
}

/** Many connections on which nothing is sent; as many as could be made. */
export async function idleClients(url: string, count: number): Promise<RawClient[]> {
  const clients: RawClient[] = [];
  // So many at once as a listening socket's queue holds.
  for (let left = count; left > 0; left -= 200) {
    const made = await Promise.allSettled(
      Array.from({ length: Math.min(200, left) }, () => rawClient(url, { forget: true })),
    );
    for (const one of made) if (one.status === "fulfilled") clients.push(one.value);
  }
  return clients;
}
