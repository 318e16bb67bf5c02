/** `pollux serve` as a process of its own: what it prints, how much memory it takes, whether it lives. */
import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

const MAIN = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));
const REPORTER = new URL("./report-memory.ts", import.meta.url).href;

export interface ServedProcess {
  url: string;
  /** Everything it has printed, both outputs. */
  printed(): string;
  /** The most memory it ever held, in bytes. */
  peakMemory(): Promise<number>;
  readonly exited: boolean;
  /** Asks it to stop and waits until it has. */
  stop(): Promise<void>;
}

/** `env` is all of the environment it sees, but for `PATH`. */
export async function servePollux(
  env: Record<string, string> = {},
  argv: readonly string[] = [],
): Promise<ServedProcess> {
  const child = spawn(process.execPath, ["--import", REPORTER, MAIN, "serve", "--port", "0", ...argv], {
    env: { PATH: process.env["PATH"] ?? "", ...env },
    stdio: ["ignore", "pipe", "pipe", "ipc"],
  });
  let printed = "";
  let exited = false;
  child.once("exit", () => (exited = true));
  const url = await new Promise<string>((resolve, reject) => {
    const onOutput = (text: string): void => {
      printed += text;
      const found = /http:\/\/127\.0\.0\.1:\d+/.exec(printed)?.[0];
      if (found !== undefined) resolve(found);
    };
    child.stdout?.setEncoding("utf8").on("data", onOutput);
    child.stderr?.setEncoding("utf8").on("data", onOutput);
    child.once("exit", (code) => reject(new Error(`pollux serve ended with ${code}: ${printed}`)));
  });
  return {
    url,
    printed: () => printed,
    peakMemory: () => peakMemoryOf(child),
    get exited() {
      return exited;
    },
    stop: async () => {
      if (exited) return;
      const gone = new Promise((resolve) => child.once("close", resolve));
      child.kill("SIGTERM");
      await gone;
    },
  };
}

function peakMemoryOf(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once("message", (bytes) => resolve(Number(bytes)));
    child.send("peak memory?", (error) => {
      if (error !== null) reject(error);
    });
  });
}
