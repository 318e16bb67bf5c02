/** Ports that a server can come back to. */
import { createServer } from "node:net";

/**
 * Systems give outgoing connections ports from 32,768 (Linux) or 49,152 (RFC 6335) on, and would sooner or later give
 * away one that a server has left for a moment.
 */
const LEAST = 15_000;
const MOST = 32_000;
const TRIES = 100;

/** One that is free now. */
export async function lastingPort(): Promise<number> {
  for (let tries = 0; tries < TRIES; tries += 1) {
    const port = LEAST + Math.floor(Math.random() * (MOST - LEAST));
    if (await isFree(port)) return port;
  }
  throw new Error(`No port from ${LEAST} to ${MOST} is free.`);
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}
