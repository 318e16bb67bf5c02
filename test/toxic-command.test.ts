/** `pollux emulator --toxic` and `pollux toxic`, as processes. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { startEmulator } from "../src/emulator/server.ts";
import { cleanEnvironment, started, type Started } from "./support/shell.ts";

async function pollux(...argv: string[]): Promise<Started> {
  const command = await started(process.execPath, ["src/cli/main.ts", ...argv], cleanEnvironment());
  onTestFinished(() => command.stop());
  return command;
}

function ask(url: string): Promise<Response> {
  return fetch(`${url}/v1beta/models/gemini-3.5-flash:generateContent`, {
    method: "POST",
    headers: { "x-goog-api-key": "any", connection: "close" },
    body: JSON.stringify({ contents: [{ parts: [{ text: "Repeat after me: slow grün" }] }] }),
  });
}

test("an emulator behind toxics answers late and in slices, its tokens too", async () => {
  const folder = mkdtempSync(join(tmpdir(), "pollux-toxic-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const key = join(folder, "key.json");
  const { url } = await pollux(
    ..."emulator --port 0 --toxic latency:latency=150,jitter=20 --toxic slicer:average_size=16 --toxic-seed 7".split(
      " ",
    ),
    "--service-account",
    key,
  );
  const start = performance.now();
  expect(await (await ask(url)).text()).toContain("slow grün");
  expect(performance.now() - start).toBeGreaterThan(125);
  expect(JSON.parse(readFileSync(key, "utf8"))).toMatchObject({ token_uri: `${url}/token` });
});

test("a fault proxy stands before anything", async () => {
  const emulator = await startEmulator({ paceMs: 0 });
  onTestFinished(() => emulator.close());
  const { url } = await pollux("toxic", "--upstream", emulator.url, "--toxic", "limit_data:bytes=40");
  await expect(ask(url).then((answer) => answer.text())).rejects.toThrow();
  expect(emulator.requestCount).toBe(1);
});
