/** The node:http server, with the bounds on what its clients may hold open. */
import { createServer, type RequestListener, type Server } from "node:http";
import type { Socket } from "node:net";
import type { Limits } from "../gateway/gateway.ts";
import type { Observer } from "../observe/observer.ts";
import { refuseBrokenRequest, refuseExpectation, refuseTunnel } from "./broken-request.ts";
import { connectionsThatFit } from "./open-file-limit.ts";
import { track } from "./request-tracking.ts";

/** Not in the types of Node.js, and in every one of its versions. */
interface HalfOpenServer extends Server {
  /** A client that has closed its side is answered all the same. */
  httpAllowHalfOpen: boolean;
}

/**
 * Not listening yet. The bounds are those of its start.
 * @param isWorker connections are dealt out to this process by another one (node:cluster)
 */
export function createHttpServer(
  limits: Limits,
  observer: Observer,
  isWorker: boolean,
  onRequest: RequestListener,
): Server {
  const { headersTimeoutMs, bodyTimeoutMs } = limits;
  const server = createServer(
    {
      headersTimeout: headersTimeoutMs,
      // The body of a chat request has a deadline of its own, which answers in more detail; this is for all others.
      requestTimeout: bodyTimeoutMs === 0 ? 0 : headersTimeoutMs + bodyTimeoutMs,
      // Node checks both only so often, by default every 30 s.
      connectionsCheckingInterval: checkEvery(headersTimeoutMs, bodyTimeoutMs),
      keepAliveTimeout: limits.idleConnectionMs,
      maxHeaderSize: limits.maxHeaderBytes,
      highWaterMark: limits.maxBufferedBytes,
      // Otherwise the first of two counts, and whoever stands in front of this may have looked at the last.
      joinDuplicateHeaders: true,
      // Node's own refusal has no body.
      requireHostHeader: false,
    },
    onRequest,
  );
  (server as HalfOpenServer).httpAllowHalfOpen = true;
  const most = Math.min(limits.maxConnections, connectionsThatFit() ?? Infinity);
  if (isWorker) {
    // With Node's own bound a connection too many would go from worker to worker, round and round.
    boundConnections(server, most, () => "", observer);
  } else {
    server.maxConnections = most;
    server.on("drop", () => observer.connectionRefused());
  }
  const { maxConnectionsPerAddress } = limits;
  if (maxConnectionsPerAddress > 0) {
    boundConnections(server, maxConnectionsPerAddress, ({ remoteAddress }) => remoteAddress, observer);
  }
  server.on("connect", (_request, socket) => refuseTunnel(socket as Socket, observer));
  server.on("checkExpectation", (request, response) => {
    refuseExpectation(response, track(observer, request, response));
  });
  server.on("clientError", (error, socket) => refuseBrokenRequest(error, socket, observer));
  return server;
}

/** A quarter of the shorter limit, between 50 ms and 1 s: that late a timeout may be. */
function checkEvery(...limitsMs: number[]): number {
  const shortest = Math.min(...limitsMs.filter((limit) => limit > 0), 4_000);
  return Math.max(50, Math.floor(shortest / 4));
}

/** Of connections with one key there may be so many; those over the bound are closed before a byte of them is read. */
function boundConnections(
  server: Server,
  most: number,
  keyOf: (socket: Socket) => string | undefined,
  observer: Observer,
): void {
  const open = new Map<string, number>();
  server.on("connection", (socket) => {
    const key = keyOf(socket);
    if (key === undefined) return;
    const count = open.get(key) ?? 0;
    if (count >= most) {
      observer.connectionRefused();
      socket.destroy();
      return;
    }
    open.set(key, count + 1);
    socket.once("close", () => {
      const left = open.get(key)! - 1;
      if (left === 0) open.delete(key);
      else open.set(key, left);
    });
  });
}
