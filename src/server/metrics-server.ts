/** A port that serves the metrics and nothing else. */
import { createServer, type Server } from "node:http";
import { GatewayError } from "../errors.ts";
import type { MetricsPage } from "../observe/metrics.ts";
import { isLoopback } from "../settings.ts";
import { checkLoopbackHost } from "./host-check.ts";

export interface MetricsServer {
  /** Scheme, host, port and path. */
  url: string;
  close(): Promise<void>;
}

/** @throws the system's error when it cannot listen there. */
export async function serveMetrics(
  page: MetricsPage,
  { host, port }: { host: string; port: number },
): Promise<MetricsServer> {
  const server = createServer((request, response) => {
    request.resume();
    answer(page, isLoopback(host), request.headers.host, request.method, request.url).then(
      ({ status, type, text }) => response.writeHead(status, { "content-type": type }).end(text),
      () => response.writeHead(500).end(),
    );
  });
  await listen(server, host, port);
  const address = server.address();
  const bound = typeof address === "object" && address !== null ? address.port : port;
  return {
    url: `http://${host.includes(":") ? `[${host}]` : host}:${bound}/metrics`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answer(
  page: MetricsPage,
  onLoopback: boolean,
  host: string | undefined,
  method: string | undefined,
  target: string | undefined,
): Promise<{ status: number; type: string; text: string }> {
  const plain = (status: number, text: string): { status: number; type: string; text: string } => ({
    status,
    type: "text/plain; charset=utf-8",
    text: `${text}\n`,
  });
  if (onLoopback) {
    try {
      checkLoopbackHost(host);
    } catch (error) {
      return plain(403, error instanceof GatewayError ? "Call it as localhost." : "");
    }
  }
  if (target?.split("?")[0] !== "/metrics") return plain(404, "There is only /metrics.");
  if (method !== "GET" && method !== "HEAD") return plain(405, "Only GET is allowed.");
  return { status: 200, type: page.contentType, text: await page.text() };
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host, port }, () => {
      server.off("error", reject);
      resolve();
    });
  });
}
