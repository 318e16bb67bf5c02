/** The gateway as a process of its own: its signals, its log, what it holds. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { GatewayHolds } from "./gateway-probe.ts";
import { openSockets } from "./open-sockets.ts";

const MAIN = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));
const PROBE = new URL("./gateway-probe.ts", import.meta.url).href;
const START_MS = 30_000;
const ANSWER_MS = 30_000;

/** What the process holds, by its own word and by the kernel's. */
export interface Holdings extends GatewayHolds {
  /** Open file descriptors; -1 where the platform does not tell. */
  descriptors: number;
  threads: number;
}

/** A time in which connections to the gateway may break, and why. */
export interface Disruption {
  kind: "SIGTERM" | "SIGKILL";
  from: number;
  /** When it was serving again. */
  to: number;
}

export class GatewayProcess {
  readonly disruptions: Disruption[] = [];
  /** What is wrong with how it ended or started. */
  readonly complaints: string[] = [];
  starts = 0;
  readonly #argv: string[];
  readonly #onLine: (line: string) => void;
  readonly #port: number;
  #child: ChildProcess | undefined;
  #lastLines: string[] = [];

  /** @param onLine every line that it prints */
  constructor(port: number, argv: readonly string[], onLine: (line: string) => void) {
    this.#port = port;
    this.#argv = ["--expose-gc", "--import", PROBE, MAIN, "serve", "--port", String(port), ...argv];
    this.#onLine = onLine;
  }

  get lastLines(): readonly string[] {
    return this.#lastLines;
  }

  get alive(): boolean {
    return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  async start(): Promise<void> {
    this.starts += 1;
    const child = spawn(process.execPath, this.#argv, {
      env: { PATH: process.env["PATH"] ?? "" },
      stdio: ["ignore", "pipe", "pipe", "ipc"],
    });
    this.#child = child;
    for (const output of [child.stdout, child.stderr]) this.#read(output!);
    child.once("exit", (code, signal) => {
      if (this.#child === child) this.#unexpected(code, signal);
    });
    const deadline = performance.now() + START_MS;
    while (!(await this.ready())) {
      if (performance.now() > deadline || !this.alive) {
        throw new Error(`The gateway did not start:\n${this.#lastLines.join("\n")}`);
      }
      await sleep(20);
    }
  }

  async ready(): Promise<boolean> {
    try {
      const answer = await fetch(`http://127.0.0.1:${this.#port}/readyz`, {
        headers: { connection: "close" },
      });
      await answer.arrayBuffer();
      return answer.ok;
    } catch {
      return false;
    }
  }

  signal(signal: NodeJS.Signals): void {
    this.#child?.kill(signal);
  }

  /** Stops its clock for so long, even when it is asked to end meanwhile. */
  async pause(forMs: number): Promise<void> {
    const child = this.#child;
    child?.kill("SIGSTOP");
    await sleep(forMs);
    child?.kill("SIGCONT");
  }

  /** Ends it by a signal and starts it anew on the same port. @param longestMs it may take to end */
  async restart(kind: Disruption["kind"], longestMs: number): Promise<void> {
    const disruption: Disruption = { kind, from: performance.now(), to: Infinity };
    this.disruptions.push(disruption);
    await this.end(kind, longestMs);
    await this.start();
    disruption.to = performance.now();
  }

  async end(kind: Disruption["kind"], longestMs: number): Promise<void> {
    const child = this.#child;
    if (child === undefined || !this.alive) return;
    this.#child = undefined;
    const startedAt = performance.now();
    const closed = once(child, "close");
    child.kill(kind);
    const late = setTimeout(() => {
      this.complaints.push(`${kind}: still there after ${longestMs} ms`);
      child.kill("SIGKILL");
    }, longestMs);
    await closed;
    clearTimeout(late);
    const tookMs = Math.round(performance.now() - startedAt);
    if (kind === "SIGTERM" && child.exitCode !== 0) {
      this.complaints.push(`SIGTERM: it ended with ${child.exitCode ?? child.signalCode} after ${tookMs} ms`);
    }
  }

  async holdings(): Promise<Holdings> {
    const child = this.#child;
    if (child === undefined || !child.connected) throw new Error("The gateway is not running.");
    const answer = once(child, "message", { signal: AbortSignal.timeout(ANSWER_MS) });
    child.send("what do you hold?");
    const [holds] = (await answer) as [GatewayHolds];
    return { ...holds, ...kernelFigures(child.pid ?? 0) };
  }

  /** Its connections, as the kernel has them. */
  sockets(): string[] {
    return openSockets(this.#child?.pid ?? 0);
  }

  /** Resident memory in bytes, without asking it. */
  residentBytes(): number {
    return kernelFigures(this.#child?.pid ?? 0).resident;
  }

  #read(output: NodeJS.ReadableStream): void {
    let rest = "";
    output.setEncoding("utf8");
    output.on("data", (text: string) => {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) {
        this.#lastLines.push(line.slice(0, 2000));
        if (this.#lastLines.length > 40) this.#lastLines = this.#lastLines.slice(-20);
        this.#onLine(line);
      }
    });
  }

  #unexpected(code: number | null, signal: NodeJS.Signals | null): void {
    this.complaints.push(`the gateway died by itself (${signal ?? code}):\n${this.#lastLines.join("\n")}`);
  }
}

/** From Linux's /proc; -1 and 0 elsewhere. */
function kernelFigures(pid: number): { descriptors: number; threads: number; resident: number } {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    const figure = (name: string): number =>
      Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(status)?.[1] ?? 0);
    return {
      descriptors: readdirSync(`/proc/${pid}/fd`).length,
      threads: figure("Threads"),
      resident: figure("VmRSS") * 1024,
    };
  } catch {
    return { descriptors: -1, threads: -1, resident: 0 };
  }
}
