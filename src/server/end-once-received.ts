import type { ServerResponse } from "node:http";

/** How long a client that has its answer may go on sending; nginx gives its `lingering_time` 30 seconds. */
const LINGER_MS = 10_000;

/**
 * Sends the last of a response at once, but ends it only when its request has been read to the end and dropped:
 * a socket closed with unread bytes in it resets the connection, and a client still sending would see that in place
 * of its answer.
 */
export function endOnceReceived(
  response: ServerResponse,
  data: string | Buffer | undefined,
  lingerMs = LINGER_MS,
): void {
  const request = response.req;
  if (request.complete || request.destroyed) {
    if (data === undefined) response.end();
    else response.end(data);
    return;
  }
  if (data !== undefined) response.write(data);
  request.removeAllListeners("data");
  request.resume();
  const timer = setTimeout(() => request.socket.destroy(), lingerMs).unref();
  request.once("close", () => {
    clearTimeout(timer);
    response.end();
  });
}
