/** Processes of the benchmark: pinned to a core, waited for, measured, stopped. */
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync, readdirSync, readFileSync } from "node:fs";
import { createConnection } from "node:net";

export const GATEWAY_CORE = 0;
export const LOAD_CORE = 1;

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
  core: number;
  /** Where its output goes. */
  log: string;
}

/** @throws Error with the end of its output when it does not listen in time. */
export async function start({ command, argv, env, cwd, port, core, log }: Start): Promise<Running> {
  const output = openSync(log, "w");
  const began = performance.now();
  const child = spawn("taskset", ["-c", String(core), command, ...argv], {
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

/** Processor time of a process and its children, all threads, in microseconds: the scheduler's own count. */
export function cpuMicros(pid: number): number {
  let nanos = 0;
  for (const member of family(pid)) {
    for (const thread of list(`/proc/${member}/task`)) {
      nanos += Number(read(`/proc/${member}/task/${thread}/schedstat`).split(" ")[0] ?? 0);
    }
  }
  return nanos / 1000;
}

/** Resident memory of a process and its children, in bytes. */
export function residentBytes(pid: number): number {
  let bytes = 0;
  for (const member of family(pid)) {
    bytes += Number(/^VmRSS:\s+(\d+) kB/m.exec(read(`/proc/${member}/status`))?.[1] ?? 0) * 1024;
  }
  return bytes;
}

function family(pid: number): number[] {
  const members = [pid];
  for (const thread of list(`/proc/${pid}/task`)) {
    for (const child of read(`/proc/${pid}/task/${thread}/children`).split(" ")) {
      if (child.trim() !== "") members.push(...family(Number(child)));
    }
  }
  return members;
}

function list(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
