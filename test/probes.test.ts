/** A target that kept failing is asked, free of charge, whether it is well again. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { loadConfig } from "../src/config/config.ts";
import { startEmulator, type Emulator } from "../src/emulator/server.ts";
import { serve, type RunningServer } from "../src/serve.ts";
import { post } from "./support/running-gateway.ts";

const folder = mkdtempSync(join(tmpdir(), "pollux-probes-"));
const bugs: unknown[] = [];
let first: Emulator;
let second: Emulator;
let server: RunningServer;

beforeAll(async () => {
  first = await startEmulator({ paceMs: 0 });
  second = await startEmulator({ paceMs: 0 });
  const file = join(folder, "pollux.yaml");
  const upstream = (url: string): string =>
    `{ kind: vertex, project: some-project, baseUrl: "${url}", credentials: { kind: token, token: t } }`;
  writeFileSync(
    file,
    `
server: { port: 0 }
limits: { probeEveryMs: 50 }
upstreams:
  first: ${upstream(first.url)}
  second: ${upstream(second.url)}
models:
  fast: { targets: [{ upstream: first, model: gemini-2.5-flash }, { upstream: second, model: gemini-2.5-flash, priority: 2 }] }
`,
  );
  server = await serve(loadConfig(file, {}).config, { reportBug: (error) => bugs.push(error) });
});

afterAll(async () => {
  await server.close();
  await first.close();
  await second.close();
  rmSync(folder, { recursive: true });
  expect(bugs).toEqual([]);
});

const ask = async (): Promise<string | null> => {
  const response = await post(server, { model: "fast", messages: [{ role: "user", content: "Hi" }] });
  await response.text();
  expect(response.status).toBe(200);
  return response.headers.get("x-pollux-attempts");
};

const circuit = (): string | undefined =>
  server.composed.current.router.state().find(({ upstream }) => upstream === "first")?.circuit;

test(
  "healthy targets are left alone; one that fails is probed until it is well",
  { timeout: 30_000 },
  async () => {
    expect(await ask()).toBe("first/gemini-2.5-flash@global");
    const counted = (): number => first.requests.filter(({ url }) => url.includes(":countTokens")).length;

    first.addRule({ then: { error: { code: 500 } } });
    await vi.waitFor(
      async () => {
        await ask();
        expect(circuit()).not.toBe("closed");
      },
      { timeout: 10_000, interval: 1 },
    );
    await vi.waitFor(() => expect(counted()).toBeGreaterThan(0), { timeout: 5_000 });
    expect(await ask()).toBe("second/gemini-2.5-flash@global");

    first.clearRules();
    // The circuit closes by probes alone: no request is made meanwhile.
    await vi.waitFor(() => expect(circuit()).toBe("closed"), { timeout: 20_000 });
    expect(await ask()).toBe("first/gemini-2.5-flash@global");
  },
);
