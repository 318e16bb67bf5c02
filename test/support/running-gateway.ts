/** A gateway on a free port, with its embedded emulator, for tests over a real socket. */
import { composeGateway, type ComposedGateway } from "../../src/compose.ts";
import { createApp } from "../../src/server/app.ts";
import { readSettings } from "../../src/settings.ts";

export interface RunningGateway {
  url: string;
  composed: ComposedGateway;
  /** Bugs reported while it ran: a test that expects none checks that this is empty. */
  bugs: unknown[];
  close(): Promise<void>;
}

export async function startGateway(env: Record<string, string> = {}): Promise<RunningGateway> {
  const bugs: unknown[] = [];
  const composed = await composeGateway(readSettings({ ...env, PORT: "0" }), {
    reportBug: (error) => bugs.push(error),
  });
  const app = createApp(composed.gateway);
  await app.listen({ host: "127.0.0.1", port: 0 });
  const address = app.server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return {
    url: `http://127.0.0.1:${address.port}`,
    composed,
    bugs,
    close: async () => {
      app.server.closeAllConnections();
      await app.close();
      await composed.close();
    },
  };
}

/** A chat request to a running gateway; the answer is not read. */
export function post(
  gateway: { url: string },
  body: unknown,
  options: { path?: string; headers?: Record<string, string> } = {},
): Promise<Response> {
  return fetch(gateway.url + (options.path ?? "/v1/chat/completions"), {
    method: "POST",
    headers: { "content-type": "application/json", authorization: "Bearer any", ...options.headers },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
}
