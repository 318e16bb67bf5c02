/** Processes of the benchmark: pinned to a core, waited for, held, stopped. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { createConnection } from "node:net";
import { cpuMicros, family } from "./process-figures.ts";

/** As taskset takes them. */
export const GATEWAY_CORE = "0";
export const LOAD_CORE = "1";

const running = new Set<Running>();
process.on("exit", () => {
  for (const one of running) one.child.kill("SIGKILL");
});
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => process.exit(1));

export interface Running {
  child: ChildProcess;
  pid: number;
  port: number;
  /** Milliseconds from the start to the first connection taken. */
  readyMs: number;
}

export interface Start {
  command: string;
  argv: readonly string[];
  env?: Record<string, string>;
  cwd?: string;
  port: number;
  cores: string;
  /** Where its output goes. */
  log: string;
}

/** @throws Error when its port is taken, and with the end of its output when it does not listen in time. */
export async function start({ command, argv, env, cwd, port, cores, log }: Start): Promise<Running> {
  // Left over from a run that was killed, it would be measured in place of what is started here.
  if (await listens(port)) {
    throw new Error(
      `Something else listens on ${port}; end it first (\`ss -ltnp 'sport = :${port}'\` names it).`,
    );
  }
  const output = openSync(log, "w");
  const began = performance.now();
  const child = spawn("taskset", ["-c", cores, command, ...argv], {
    env: { ...process.env, ...env },
    stdio: ["ignore", output, output],
    ...(cwd === undefined ? {} : { cwd }),
  });
  closeSync(output);
  if (child.pid === undefined) throw new Error(`${command} cannot be started: is taskset there?`);
  const one: Running = { child, pid: child.pid, port, readyMs: 0 };
  running.add(one);
  child.once("exit", () => running.delete(one));
  for (;;) {
    if (await listens(port)) break;
    if (child.exitCode !== null || performance.now() - began > 120_000) {
      await stop(one);
      throw new Error(`${command} does not listen on ${port}:\n${readFileSync(log, "utf8").slice(-2000)}`);
    }
    await pause(10);
  }
  one.readyMs = performance.now() - began;
  return one;
}

export async function stop(one: Running): Promise<void> {
  if (one.child.exitCode !== null || one.child.signalCode !== null) return;
  const gone = new Promise((resolve) => one.child.once("exit", resolve));
  one.child.kill("SIGTERM");
  signal(one, "SIGCONT");
  const limit = setTimeout(() => one.child.kill("SIGKILL"), 3000);
  await gone;
  clearTimeout(limit);
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
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

/** Holds the process and its children where they are: what they do in the background is not to cost others time. */
export function hold(one: Running | undefined): void {
  signal(one, "SIGSTOP");
}

/** Ends `hold`, and waits for what was due in the meantime. */
export async function release(one: Running | undefined): Promise<void> {
  if (one === undefined) return;
  signal(one, "SIGCONT");
  await pause(300);
  await settled(one);
}

/**
 * Waits until the process has nothing to do, which may be left over from what was asked of it; at most two seconds.
 * @returns whether it has nothing to do
 */
export async function settled(one: Running | undefined): Promise<boolean> {
  if (one === undefined) return true;
  const [windowMs, most] = [40, 50];
  for (let windows = 0; windows < most; windows += 1) {
    const before = cpuMicros(one.pid);
    await pause(windowMs);
    if (cpuMicros(one.pid) - before < windowMs * 1000 * 0.15) return true;
  }
  return false;
}

/** To other cores, with all its threads and children. */
export function moveTo(one: Running, cores: string): void {
  for (const member of family(one.pid)) {
    execFileSync("taskset", ["-a", "-c", "-p", cores, String(member)], { stdio: "ignore" });
  }
}

function signal(one: Running | undefined, name: "SIGSTOP" | "SIGCONT"): void {
  if (one === undefined) return;
  for (const member of family(one.pid)) {
    try {
      process.kill(member, name);
    } catch {
      // It has ended since.
    }
  }
}
