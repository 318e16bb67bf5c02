/** How a server stops: no more connections, then the answers under way until a deadline, then nothing. */
import { GatewayError } from "../errors.ts";
import type { OpenRequests } from "../gateway/open-requests.ts";
import type { App } from "./app.ts";

/** For the answers that were ended at the deadline to reach their clients. */
const FAREWELL_MS = 1_000;
/** Node closes the connections that are idle when a server is closed, but not those that become so afterwards. */
const IDLE_CHECK_MS = 50;

export interface DrainTimes {
  /** For which the port stays open, in milliseconds: load balancers go on sending until they have noticed. */
  preStopMs: number;
  /** For answers under way once it is closed, in milliseconds. */
  drainMs: number;
}

/**
 * Resolves when every connection is closed, a second after both times at the latest. Answers that take longer are
 * ended with an error: as an HTTP answer where nothing was sent yet, else inside the stream.
 * @param hurry ends all waiting when it fires
 */
export async function drain(
  app: App,
  openRequests: OpenRequests,
  { preStopMs, drainMs }: DrainTimes,
  hurry: AbortSignal,
): Promise<void> {
  await pause(preStopMs, hurry);
  const { server } = app;
  const idle = setInterval(() => server.closeIdleConnections(), IDLE_CHECK_MS);
  let last: NodeJS.Timeout | undefined;
  const end = (): void => {
    openRequests.endAll(shuttingDown());
    last ??= setTimeout(() => server.closeAllConnections(), FAREWELL_MS);
  };
  const deadline = setTimeout(end, drainMs);
  if (hurry.aborted) end();
  else hurry.addEventListener("abort", end, { once: true });
  try {
    await app.close();
  } finally {
    clearInterval(idle);
    clearTimeout(deadline);
    clearTimeout(last);
    hurry.removeEventListener("abort", end);
  }
}

/** Resolves after the time, or when it is cut short. */
function pause(ms: number, hurry: AbortSignal): Promise<void> {
  if (ms === 0 || hurry.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      hurry.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    hurry.addEventListener("abort", done, { once: true });
  });
}

/** What clients are told whose answers are ended. */
export function shuttingDown(): GatewayError {
  return new GatewayError(
    { kind: "unavailable", shed: "draining" },
    "The gateway is shutting down. Send the request again.",
  );
}
