/** The HTTP server: the chat routes on node:http in front, Fastify for everything else. */
import type { IncomingMessage } from "node:http";
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";
import { GatewayError } from "../errors.ts";
import type { Gateway, GatewayHandle } from "../gateway/gateway.ts";
import { OUTCOME_HEADER, sendError } from "../gateway/send-json.ts";
import { createHotRoutes, pathOf } from "./hot-routes.ts";
import { checkLoopbackHost } from "./host-check.ts";
import { refuseMissingHost } from "./broken-request.ts";
import { Deadlines } from "./deadlines.ts";
import { createHttpServer } from "./http-server.ts";
import { answerPlainRoute, isPlainRoute } from "./plain-routes.ts";
import { noRoute } from "./no-route.ts";
import { NodeReply } from "./node-exchange.ts";
import { recordOf, remember, track } from "./request-tracking.ts";
import { ROUTES, type Route } from "./routes.ts";
import { letGoIfUnread } from "./unread-answer.ts";

export function createApp(handle: GatewayHandle): FastifyInstance {
  const deadlines = new Deadlines();
  const { observer } = handle.current;
  const hotRoutes = createHotRoutes(handle, deadlines);
  const app = Fastify({
    serverFactory: (handler) =>
      createHttpServer(handle.current.limits, observer, (request, response) => {
        const record = track(observer, request, response);
        if (request.headers.host === undefined && request.httpVersion === "1.1") {
          refuseMissingHost(response, record);
        } else if (!hotRoutes(request, response, record)) {
          remember(request, record);
          letGoIfUnread(response, deadlines, handle.current.limits.slowClientMs);
          handler(request, response);
        }
      }),
    frameworkErrors: (error, request, reply) => answerError(handle.current, deadlines, error, request, reply),
    // The server's own: see `createHttpServer`.
    clientErrorHandler: () => {},
    genReqId: (request) => recordOf(request as IncomingMessage).requestId,
    logger: false,
    bodyLimit: handle.current.limits.maxBodyBytes,
    // What still comes on open connections while the server closes is answered as ever.
    return503OnClosing: false,
    routerOptions: { ignoreTrailingSlash: true },
  });

  // Bodies of requests that no route takes are not read.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", (_request, _payload, done) => done(null));

  app.addHook("onRequest", (request, reply, done) => {
    const gateway = handle.current;
    reply.header("x-request-id", request.id);
    if (gateway.closing()) reply.header("connection", "close");
    try {
      if (gateway.access.open) checkLoopbackHost(request.headers.host);
      done();
    } catch (error) {
      done(error as Error);
    }
  });

  for (const route of ROUTES) {
    if (!isPlainRoute(route.id)) continue;
    app.route({
      method: route.method,
      url: route.path.replace(/\{(\w+)(\*?)\}/g, (_, name: string, rest: string) =>
        rest === "" ? `:${name}` : "*",
      ),
      handler: (request, reply) => answerPlain(handle.current, route, request, reply),
    });
  }

  app.setNotFoundHandler((request) => {
    throw noRoute(request.method, pathOf(request.url));
  });

  app.setErrorHandler((error, request, reply) =>
    answerError(handle.current, deadlines, error, request, reply),
  );
  return app;
}

async function answerPlain(
  gateway: Gateway,
  route: Route,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  recordOf(request.raw).route = route.id;
  const parameters = request.params as Record<string, string>;
  const rest = parameters["*"];
  const answer = await answerPlainRoute(
    gateway,
    { route, parameters: rest === undefined ? parameters : { model: rest } },
    request.headers,
    request.socket.remoteAddress,
  );
  if (answer.contentType !== undefined) reply.type(answer.contentType);
  return reply.status(answer.status).header(OUTCOME_HEADER, "completed").send(answer.body);
}

/** On node:http itself, as the chat routes do: the request may still be arriving. */
function answerError(
  gateway: Gateway,
  deadlines: Deadlines,
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
): void {
  const failure = fromFastify(error);
  if (!(failure instanceof GatewayError)) gateway.reportBug(failure, request.id);
  reply.hijack();
  const answer = new NodeReply(reply.raw, gateway, deadlines);
  sendError(answer, recordOf(request.raw), { "x-request-id": request.id }, failure);
}

/** Fastify's own refusals (a malformed escape in the path, a body too large) in our terms. */
function fromFastify(error: unknown): unknown {
  if (error instanceof GatewayError || !(error instanceof Error)) return error;
  const status = "statusCode" in error ? error.statusCode : undefined;
  if (typeof status !== "number" || status < 400 || status >= 500) return error;
  return new GatewayError({ kind: "invalid_request", param: null }, error.message, { cause: error });
}
