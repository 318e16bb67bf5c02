/** One record for each request that reaches the server, also for those that are no HTTP. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { header } from "../gateway/exchange.ts";
import { mintRequestId } from "../gateway/ids.ts";
import type { Observer } from "../observe/observer.ts";
import { RequestRecord } from "../observe/request-record.ts";

interface Tracked {
  request: IncomingMessage;
  record: RequestRecord;
}

/** The latest request of each connection: what is broken on it may be that request's body. */
const latest = new WeakMap<Duplex, Tracked>();

/** Begins the record of a request; it ends with the response. */
export function track(observer: Observer, request: IncomingMessage, response: ServerResponse): RequestRecord {
  const record = new RequestRecord(mintRequestId(), performance.now(), observer);
  record.traceparent = header(request.headers, "traceparent");
  const { socket } = request;
  latest.set(socket, { request, record });
  const before = socket.bytesWritten;
  // After the others that listen: they may still say why.
  response.on("close", () => process.nextTick(finish, record, response, socket, before));
  return record;
}

/**
 * The record of what is broken on a connection: that of the request whose body it is, which ends with its response,
 * or a new one, which ends here.
 */
export function refused(
  observer: Observer,
  socket: Duplex,
  outcome: "refused.http" | "slow_client.sending",
  status: number,
): RequestRecord {
  const tracked = latest.get(socket);
  const isItsBody = tracked !== undefined && !tracked.request.complete && !tracked.record.ended;
  const record = isItsBody ? tracked.record : new RequestRecord(mintRequestId(), performance.now(), observer);
  record.settle(outcome);
  if (record.status === 0) record.status = status;
  if (!isItsBody) record.end(true);
  return record;
}

function finish(record: RequestRecord, response: ServerResponse, socket: Socket, before: number): void {
  record.bytes = socket.bytesWritten - before;
  if (record.status === 0 && response.headersSent) record.status = response.statusCode;
  record.end(response.writableFinished);
}
