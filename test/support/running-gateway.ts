/** A gateway on a free port, with its embedded emulator, for tests over a real socket. */
import type { EmulatorOptions } from "../../src/emulator/server.ts";
import { readConfig, serve, type RunningServer } from "../../src/serve.ts";

export interface RunningGateway extends RunningServer {
  /** Bugs reported while it ran: a test that expects none checks that this is empty. */
  bugs: unknown[];
}

/** With `POLLUX_HTTP_CLIENT` set, whole gateways are tested on that HTTP client. */
export function testedHttpClient(): Record<string, string> {
  const { POLLUX_HTTP_CLIENT } = process.env;
  return POLLUX_HTTP_CLIENT === undefined ? {} : { POLLUX_HTTP_CLIENT };
}

/** `env` is all the environment it sees, but for the HTTP client under test. */
export async function startGateway(
  env: Record<string, string> = {},
  emulator: EmulatorOptions = { paceMs: 0 },
): Promise<RunningGateway> {
  const bugs: unknown[] = [];
  const server = await serve(readConfig({ ...testedHttpClient(), ...env, PORT: "0" }).config, {
    reportBug: (error) => bugs.push(error),
    emulator,
    credentials: { env },
  });
  return { ...server, bugs };
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
