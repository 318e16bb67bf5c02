/** Calendars and wall clocks that jump: what counts time counts it by a clock that does not. */
import { spawnSync } from "node:child_process";
import { expect, onTestFinished, test } from "vitest";
import { type Emulator, startEmulator } from "../src/emulator/server.ts";
import { gatewayFrom } from "./support/gateway-from-yaml.ts";
import { post } from "./support/running-gateway.ts";
import { ROOT } from "./support/shell.ts";

const BODY = { model: "fast", messages: [{ role: "user", content: "Hello" }] };

async function region(): Promise<Emulator> {
  const emulator = await startEmulator({ paceMs: 0 });
  onTestFinished(() => emulator.close());
  return emulator;
}

test.each([
  ["a leap second is said twice", Date.UTC(2026, 11, 31, 23, 59, 59, 900), -1000],
  ["summer time begins", Date.UTC(2026, 2, 29, 0, 59, 59), 3_600_000],
  ["summer time ends", Date.UTC(2026, 9, 25, 0, 59, 59), -3_600_000],
  ["the year ends", Date.UTC(2026, 11, 31, 23, 59, 59), 2000],
  ["somebody sets the clock a day ahead", Date.UTC(2026, 5, 1), 86_400_000],
])("F-47 %s: an upstream at its quota rests for as long as it asked", async (_, start, jump) => {
  const [first, second] = await Promise.all([region(), region()]);
  let wall = start;
  const gateway = await gatewayFrom(
    `
upstreams:
  first: { kind: gemini-api, apiKeys: [key], baseUrl: "${first.url}" }
  second: { kind: gemini-api, apiKeys: [key], baseUrl: "${second.url}" }
models:
  fast:
    targets:
      - { upstream: first, model: gemini-3.5-flash, priority: 1 }
      - { upstream: second, model: gemini-3.5-flash, priority: 2 }
`,
    {},
    { now: () => wall },
  );
  first.addRule({ then: { fault: "status=429;retry-after=300" } });
  expect((await post(gateway, BODY)).status).toBe(200);
  expect([first.requestCount, second.requestCount]).toEqual([1, 1]);
  wall += jump;
  const answer = await post(gateway, BODY);
  const { created } = (await answer.json()) as { created: number };
  expect([first.requestCount, second.requestCount]).toEqual([1, 2]);
  // UTC seconds of the wall clock, whatever it says, or of the upstream's.
  expect(Number.isInteger(created)).toBe(true);
  wall -= 2 * jump;
  expect((await post(gateway, BODY)).status).toBe(200);
  expect([first.requestCount, second.requestCount]).toEqual([1, 3]);
});

test.each(["America/New_York", "Asia/Kathmandu", "Pacific/Kiritimati"])(
  "F-47 time stamps are UTC in %s",
  (zone) => {
    const program = `
      import { readConfig } from "./src/config/config.ts";
      import { serve } from "./src/serve.ts";
      const { config } = readConfig({ PORT: "0" });
      const server = await serve(config, { reportBug: () => {}, credentials: { env: {} } });
      const before = Math.floor(Date.now() / 1000);
      const answer = await fetch(server.url + "/v1/chat/completions", {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ model: "gemini-3.5-flash", messages: [{ role: "user", content: "Hi" }] }),
      });
      const { created } = await answer.json();
      console.log(JSON.stringify({ off: created - before, zone: new Date(0).getHours() }));
      await server.close();`;
    const { stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", program], {
      cwd: ROOT,
      env: { PATH: process.env["PATH"], TZ: zone },
      encoding: "utf8",
    });
    expect(stderr).toBe("");
    const { off, zone: hour } = JSON.parse(stdout) as { off: number; zone: number };
    // The zone is in force, and nothing follows it.
    expect(hour).not.toBe(0);
    expect(Math.abs(off)).toBeLessThan(60);
  },
  60_000,
);
