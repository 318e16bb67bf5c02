/** Requests that `fetch` would not send: any header, any target, bodies of any size, text that is no HTTP. */
import { request as httpRequest, type IncomingHttpHeaders } from "node:http";
import { connect } from "node:net";

export interface RawAnswer {
  status: number;
  headers: IncomingHttpHeaders;
  body: string;
}

export interface RawRequest {
  method?: string;
  path?: string;
  headers?: Record<string, string>;
  /** Sent piece after piece, as the socket takes it; without `content-length` among the headers, chunked. */
  body?: Iterable<Buffer | string>;
}

/** Rejects when the connection ends before the whole answer has come. */
export function sendRaw(url: string, options: RawRequest): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    let answered = false;
    const request = httpRequest(
      url,
      {
        method: options.method ?? "POST",
        path: options.path ?? "/v1/chat/completions",
        headers: { "content-type": "application/json", ...options.headers },
        agent: false,
      },
      (response) => {
        let body = "";
        response.setEncoding("utf8");
        response.on("data", (text: string) => (body += text));
        response.on("error", reject);
        response.on("end", () => {
          answered = true;
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body });
          request.destroy();
        });
      },
    );
    request.on("error", reject);
    const pieces = (options.body ?? [])[Symbol.iterator]();
    const write = (): void => {
      if (answered) return;
      const next = pieces.next();
      if (next.done === true) request.end();
      else if (request.write(next.value)) setImmediate(write);
      else request.once("drain", write);
    };
    write();
  });
}

/** `bytes` of one byte, in pieces of 64 KiB. */
export function* filler(bytes: number, text = "x"): Generator<Buffer> {
  const piece = Buffer.alloc(65_536, text);
  for (let left = bytes; left > 0; left -= piece.length)
    yield left < piece.length ? piece.subarray(0, left) : piece;
}

/** What a text, each character one byte, is answered with, to the end of the connection. */
export function sendText(url: string, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(url).port), "127.0.0.1", () => socket.write(text, "latin1"));
    let answer = "";
    socket.setEncoding("utf8");
    socket.on("data", (data: string) => (answer += data));
    socket.on("close", () => resolve(answer));
    socket.on("error", reject);
  });
}
