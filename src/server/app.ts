/** The server: the chat routes in front, the routes that answer at once, and a word on everything else. */
import { GatewayError } from "../errors.ts";
import { header } from "../gateway/exchange.ts";
import type { Gateway, GatewayHandle } from "../gateway/gateway.ts";
import { sendError, sendJson, sendText } from "../gateway/send-json.ts";
import type { RequestRecord } from "../observe/request-record.ts";
import { EXPECTATION, MISSING_HOST, refuse } from "./broken-request.ts";
import { Deadlines } from "./deadlines.ts";
import { createHotRoutes, pathOf } from "./hot-routes.ts";
import { checkLoopbackHost } from "./host-check.ts";
import type { HttpReply } from "./http-reply.ts";
import type { HttpRequest } from "./http-request.ts";
import { HttpServer } from "./http-server.ts";
import { noRoute } from "./no-route.ts";
import { answerPlainRoute, isPlainRoute } from "./plain-routes.ts";
import { matchRoute } from "./routes.ts";

export interface App {
  readonly server: HttpServer;
  /** Takes no more connections; resolves when the last of them is closed. */
  close(): Promise<void>;
}

/** Not listening yet. */
export function createApp(handle: GatewayHandle): App {
  const deadlines = new Deadlines();
  const { observer, limits, siblings } = handle.current;
  const hotRoutes = createHotRoutes(handle, deadlines);
  const server = new HttpServer({
    limits,
    observer,
    deadlines,
    replyTerms: () => handle.current,
    onBug: (error, requestId) => handle.current.reportBug(error, requestId),
    onRequest: (request, reply, record) => {
      const expectation = header(request.headers, "expect");
      if (header(request.headers, "host") === undefined && request.minor === 1) {
        refuse(reply, record, MISSING_HOST);
      } else if (expectation !== undefined && expectation.toLowerCase() !== "100-continue") {
        refuse(reply, record, EXPECTATION);
      } else if (!hotRoutes(request, reply, record)) {
        answerPlain(handle.current, request, reply, record);
      }
    },
  });
  return {
    server,
    close: () => {
      // One of several processes has it closed by the one that started them, which deals out the connections.
      if (siblings === undefined || !server.listening) server.close();
      return server.closed;
    },
  };
}

/** Bodies are not read: no route takes one here. */
function answerPlain(gateway: Gateway, request: HttpRequest, reply: HttpReply, record: RequestRecord): void {
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
  request: HttpRequest,
  record: RequestRecord,
): ReturnType<typeof answerPlainRoute> {
  if (gateway.access.open) checkLoopbackHost(header(request.headers, "host"));
  const { method, target, headers, remoteAddress } = request;
  const path = pathOf(target);
  const matched = matchRoute(method, path);
  if (matched === undefined || !isPlainRoute(matched.route.id)) throw noRoute(method, path);
  record.route = matched.route.id;
  return answerPlainRoute(gateway, matched, headers, remoteAddress);
}
