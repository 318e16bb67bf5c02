/** Starts `pollux` as a user would, in a process of its own, and waits until it says where it listens. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const MAIN = resolve(import.meta.dirname, "../../src/cli/main.ts");
const LONGEST_START_MS = 30_000;

export interface RunningPollux {
  /** For example `http://127.0.0.1:41234`. */
  url: string;
  /** Ends the process and waits for it. */
  stop(): Promise<void>;
}

/** The gateway with its embedded emulator. `env` adds variables. */
export function startGateway(env: Record<string, string> = {}): Promise<RunningPollux> {
  return start(["serve", "--port", "0"], env);
}

/** The emulator by itself. `script` is an emulator script as an object. */
export async function startEmulator({
  script,
  argv = [],
}: { script?: object; argv?: string[] } = {}): Promise<RunningPollux> {
  if (script === undefined) return start(["emulator", "--port", "0", ...argv], {});
  const directory = mkdtempSync(join(tmpdir(), "pollux-script-"));
  const file = join(directory, "script.json");
  writeFileSync(file, JSON.stringify(script));
  const running = await start(["emulator", "--port", "0", "--script", file, ...argv], {});
  return {
    url: running.url,
    stop: async () => {
      await running.stop();
      rmSync(directory, { recursive: true });
    },
  };
}

/** A gateway in front of a scripted emulator, passing its callers' tokens on as it would to Google. */
export async function startScriptedGateway(script: object): Promise<RunningPollux> {
  const emulator = await startEmulator({ script });
  try {
    const gateway = await startGateway({
      GOOGLE_GENAI_USE_VERTEXAI: "true",
      GOOGLE_CLOUD_PROJECT: "scripted-project",
      GOOGLE_VERTEX_BASE_URL: emulator.url,
    });
    return {
      url: gateway.url,
      stop: async () => void (await Promise.all([gateway.stop(), emulator.stop()])),
    };
  } catch (error) {
    await emulator.stop();
    throw error;
  }
}

async function start(argv: string[], env: Record<string, string>): Promise<RunningPollux> {
  const child = spawn(process.execPath, [MAIN, ...argv], {
    env: { ...cleanEnvironment(), ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const url = await readyUrl(child);
  return {
    url,
    stop: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill("SIGTERM");
      await once(child, "exit");
    },
  };
}

/** Nothing of the developer's own Google account, keys or proxies may decide what a test does. */
function cleanEnvironment(): Record<string, string> {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(google|gemini|openai|pollux|cloudsdk|port$|host$)|_proxy$/i.test(name),
  );
  return {
    ...(Object.fromEntries(kept) as Record<string, string>),
    CLOUDSDK_CONFIG: join(tmpdir(), "no-gcloud-login-here"),
    METADATA_SERVER_DETECTION: "none",
    // The Node that runs the tests may be the one that npm put first on PATH; colours would end up in the URL.
    NO_COLOR: "1",
  };
}

/** Resolves to the first loopback URL that the process prints. */
function readyUrl(child: ChildProcess): Promise<string> {
  return new Promise((found, failed) => {
    let output = "";
    const fail = (why: string): void => {
      child.kill("SIGKILL");
      failed(new Error(`pollux did not start: ${why}\n${output}`));
    };
    const timer = setTimeout(() => fail(`not ready after ${LONGEST_START_MS} ms`), LONGEST_START_MS);
    child.stdout?.on("data", (chunk) => {
      output += chunk;
      const url = /http:\/\/127\.0\.0\.1:\d+/.exec(output)?.[0];
      if (url === undefined) return;
      clearTimeout(timer);
      found(url);
    });
    child.stderr?.on("data", (chunk) => (output += chunk));
    child.once("error", (error) => fail(error.message));
    child.once("exit", (code, signal) => {
      clearTimeout(timer);
      failed(new Error(`pollux ended at once (${signal ?? code}):\n${output}`));
    });
  });
}
