/** The official `openai` package for Python as a client, driven by lines of JSON. */
import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { type Driver, plainRequest } from "./run-case.ts";
import { keyAndHeaders, sdkCall, type SdkReport, sdkView } from "./sdk-view.ts";

const SCRIPT = fileURLToPath(new URL("../../conformance/drivers/openai_sdk.py", import.meta.url));
const START_MS = 60_000;

export interface PythonSdk {
  driver: Driver;
  /** Of the package. */
  version: string;
  close(): void;
}

/**
 * @param python the interpreter, for example `.venv/bin/python`
 * @throws Error when it cannot be run, or has no `openai`
 */
export async function startPythonSdk(python: string): Promise<PythonSdk> {
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^openai_|_proxy$/i.test(name)),
  );
  const child = spawn(python, [SCRIPT], { env, stdio: ["pipe", "pipe", "pipe"] });
  const lines = new Lines(child);
  const { version = "?" } = (await lines.next(0, START_MS)) as { version?: string };
  let orders = 0;
  const driver: Driver = {
    viewpoint: "python",
    ask: async (request, gateway, withinMs) => {
      const { baseUrl, ...call } = sdkCall(request, gateway);
      const { key, headers } = keyAndHeaders({ ...gateway.headers, ...request.headers });
      const id = (orders += 1);
      const report = lines.next(id, withinMs);
      const order = {
        ...call,
        id,
        key,
        headers,
        base_url: baseUrl,
        max_retries: request.max_retries ?? 0,
        timeout: withinMs / 1_000,
      };
      child.stdin?.write(`${JSON.stringify(order)}\n`);
      return {
        view: sdkView((await report.catch(lateOrThrow)) as SdkReport),
        request: plainRequest(request, gateway),
      };
    },
  };
  return { driver, version, close: () => child.kill("SIGKILL") };
}

class LateError extends Error {
  override readonly message = "Python does not answer in time";
}

function lateOrThrow(error: unknown): SdkReport {
  if (error instanceof LateError) return { late: true };
  throw error;
}

/** Answers by the id of their order; the first line, which has none, is for 0. */
class Lines {
  readonly #waiting = new Map<
    number,
    { resolve: (report: object) => void; reject: (error: Error) => void }
  >();
  #said = "";
  #ended: Error | undefined;

  constructor(child: ChildProcess) {
    child.stdin?.on("error", () => undefined);
    child.stderr
      ?.setEncoding("utf8")
      .on("data", (text: string) => (this.#said = (this.#said + text).slice(-2_000)));
    if (child.stdout !== null) {
      createInterface(child.stdout).on("line", (line) => {
        const report = JSON.parse(line) as { id?: number };
        this.#waiting.get(report.id ?? 0)?.resolve(report);
        this.#waiting.delete(report.id ?? 0);
      });
    }
    child.once("error", (error) => this.#end(error));
    child.once("close", () => this.#end(new Error(this.#said.trim().split("\n").at(-1) ?? "Python ended")));
  }

  next(id: number, withinMs: number): Promise<object> {
    if (this.#ended !== undefined) return Promise.reject(this.#ended);
    return new Promise((resolve, reject) => {
      const limit = setTimeout(() => reject(new LateError()), withinMs);
      const settle =
        <Value>(then: (value: Value) => void) =>
        (value: Value): void => {
          clearTimeout(limit);
          then(value);
        };
      this.#waiting.set(id, { resolve: settle(resolve), reject: settle(reject) });
    });
  }

  #end(error: Error): void {
    this.#ended ??= error;
    for (const { reject } of this.#waiting.values()) reject(this.#ended);
    this.#waiting.clear();
  }
}
