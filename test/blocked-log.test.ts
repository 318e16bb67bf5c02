/** F-69: `pollux serve` whose standard error nobody reads, as when a log shipper hangs. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { afterEach, expect, test } from "vitest";
import { post } from "./support/running-gateway.ts";

const MAIN = fileURLToPath(new URL("../src/cli/main.ts", import.meta.url));
const WORKERS = 20;
const EACH = 300;
/** In every line, so that there is more than a megabyte of them. */
const MODEL = "m".repeat(200);

let child: ChildProcess | undefined;
afterEach(() => child?.kill("SIGKILL"));

async function servedUnread(stdio: "pipe" | "ignore"): Promise<string> {
  child = spawn(process.execPath, [MAIN, "serve", "--port", "0"], {
    env: { PATH: process.env["PATH"] ?? "" },
    // Its standard output is read until the address is known, and its standard error never.
    stdio: ["ignore", "pipe", stdio],
  });
  const { stdout, stderr } = child;
  stderr?.pause();
  const url = await new Promise<string>((resolve, reject) => {
    child!.once("exit", (code) => reject(new Error(`pollux serve ended with ${code}`)));
    stdout!.setEncoding("utf8").on("data", (text: string) => {
      const found = /http:\/\/127\.0\.0\.1:\d+/.exec(text)?.[0];
      if (found !== undefined) resolve(found);
    });
  });
  stdout!.pause();
  return url;
}

async function metric(url: string, name: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return Number(new RegExp(`^${name} (.*)$`, "m").exec(text)?.[1]);
}

test("F-69 requests go on, lines are dropped and counted, and it still ends when it is told to", async () => {
  const url = await servedUnread("pipe");
  const latencies: number[] = [];
  await Promise.all(
    Array.from({ length: WORKERS }, async () => {
      for (let at = 0; at < EACH; at += 1) {
        const begun = performance.now();
        const response = await post({ url }, { model: MODEL, messages: [] });
        expect(response.status).toBe(400);
        await response.text();
        latencies.push(performance.now() - begun);
      }
    }),
  );
  expect(latencies).toHaveLength(WORKERS * EACH);
  const dropped = await metric(url, "pollux_log_dropped_total");
  // What is kept is a mebibyte and a pipe's fill, of lines longer than 400 characters.
  expect(dropped).toBeGreaterThan(WORKERS * EACH - 3_500);
  expect(dropped).toBeLessThan(WORKERS * EACH);
  // Sound requests still stream.
  const stream = await post(
    { url },
    { model: "gemini-3.5-flash", messages: [{ role: "user", content: "Hello." }], stream: true },
  );
  expect((await stream.text()).endsWith("data: [DONE]\n\n")).toBe(true);

  const exited = once(child!, "exit");
  const stopped = performance.now();
  child!.kill("SIGTERM");
  expect(await exited).toEqual([0, null]);
  expect(performance.now() - stopped).toBeLessThan(10_000);
}, 120_000);

test("F-69 a standard error that leads nowhere drops nothing", async () => {
  const url = await servedUnread("ignore");
  for (let at = 0; at < 50; at += 1) await (await post({ url }, { model: MODEL, messages: [] })).text();
  expect(await metric(url, "pollux_log_dropped_total")).toBe(0);
});
