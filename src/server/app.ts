/** The HTTP server: the chat routes in front, the routes that answer at once, and a word on everything else. */
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { GatewayError } from "../errors.ts";
import type { Gateway, GatewayHandle } from "../gateway/gateway.ts";
import { sendError, sendJson, sendText } from "../gateway/send-json.ts";
import type { RequestRecord } from "../observe/request-record.ts";
import { createHotRoutes, pathOf } from "./hot-routes.ts";
import { checkLoopbackHost } from "./host-check.ts";
import { refuseMissingHost } from "./broken-request.ts";
import { Deadlines } from "./deadlines.ts";
import { createHttpServer } from "./http-server.ts";
import { answerPlainRoute, isPlainRoute } from "./plain-routes.ts";
import { noRoute } from "./no-route.ts";
import { NodeReply } from "./node-exchange.ts";
import { track } from "./request-tracking.ts";
import { matchRoute } from "./routes.ts";

export interface App {
  readonly server: Server;
  /** Resolves once it listens. */
  listen(at: { host: string; port: number }): Promise<void>;
  /** Takes no more connections; resolves when the last of them is closed. */
  close(): Promise<void>;
}

/** Not listening yet. */
export function createApp(handle: GatewayHandle): App {
  const deadlines = new Deadlines();
  const { observer, limits, siblings } = handle.current;
  const hotRoutes = createHotRoutes(handle, deadlines);
  const server = createHttpServer(limits, observer, siblings !== undefined, (request, response) => {
    const record = track(observer, request, response);
    if (request.headers.host === undefined && request.httpVersion === "1.1") {
      refuseMissingHost(response, record);
    } else if (!hotRoutes(request, response, record)) {
      answerPlain(handle.current, deadlines, request, response, record);
    }
  });
  const closed = new Promise<void>((resolve) => server.once("close", resolve));
  return {
    server,
    listen: (at) => listen(server, at),
    close: () => {
      // One of several processes has it closed by the one that started them, which deals out the connections.
      if (siblings === undefined || !server.listening) server.close();
      return closed;
    },
  };
}

function listen(server: Server, at: { host: string; port: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(at, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

/** Bodies are not read: no route takes one here. */
function answerPlain(
  gateway: Gateway,
  deadlines: Deadlines,
  request: IncomingMessage,
  response: ServerResponse,
  record: RequestRecord,
): void {
  const reply = new NodeReply(response, gateway, deadlines);
  const headers = { "x-request-id": record.requestId };
  plainAnswer(gateway, request, record)
    .then(({ status, contentType, body }) => {
      if (contentType === undefined) sendJson(reply, record, status, headers, body);
      else sendText(reply, record, status, headers, String(body), contentType);
    })
    .catch((error: unknown) => {
      if (!(error instanceof GatewayError)) gateway.reportBug(error, record.requestId);
      sendError(reply, record, headers, error);
    });
}

/** @throws GatewayError */
async function plainAnswer(
  gateway: Gateway,
  request: IncomingMessage,
  record: RequestRecord,
): ReturnType<typeof answerPlainRoute> {
  if (gateway.access.open) checkLoopbackHost(request.headers.host);
  const { method = "GET", url = "/", socket } = request;
  const path = pathOf(url);
  const matched = matchRoute(method, path);
  if (matched === undefined || !isPlainRoute(matched.route.id)) throw noRoute(method, path);
  record.route = matched.route.id;
  return answerPlainRoute(gateway, matched, request.headers, socket.remoteAddress);
}
