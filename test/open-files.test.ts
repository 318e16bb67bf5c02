/** A process that may open few files, and clients that would take all of them. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test, vi } from "vitest";
import { idleClients, postText, rawClient } from "./support/raw-clients.ts";
import { post } from "./support/running-gateway.ts";

const MAIN = fileURLToPath(new URL("../src/cli/main.ts", import.meta.url));
const ASK = {
  model: "google/gemini-3.5-flash",
  messages: [{ role: "user", content: "Repeat after me: foghorn" }],
};

/** `pollux serve` with no more than so many open files. */
async function serveWith(
  openFiles: number,
): Promise<{ child: ChildProcess; url: string; printed: () => string }> {
  const child = spawn(
    "sh",
    ["-c", `ulimit -n ${openFiles}; exec "$0" "$@"`, process.execPath, MAIN, "serve", "--port", "0"],
    { env: { PATH: process.env["PATH"] ?? "" }, stdio: ["ignore", "pipe", "pipe"] },
  );
  onTestFinished(() => void child.kill("SIGKILL"));
  let printed = "";
  const url = await new Promise<string>((resolve, reject) => {
    child.once("exit", () => reject(new Error(printed)));
    for (const output of [child.stdout, child.stderr]) {
      output.setEncoding("utf8").on("data", (text: string) => {
        printed += text;
        const found = /http:\/\/127\.0\.0\.1:\d+/.exec(printed)?.[0];
        if (found !== undefined) resolve(found);
      });
    }
  });
  return { child, url, printed: () => printed };
}

test("F-66 at 256 open files it takes no more connections, says so once, serves those it has, and recovers", async () => {
  const { child, url, printed } = await serveWith(256);
  const early = await rawClient(url);
  const crowd = await idleClients(url, 400);
  expect(crowd).toHaveLength(400);
  // Closed unread; the others stay.
  await vi.waitFor(() => expect(crowd.filter((client) => client.isClosed).length).toBeGreaterThan(200), {
    timeout: 10_000,
  });
  expect(crowd.filter((client) => !client.isClosed).length).toBeGreaterThan(100);
  early.socket.write(postText({ ...ASK, stream: true }));
  await vi.waitFor(() => expect(early.received()).toContain("data: [DONE]"), { timeout: 10_000 });

  for (const { socket } of crowd) socket.destroy();
  await vi.waitFor(async () => expect((await post({ url }, ASK)).status).toBe(200), { timeout: 10_000 });
  expect(printed().match(/connections are closed unread/g)).toHaveLength(1);
  early.socket.destroy();
  const exited = once(child, "exit");
  child.kill("SIGTERM");
  expect(await exited).toEqual([0, null]);
  expect(printed()).not.toContain("EMFILE");
}, 60_000);
