import type { IncomingMessage } from "node:http";

/** How long a refused client may go on sending; nginx gives its `lingering_time` 30 seconds. */
const LINGER_MS = 10_000;

/**
 * For a request that was answered before all of it had arrived: reads the rest and drops it. Closing a socket that
 * holds unread bytes resets the connection, and a client still sending would see that in place of its answer.
 */
export function discardRest(request: IncomingMessage, lingerMs = LINGER_MS): void {
  if (request.complete || request.destroyed) return;
  request.removeAllListeners("data");
  request.resume();
  const timer = setTimeout(() => request.socket.destroy(), lingerMs).unref();
  const stop = (): void => clearTimeout(timer);
  request.once("end", stop).once("close", stop);
}
