/** Commands as a reader types them, in an environment without anything of the developer's own. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { delimiter, dirname, join, resolve } from "node:path";

export const ROOT = resolve(import.meta.dirname, "../..");

/** Nothing of the developer's Google account, keys, ports or proxies may decide what a test does. */
const UNWANTED = /^(google|gemini|openai|pollux|cloudsdk|port$|host$)|_proxy$/i;

type Variables = Record<string, string>;

export interface Finished {
  code: number | null;
  stdout: string;
  stderr: string;
}

export interface Started {
  /** The first loopback address it printed. */
  url: string;
  /** All it had printed by then. */
  output: string;
  /** Ends it with everything it started. */
  stop(): Promise<void>;
}

/** The cleaned environment, with this Node and the tools of the repository first on the path. */
export function cleanEnvironment(added: Variables = {}): Variables {
  const kept = Object.entries(process.env).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && !UNWANTED.test(entry[0]),
  );
  const path = [dirname(process.execPath), join(ROOT, "node_modules", ".bin"), process.env["PATH"] ?? ""];
  return {
    ...Object.fromEntries(kept),
    PATH: path.join(delimiter),
    NO_COLOR: "1",
    NO_PROXY: "127.0.0.1,localhost",
    METADATA_SERVER_DETECTION: "none",
    ...added,
  };
}

/** Runs a command in the root of the repository and waits for its end. */
export async function finished(command: string, argv: string[], env: Variables): Promise<Finished> {
  const child = spawn(command, argv, { cwd: ROOT, env, stdio: ["ignore", "pipe", "pipe"] });
  const result: Finished = { code: null, stdout: "", stderr: "" };
  child.stdout.setEncoding("utf8").on("data", (text: string) => (result.stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (result.stderr += text));
  const [code] = (await once(child, "close")) as [number | null];
  return { ...result, code };
}

/** Starts a command that serves, and waits until it says where. */
export async function started(command: string, argv: string[], env: Variables): Promise<Started> {
  // A process group of its own: npm does not pass signals on to what it runs.
  const child = spawn(command, argv, { cwd: ROOT, env, detached: true, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  const url = await new Promise<string>((done, failed) => {
    const read = (text: string): void => {
      output += text;
      // The whole banner comes in one write, and its first address is the server's own.
      const found = /ready[^\n]*(http:\/\/[\d.]+:\d+)/.exec(output)?.[1];
      if (found !== undefined) done(found);
    };
    child.stdout.setEncoding("utf8").on("data", read);
    child.stderr.setEncoding("utf8").on("data", read);
    child.once("error", failed);
    child.once("close", (code) => failed(new Error(`ended with ${code}:\n${output}`)));
  });
  return { url, output, stop: () => stop(child) };
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const closed = once(child, "close");
  process.kill(-child.pid, "SIGTERM");
  await closed;
}
