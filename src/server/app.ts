/** The HTTP server: the chat routes on node:http in front, Fastify for everything else. */
import { createServer, type Server } from "node:http";
import type { Socket } from "node:net";
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";
import { GatewayError } from "../errors.ts";
import type { Gateway, GatewayHandle } from "../gateway/gateway.ts";
import { mintRequestId } from "../gateway/ids.ts";
import { sendError } from "../gateway/send-json.ts";
import { createHotRoutes, pathOf } from "./hot-routes.ts";
import { checkLoopbackHost } from "./host-check.ts";
import { refuseBrokenRequest, refuseExpectation, refuseMissingHost, refuseTunnel } from "./broken-request.ts";
import { answerPlainRoute, isPlainRoute } from "./plain-routes.ts";
import { noRoute } from "./no-route.ts";
import { NodeReply } from "./node-exchange.ts";
import { ROUTES, type Route } from "./routes.ts";

/** Receiving a request may take this long, whatever the body's size. */
const REQUEST_TIMEOUT_MS = 300_000;
const HEADERS_TIMEOUT_MS = 20_000;
/** Longer than the idle time of common load balancers in front, so that they close first. */
const KEEP_ALIVE_TIMEOUT_MS = 75_000;
const MAX_HEADER_BYTES = 16 * 1024;

export function createApp(handle: GatewayHandle): FastifyInstance {
  const hotRoutes = createHotRoutes(handle);
  const app = Fastify({
    serverFactory: (handler) => {
      const server: Server = createServer(
        {
          headersTimeout: HEADERS_TIMEOUT_MS,
          requestTimeout: REQUEST_TIMEOUT_MS,
          keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
          maxHeaderSize: MAX_HEADER_BYTES,
          // Node's own refusal has no body.
          requireHostHeader: false,
        },
        (request, response) => {
          if (request.headers.host === undefined && request.httpVersion === "1.1")
            refuseMissingHost(response);
          else if (!hotRoutes(request, response)) handler(request, response);
        },
      );
      server.on("connect", (_request, socket) => refuseTunnel(socket as Socket));
      server.on("checkExpectation", (_request, response) => refuseExpectation(response));
      return server;
    },
    frameworkErrors: (error, request, reply) => answerError(handle.current, error, request, reply),
    clientErrorHandler: (error, socket) => refuseBrokenRequest(error, socket),
    // The hook below names every request; Fastify's own counter is not used.
    genReqId: () => mintRequestId(),
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
    if (gateway.draining()) reply.header("connection", "close");
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

  app.setErrorHandler((error, request, reply) => answerError(handle.current, error, request, reply));
  return app;
}

async function answerPlain(
  gateway: Gateway,
  route: Route,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const parameters = request.params as Record<string, string>;
  const rest = parameters["*"];
  const answer = await answerPlainRoute(
    gateway,
    { route, parameters: rest === undefined ? parameters : { model: rest } },
    request.headers,
  );
  return reply.status(answer.status).send(answer.body);
}

/** On node:http itself, as the chat routes do: the request may still be arriving. */
function answerError(gateway: Gateway, error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const failure = fromFastify(error);
  if (!(failure instanceof GatewayError)) gateway.reportBug(failure, request.id);
  reply.hijack();
  const answer = new NodeReply(reply.raw, gateway.draining);
  sendError(answer, { "x-request-id": request.id }, request.id, failure);
}

/** Fastify's own refusals (a malformed escape in the path, a body too large) in our terms. */
function fromFastify(error: unknown): unknown {
  if (error instanceof GatewayError || !(error instanceof Error)) return error;
  const status = "statusCode" in error ? error.statusCode : undefined;
  if (typeof status !== "number" || status < 400 || status >= 500) return error;
  return new GatewayError({ kind: "invalid_request", param: null }, error.message, { cause: error });
}
