/** `pollux serve` as a process of its own: what it prints, how much memory it takes, whether it lives. */
import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { testedHttpClient } from "./running-gateway.ts";

const MAIN = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));
const REPORTER = new URL("./report-health.ts", import.meta.url).href;

export interface ServedProcess {
  url: string;
  /** Everything it has printed, both outputs. */
  printed(): string;
  /** The most memory it ever held, in bytes. */
  peakMemory(): Promise<number>;
  /** How late its event loop was since it was last asked. */
  loopDelay(): Promise<LoopDelay>;
  readonly exited: boolean;
  /** Asks it to stop and waits until it has. */
  stop(): Promise<void>;
}

/** In milliseconds; a look at an idle event loop takes 5 of them. */
export interface LoopDelay {
  p99Ms: number;
  /** The part of it that the process itself computed: what is left on a machine of its own. */
  ownP99Ms: number;
  ownMaxMs: number;
  looks: number;
}

/** `env` is all of the environment it sees, but for `PATH`. */
export async function servePollux(
  env: Record<string, string> = {},
  argv: readonly string[] = [],
): Promise<ServedProcess> {
  const child = spawn(process.execPath, ["--import", REPORTER, MAIN, "serve", "--port", "0", ...argv], {
    env: { PATH: process.env["PATH"] ?? "", ...testedHttpClient(), ...env },
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
    peakMemory: () => ask<number>(child, "peakMemory"),
    loopDelay: () => ask<LoopDelay>(child, "loopDelay"),
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

function ask<Answer>(child: ChildProcess, question: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const onMessage = (message: { question: string; answer: Answer }): void => {
      if (message.question !== question) return;
      child.off("message", onMessage);
      resolve(message.answer);
    };
    child.on("message", onMessage);
    child.send(question, (error) => {
      if (error !== null) reject(error);
    });
  });
}
