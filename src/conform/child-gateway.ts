/** A gateway as a process of its own: started, waited for, stopped. */
import { type ChildProcess, spawn } from "node:child_process";
import { createConnection, createServer, type AddressInfo } from "node:net";
import { once } from "node:events";
import { setTimeout as pause } from "node:timers/promises";

/** Python's gateways import for a long time. */
const LONGEST_START_MS = 180_000;
const LONGEST_STOP_MS = 3_000;

export interface ChildGateway {
  url: string;
  stop(): Promise<void>;
}

export interface Start {
  command: string;
  argv: readonly string[];
  port: number;
  env?: Record<string, string>;
}

/** @throws Error with the end of what it printed when it does not listen in time */
export async function startChild({ command, argv, port, env = {} }: Start): Promise<ChildGateway> {
  const child = spawn(command, [...argv], {
    env: { ...withoutProxies(process.env), ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let printed = "";
  let failed: string | undefined;
  const keep = (text: string): void => void (printed = (printed + text).slice(-4_000));
  child.stdout.setEncoding("utf8").on("data", keep);
  child.stderr.setEncoding("utf8").on("data", keep);
  child.once("error", (error) => (failed = error.message));
  child.once("exit", (code, signal) => (failed ??= `ended with ${code ?? signal}`));
  const deadline = performance.now() + LONGEST_START_MS;
  while (!(await listens(port))) {
    if (failed !== undefined || performance.now() > deadline) {
      child.kill("SIGKILL");
      throw new Error(`${command} does not listen on ${port} (${failed ?? "too slow"}): ${printed.trim()}`);
    }
    await pause(50);
  }
  return { url: `http://127.0.0.1:${port}`, stop: () => stop(child) };
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, "exit");
  child.kill("SIGTERM");
  const limit = setTimeout(() => child.kill("SIGKILL"), LONGEST_STOP_MS);
  await gone;
  clearTimeout(limit);
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ host: "127.0.0.1", port });
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}

/** Loopback is not reached through a proxy, and not every client knows that. */
function withoutProxies(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !/_proxy$/i.test(name)));
}
