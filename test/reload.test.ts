/** A configuration that changes under a running `pollux serve`. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { type Config, readConfig, serve } from "../src/serve.ts";
import { post } from "./support/running-gateway.ts";

const folder = mkdtempSync(join(tmpdir(), "pollux-reload-"));
const file = join(folder, "pollux.yaml");
const MESSAGES = [{ role: "user", content: "Repeat after me: still here" }];
const STORY = [{ role: "user", content: "Write a story about a lighthouse." }];

let server: ChildProcess;
let url: string;
let log = "";

/** As editors and config maps do: a new file in the old one's place. */
function write(text: string): void {
  writeFileSync(`${file}.new`, text);
  renameSync(`${file}.new`, file);
}

const config = (alias: string): string => `
server: { port: 0 }
upstreams:
  offline: { kind: emulator }
models:
  ${alias}: google/gemini-2.5-flash
routes:
  - { match: "google/*", targets: [{ upstream: offline }] }
  - { match: "*", targets: [{ upstream: offline, model: no-such-model }] }
`;

beforeAll(async () => {
  write(config("first"));
  server = spawn(process.execPath, ["src/cli/main.ts", "serve", "--config", file], {
    env: { ...process.env, PORT: "" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  server.stdout!.on("data", (data: Buffer) => (output += data.toString()));
  server.stderr!.on("data", (data: Buffer) => (log += data.toString()));
  url = await vi.waitFor(
    () => {
      const found = /ready in \d+ ms: (http:\S+)/.exec(output)?.[1];
      if (found === undefined) throw new Error(`not ready: ${output}${log}`);
      return found;
    },
    { timeout: 15_000 },
  );
});

afterAll(async () => {
  const ended = new Promise((resolve) => server.once("exit", resolve));
  server.kill("SIGTERM");
  await ended;
  rmSync(folder, { recursive: true });
});

async function status(model: string): Promise<number> {
  const response = await post({ url }, { model, messages: MESSAGES });
  await response.text();
  return response.status;
}

test("F-67 F-68 aliases come and go; a bad file changes nothing and is told; answers under way finish", async () => {
  expect([await status("first"), await status("second")]).toEqual([200, 404]);

  // Held back by its reader, the answer spans the change.
  const stream = await post(
    { url },
    { model: "first", messages: STORY, stream: true },
    { headers: { "x-emulator-fault": "slow=60" } },
  );
  const reader = stream.body!.getReader();
  await reader.read();

  write(config("second"));
  await vi.waitFor(async () => expect(await status("second")).toBe(200), { timeout: 5_000, interval: 50 });
  expect(await status("first")).toBe(404);

  let rest = "";
  for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
    rest += Buffer.from(piece.value).toString();
  }
  expect(rest.trimEnd().endsWith("data: [DONE]")).toBe(true);

  write(config("third").replace("upstreams:", "upstraems:"));
  await vi.waitFor(() => expect(log).toMatch(/stays as it was/), { timeout: 5_000 });
  expect(log).toMatch(/pollux\.yaml:3:1 upstraems: unknown key; did you mean \\?"upstreams\\?"/);
  expect(await status("second")).toBe(200);

  write(config("third"));
  await vi.waitFor(async () => expect(await status("third")).toBe(200), { timeout: 5_000, interval: 50 });

  writeFileSync(file, config("fourth"));
  server.kill("SIGHUP");
  await vi.waitFor(async () => expect(await status("fourth")).toBe(200), { timeout: 5_000, interval: 50 });
});

test("access keys cannot be taken from a gateway that others can reach, wherever the new file would listen", async () => {
  const read = (env: Record<string, string>): Config => readConfig({ PORT: "0", ...env }).config;
  const open = await serve(read({ HOST: "0.0.0.0", POLLUX_API_KEYS: "secret" }), { reportBug: () => {} });
  const statusOf = async (key: string): Promise<number> => {
    const { port } = new URL(open.url);
    const answer = await fetch(`http://127.0.0.1:${port}/v1/models`, {
      headers: { authorization: `Bearer ${key}` },
    });
    await answer.text();
    return answer.status;
  };
  await expect(open.apply(read({ HOST: "0.0.0.0" }))).rejects.toThrow(/POLLUX_API_KEYS/);
  await expect(open.apply(read({ HOST: "127.0.0.1" }))).rejects.toThrow(/POLLUX_API_KEYS/);
  expect([await statusOf("secret"), await statusOf("guess")]).toEqual([200, 401]);

  await open.apply(read({ HOST: "0.0.0.0", POLLUX_API_KEYS: "another" }));
  expect([await statusOf("secret"), await statusOf("another")]).toEqual([401, 200]);
  await open.close();
});
