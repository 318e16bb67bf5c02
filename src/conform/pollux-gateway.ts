/** Pollux itself, in a process of its own, a fresh gateway for each case. */
import { type ChildProcess, fork } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { serviceAccountKey } from "./service-account-key.ts";
import { VERSION } from "../version.ts";
import type { HostOrder, HostReport } from "./gateway-host.ts";
import type { GatewayUnderTest } from "./gateway-under-test.ts";
import { ACCESS_KEY, ENDPOINT_ALIAS } from "./pollux-config.ts";

const HOST = fileURLToPath(new URL(`./gateway-host${extname(import.meta.url)}`, import.meta.url));
const START_MS = 60_000;

/** Starts the process; the gateways come with `open`. */
export function startPollux(): GatewayUnderTest {
  const folder = mkdtempSync(join(tmpdir(), "pollux-conform-"));
  const host = new Host();
  return {
    name: "Pollux",
    version: VERSION,
    configuration:
      "The defaults, one access key, any gs:// bucket allowed (media.buckets); a fresh gateway for each case",
    surfaces: new Set(["gemini-api", "vertex", "endpoint"]),
    lanes: Math.min(4, availableParallelism() + 1),
    open: async (google, surface) => {
      const { id, url } = await host.open({ google, surface, folder, keyFile: serviceAccountKey(google) });
      return {
        url,
        headers: { authorization: `Bearer ${ACCESS_KEY}` },
        model: (model) => (surface === "endpoint" ? ENDPOINT_ALIAS : `google/${model}`),
        close: () => host.close(id),
      };
    },
    close: async () => {
      await host.end();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The process, started anew where it has ended: a crash costs the cases under way, not those that follow. */
class Host {
  readonly #waiting = new Map<
    number,
    { resolve: (report: HostReport) => void; reject: (error: Error) => void }
  >();
  #child: ChildProcess | undefined;
  #said = "";
  #orders = 0;

  async open(open: NonNullable<HostOrder["open"]>): Promise<{ id: number; url: string }> {
    const { id, url, failed } = await this.#order({ open });
    if (url === undefined) throw new Error(`Pollux does not start: ${failed ?? "no address"}`);
    return { id, url };
  }

  async close(id: number): Promise<void> {
    if (this.#child !== undefined) await this.#order({ close: id }).catch(() => undefined);
  }

  async end(): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    const gone = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGKILL");
    await gone;
  }

  #order(order: Omit<HostOrder, "id">): Promise<HostReport> {
    const child = (this.#child ??= this.#start());
    const id = (this.#orders += 1);
    return new Promise((resolve, reject) => {
      const limit = setTimeout(() => reject(new Error("Pollux does not answer its starter")), START_MS);
      this.#waiting.set(id, {
        resolve: (report) => {
          clearTimeout(limit);
          resolve(report);
        },
        reject: (error) => {
          clearTimeout(limit);
          reject(error);
        },
      });
      child.send({ ...order, id } satisfies HostOrder, (error) => {
        if (error !== null) this.#waiting.get(id)?.reject(error);
      });
    });
  }

  #start(): ChildProcess {
    const child = fork(HOST, [], {
      env: { PATH: process.env["PATH"] ?? "" },
      execArgv: [],
      stdio: ["ignore", "ignore", "pipe", "ipc"],
    });
    child.stderr
      ?.setEncoding("utf8")
      .on("data", (text: string) => (this.#said = (this.#said + text).slice(-4_000)));
    child.on("message", (report: HostReport) => {
      this.#waiting.get(report.id)?.resolve(report);
      this.#waiting.delete(report.id);
    });
    child.once("exit", (code, signal) => {
      this.#child = undefined;
      for (const { reject } of this.#waiting.values()) {
        reject(new Error(`Pollux ended (${code ?? signal}): ${this.#said.trim()}`));
      }
      this.#waiting.clear();
    });
    return child;
  }
}
