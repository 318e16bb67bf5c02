/** The HTTP server without the gateway: what a request is answered with is up to the test. */
import { limitsSchema } from "../../src/config/limits-schema.ts";
import type { Limits } from "../../src/gateway/gateway.ts";
import { observers } from "../../src/observe/observer.ts";
import type { RequestRecord } from "../../src/observe/request-record.ts";
import { Deadlines } from "../../src/server/deadlines.ts";
import type { HttpReply } from "../../src/server/http-reply.ts";
import type { HttpRequest } from "../../src/server/http-request.ts";
import { HttpServer } from "../../src/server/http-server.ts";

/** A request whose head has come, and its body so far. */
export interface TakenRequest {
  request: HttpRequest;
  reply: HttpReply;
  record: RequestRecord;
  /** Each character one byte. */
  body: string;
  /** The rest of the body will not come. */
  lost: boolean;
}

export interface BareServerOptions {
  limits?: Partial<Limits>;
  /** Called at once, in place of keeping the body. */
  onRequest?(taken: TakenRequest): void;
  /** The gateway is closing. */
  closing?(): boolean;
}

export interface BareServer {
  server: HttpServer;
  deadlines: Deadlines;
  url: string;
  port: number;
  /** All requests so far, in the order in which they came. */
  taken: TakenRequest[];
  /** What was told of those that are over. */
  ended: RequestRecord[];
  /** What was thrown that never should be. */
  bugs: unknown[];
  /** Connections that were closed unread. */
  readonly refused: number;
  /** The request after those that were given before. */
  next(): Promise<TakenRequest>;
  close(): Promise<void>;
}

export async function startBareServer(options: BareServerOptions = {}): Promise<BareServer> {
  const limits: Limits = { ...limitsSchema.parse({}), ...options.limits };
  const deadlines = new Deadlines();
  const taken: TakenRequest[] = [];
  const ended: RequestRecord[] = [];
  const bugs: unknown[] = [];
  let refused = 0;
  let given = 0;
  let waiting: ((one: TakenRequest) => void) | undefined;
  const server = new HttpServer({
    limits,
    deadlines,
    observer: observers([
      { requestEnded: (record) => void ended.push(record), connectionRefused: () => void (refused += 1) },
    ]),
    replyTerms: () => ({ limits, closing: () => options.closing?.() === true }),
    onRequest: (request, reply, record) => {
      const one: TakenRequest = { request, reply, record, body: "", lost: false };
      taken.push(one);
      if (options.onRequest === undefined) keepBody(one);
      else options.onRequest(one);
      if (waiting === undefined) return;
      given += 1;
      waiting(one);
      waiting = undefined;
    },
    onBug: (error, requestId) => void bugs.push(error, requestId),
  });
  await server.listen({ host: "127.0.0.1", port: 0 });
  const { port } = server.address!;
  return {
    server,
    deadlines,
    url: `http://127.0.0.1:${port}`,
    port,
    taken,
    ended,
    bugs,
    get refused() {
      return refused;
    },
    next: () => {
      const one = taken[given];
      if (one === undefined) return new Promise((resolve) => (waiting = resolve));
      given += 1;
      return Promise.resolve(one);
    },
    close: async () => {
      server.close();
      server.closeAllConnections();
      await server.closed;
    },
  };
}

/** @param onEnd the whole of it is there */
export function keepBody(taken: TakenRequest, onEnd: () => void = () => {}): void {
  taken.request.receive({
    onBytes: (bytes, from, to) => {
      taken.body += bytes.toString("latin1", from, to);
      return true;
    },
    onEnd,
    onLost: () => void (taken.lost = true),
  });
}
