/** How a server stops: no more connections, then the answers under way until a deadline, then nothing. */
import type { FastifyInstance } from "fastify";
import { GatewayError } from "../errors.ts";
import type { OpenRequests } from "../gateway/open-requests.ts";

/** For the answers that were ended at the deadline to reach their clients. */
const FAREWELL_MS = 1_000;
/** Node closes the connections that are idle when a server is closed, but not those that become so afterwards. */
const IDLE_CHECK_MS = 50;

/**
 * Resolves when every connection is closed, `deadlineMs` and a second after the call at the latest. Answers that take
 * longer are ended with an error: as an HTTP answer where nothing was sent yet, else inside the stream.
 */
export async function drain(
  app: FastifyInstance,
  openRequests: OpenRequests,
  deadlineMs: number,
): Promise<void> {
  const { server } = app;
  const idle = setInterval(() => server.closeIdleConnections(), IDLE_CHECK_MS);
  const deadline = setTimeout(() => openRequests.endAll(shuttingDown()), deadlineMs);
  const last = setTimeout(() => server.closeAllConnections(), deadlineMs + FAREWELL_MS);
  try {
    await app.close();
  } finally {
    clearInterval(idle);
    clearTimeout(deadline);
    clearTimeout(last);
  }
}

/** What clients are told whose answers are ended. */
export function shuttingDown(): GatewayError {
  return new GatewayError(
    { kind: "unavailable", shed: "draining" },
    "The gateway is shutting down. Send the request again.",
  );
}
