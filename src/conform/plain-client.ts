/** A plain HTTP client that keeps everything it sees, and leaves when it is told to. */
import { type ClientRequest, type IncomingMessage, request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { accumulate } from "./accumulate.ts";
import type { CaseRequest } from "./case-schema.ts";
import { EventReader, type EventText } from "./event-text.ts";
import { parseJson } from "./json-value.ts";

/** What facts under `seen` are about. Of a stream it has the second half, of anything else `body`. */
export interface Seen {
  /** Undefined: no answer came. */
  status?: number;
  headers?: Record<string, string>;
  text?: string;
  /** Parsed where it is JSON. */
  body?: unknown;
  /** The connection ended before the answer was whole. */
  broken?: boolean;
  /** This client closed the connection itself. */
  left?: boolean;
  /** Nothing more came in time. */
  late?: boolean;
  /** The connection could not be used: why. */
  failed?: string;
  chunks?: unknown[];
  done?: boolean;
  error?: unknown;
  comments?: string[];
  /** Data that is no JSON. */
  malformed?: string[];
  /** What came after `[DONE]`. */
  after_done?: string[];
  message?: Record<string, unknown>;
}

export interface PlainRequest {
  url: string;
  method: string;
  headers: Record<string, string>;
  body: string | undefined;
  leave: CaseRequest["leave"];
  withinMs: number;
}

/** Never rejects: what goes wrong is part of what was seen. */
export function askPlainly(asked: PlainRequest): Promise<Seen> {
  return new Promise((resolve) => {
    const seen: Seen = {};
    let stream: StreamView | undefined;
    let text = "";
    let over = false;
    const make = asked.url.startsWith("https:") ? httpsRequest : httpRequest;
    const request: ClientRequest = make(asked.url, {
      method: asked.method,
      headers: asked.headers,
      agent: false,
    });
    const finish = (): void => {
      if (over) return;
      over = true;
      clearTimeout(deadline);
      clearTimeout(departure);
      if (seen.status !== undefined) {
        seen.text = text;
        if (stream === undefined) {
          const body = parseJson(text);
          if (body !== undefined) seen.body = body;
        } else Object.assign(seen, stream.view());
      }
      request.destroy();
      resolve(seen);
    };
    const leave = (): void => {
      seen.left = true;
      finish();
    };
    const deadline = setTimeout(() => {
      seen.late = true;
      finish();
    }, asked.withinMs);
    const { leave: leaving } = asked;
    const departure = leaving?.ms === undefined ? undefined : setTimeout(leave, leaving.ms);
    request.on("error", (error) => {
      if (over) return;
      seen.failed ??= error.message;
      if (seen.status !== undefined) seen.broken = true;
      finish();
    });
    request.on("response", (response) => {
      seen.status = response.statusCode ?? 0;
      seen.headers = headersOf(response);
      seen.broken = false;
      if (leaving?.after === "head") return leave();
      if (seen.headers["content-type"]?.startsWith("text/event-stream") === true) stream = new StreamView();
      response.setEncoding("utf8");
      response.on("data", (piece: string) => {
        text += piece;
        stream?.push(piece);
        if (leaving?.events !== undefined && stream !== undefined && stream.events >= leaving.events) leave();
      });
      response.on("end", finish);
      response.on("error", () => {
        seen.broken = true;
        finish();
      });
    });
    request.end(asked.body);
  });
}

class StreamView {
  events = 0;
  readonly #reader = new EventReader();
  readonly #chunks: unknown[] = [];
  readonly #malformed: string[] = [];
  readonly #afterDone: string[] = [];
  #done = false;
  #error: unknown;

  push(text: string): void {
    for (const event of this.#reader.push(text)) this.#take(event);
  }

  view(): Partial<Seen> {
    return {
      chunks: this.#chunks,
      done: this.#done,
      comments: this.#reader.comments,
      message: accumulate(this.#chunks),
      ...(this.#error === undefined ? {} : { error: this.#error }),
      ...(this.#malformed.length === 0 ? {} : { malformed: this.#malformed }),
      ...(this.#afterDone.length === 0 ? {} : { after_done: this.#afterDone }),
    };
  }

  #take({ data }: EventText): void {
    this.events += 1;
    if (this.#done) this.#afterDone.push(data);
    else if (data === "[DONE]") this.#done = true;
    else this.#chunk(data);
  }

  #chunk(data: string): void {
    const value = parseJson(data);
    if (value === undefined) this.#malformed.push(data);
    else if (typeof value === "object" && value !== null && "error" in value && value.error !== null) {
      this.#error = value.error;
    } else this.#chunks.push(value);
  }
}

function headersOf(response: IncomingMessage): Record<string, string> {
  return Object.fromEntries(
    Object.entries(response.headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.join(", ") : (value ?? ""),
    ]),
  );
}
