/** Whether `pollux serve` could listen where the configuration says. */
import { createServer } from "node:net";
import type { Check } from "./check.ts";

const TIMEOUT_MS = 2_000;

export const port: Check = {
  name: "port",
  async run({ configuration }) {
    if (!("loaded" in configuration)) return [];
    const { host, port: number } = configuration.loaded.config.server;
    const where = `${host}:${number}`;
    if (number === 0) return [{ status: "ok", says: "any free one" }];
    const code = await tryListening(host, number);
    if (code === undefined) return [{ status: "ok", says: `${where} is free` }];
    if (code === "EADDRINUSE" && (await isGateway(host, number))) {
      return [{ status: "ok", says: `a gateway already answers at ${where}` }];
    }
    const says =
      code === "EADDRINUSE" ? `another process listens on ${where}` : `${where} cannot be had (${code})`;
    return [{ status: "fail", says, fix: "pollux serve --port 0" }];
  },
};

function tryListening(host: string, number: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.name));
    server.listen({ host, port: number, exclusive: true }, () => server.close(() => resolve(undefined)));
  });
}

async function isGateway(host: string, number: number): Promise<boolean> {
  const name =
    host === "0.0.0.0" ? "127.0.0.1" : host === "::" ? "[::1]" : host.includes(":") ? `[${host}]` : host;
  try {
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const response = await fetch(`http://${name}:${number}/healthz`, { signal, redirect: "error" });
    const isOurs =
      response.status === 200 && response.headers.get("x-request-id")?.startsWith("req_") === true;
    await response.body?.cancel();
    return isOurs;
  } catch {
    return false;
  }
}
