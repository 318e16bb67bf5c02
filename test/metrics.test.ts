/** Who may read the metrics, what stands in them, and what else the gateway's port does not give away. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { request as httpRequest } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { createGateway } from "../src/index.ts";
import { startEmulator } from "../src/emulator/server.ts";
import { readConfig, serve, type RunningServer } from "../src/serve.ts";
import { configFrom, gatewayFrom } from "./support/gateway-from-yaml.ts";
import { sendRaw } from "./support/raw-http.ts";
import { post, startGateway, type RunningGateway } from "./support/running-gateway.ts";

const KEY = "an-access-key";
const ADMIN_KEY = "an-admin-key";
const ASK = { model: "gemini-3.5-flash", messages: [{ role: "user", content: "Hello." }] };

/** By name and labels. */
async function scrape(url: string, headers: Record<string, string> = {}): Promise<Map<string, number>> {
  const response = await fetch(`${url}/metrics`, { headers });
  expect(response.status).toBe(200);
  expect(response.headers.get("content-type")).toMatch(/^text\/plain; version=0\.0\.4/);
  const lines = (await response.text()).split("\n").filter((line) => /^\w/.test(line));
  return new Map(
    lines.map((line) => {
      const at = line.lastIndexOf(" ");
      return [line.slice(0, at), Number(line.slice(at))];
    }),
  );
}

describe("with access keys", () => {
  let gateway: RunningGateway;
  beforeAll(async () => {
    gateway = await startGateway({ POLLUX_API_KEYS: KEY, POLLUX_ADMIN_KEYS: ADMIN_KEY });
  });
  afterAll(() => gateway.close());

  const keyed = { authorization: `Bearer ${KEY}` };
  const admin = { authorization: `Bearer ${ADMIN_KEY}` };

  test("S-50 the metrics want an operator's", async () => {
    expect((await fetch(`${gateway.url}/metrics`)).status).toBe(401);
    expect((await fetch(`${gateway.url}/metrics`, { headers: keyed })).status).toBe(401);
    expect((await fetch(`${gateway.url}/metrics`, { headers: { authorization: "Bearer no" } })).status).toBe(
      401,
    );
    expect((await scrape(gateway.url, admin)).get("pollux_inflight")).toBe(0);
  });

  test.each([
    "/metrics/",
    "//metrics",
    "/METRICS",
    "/metrics;a=b",
    "/%6detrics",
    "/v1/../metrics",
    "/debug",
    "/debug/pprof",
    "/debug/vars",
    "/heapdump",
    "/actuator/heapdump",
    "/.env",
    "/.git/config",
    "/.git/HEAD",
    "/package.json",
    "/pollux.yaml",
    "/server-status",
    "/src/cli/main.ts",
    "/dist/cli/main.js.map",
    "/main.js.map",
    "/admin",
    "/admin/",
    "/json/list",
  ])("S-50 %s gives nothing away", async (path) => {
    for (const method of ["GET", "HEAD", "POST"]) {
      const answer = await sendRaw(gateway.url, { method, path });
      expect([401, 404, 405]).toContain(answer.status);
      expect(answer.body).not.toMatch(/pollux_|sourceMappingURL|"mappings"|dependencies/);
    }
  });

  test("S-50 no label comes from a caller, whatever a thousand of them write", async () => {
    const ask = (model: string, at: number): Promise<Response> =>
      post(
        gateway,
        { ...ASK, model, user: `user-${at}`, metadata: { team: `team-${at}` } },
        { headers: { ...keyed, "x-stainless-retry-count": String(at), "user-agent": `agent-${at}` } },
      );
    const odd = (at: number): string => `odd-${at}"} 1\n# ${"x".repeat(at % 50)}`;
    await (await ask(odd(0), 0)).text();
    const before = [...(await scrape(gateway.url, admin)).keys()];
    for (let at = 1; at <= 1000; at += 50) {
      await Promise.all(
        Array.from({ length: 50 }, async (_, more) => (await ask(odd(at + more), at + more)).text()),
      );
    }
    const after = await scrape(gateway.url, admin);
    const own = (names: Iterable<string>): string[] =>
      [...names].filter((name) => name.startsWith("pollux_")).toSorted();
    // The scrape itself has become a series by now.
    expect(own(after.keys()).filter((name) => !name.includes('route="metrics"'))).toEqual(
      own(before).filter((name) => !name.includes('route="metrics"')),
    );
    expect([...after.keys()].filter((name) => /odd-|user-|team-|agent-/.test(name))).toEqual([]);
    const requests = [...after].filter(([name]) => name.startsWith('pollux_requests_total{route="chat'));
    expect(requests.reduce((sum, [, count]) => sum + count, 0)).toBe(1001);
  });
});

describe("without access keys", () => {
  let gateway: RunningGateway;
  beforeAll(async () => {
    gateway = await startGateway();
  });
  afterAll(() => gateway.close());

  test("S-50 the metrics are for this machine alone, by its own name", async () => {
    await scrape(gateway.url);
    const foreign = await sendRaw(gateway.url, {
      method: "GET",
      path: "/metrics",
      headers: { host: "evil.example" },
    });
    expect(foreign).toMatchObject({
      status: 403,
      body: expect.stringContaining("host_not_allowed") as string,
    });
  });

  test("requests, attempts, tokens and streams are in them", async () => {
    await (await post(gateway, ASK)).text();
    await (await post(gateway, { ...ASK, stream: true })).text();
    await (await post(gateway, ASK, { headers: { "x-emulator-fault": "status=429" } })).text();
    await vi.waitFor(async () => {
      const values = await scrape(gateway.url);
      const sum = (start: string, ...labels: string[]): number =>
        [...values]
          .filter(([name]) => name.startsWith(start) && labels.every((label) => name.includes(label)))
          .reduce((total, [, value]) => total + value, 0);
      expect(sum("pollux_requests_total", 'outcome="completed"', 'route="chatCompletions"')).toBe(2);
      expect(sum("pollux_requests_total", 'outcome="upstream_rate_limited"', 'status="4xx"')).toBe(1);
      expect(sum("pollux_upstream_attempts_total", 'reason="success"', 'upstream="emulator"')).toBe(2);
      expect(sum("pollux_upstream_attempts_total", 'reason="rate_limited"')).toBeGreaterThanOrEqual(1);
      expect(sum("pollux_tokens_total", 'kind="prompt"')).toBeGreaterThan(0);
      expect(sum("pollux_tokens_total", 'kind="completion"')).toBeGreaterThan(0);
      expect(sum("pollux_time_to_first_token_seconds_count")).toBe(1);
      expect(sum("pollux_request_duration_seconds_count")).toBe(3);
      expect(sum("pollux_upstream_connections")).toBeGreaterThan(0);
      expect(sum("pollux_inflight") + sum("pollux_open_streams") + sum("pollux_queue_depth")).toBe(0);
    });
  });

  test("a request under way and its stream are seen", async () => {
    const stream = await post(
      gateway,
      { ...ASK, stream: true },
      { headers: { "x-emulator-fault": "stall-after=1" } },
    );
    const values = await scrape(gateway.url);
    expect([values.get("pollux_inflight"), values.get("pollux_open_streams")]).toEqual([1, 1]);
    await stream.body!.cancel();
    await vi.waitFor(async () => {
      const after = await scrape(gateway.url);
      expect([after.get("pollux_inflight"), after.get("pollux_open_streams")]).toEqual([0, 0]);
    });
  });
});

test("an alias of the configuration is told by its name, its targets by their upstreams'", async () => {
  const gateway = await gatewayFrom(`
upstreams:
  first: { kind: emulator }
models:
  fast: { targets: [{ upstream: first, model: gemini-3.5-flash }] }
`);
  await (await post(gateway, { ...ASK, model: "fast" })).text();
  await (await post(gateway, { ...ASK, model: "first/gemini-3.5-flash" })).text();
  await vi.waitFor(async () => {
    const names = [...(await scrape(gateway.url)).keys()].filter((name) =>
      name.startsWith("pollux_requests_total"),
    );
    expect(names.some((name) => name.includes('model="fast",upstream="first"'))).toBe(true);
    expect(names.some((name) => name.includes('model="other",upstream="first"'))).toBe(true);
  });
});

describe("on a port of their own", () => {
  let server: RunningServer;
  beforeAll(async () => {
    const env = { POLLUX_API_KEYS: KEY, POLLUX_ADMIN_KEYS: ADMIN_KEY, POLLUX_METRICS_PORT: "0" };
    server = await serve(readConfig({ PORT: "0", ...env }).config, { reportBug: () => {} });
  });
  afterAll(() => server.close());

  const at = (path: string): string => new URL(path, server.metricsUrl).href;

  test("they want no key, and are nowhere else", async () => {
    expect((await scrape(new URL(server.metricsUrl!).origin)).has("pollux_inflight")).toBe(true);
    const response = await fetch(`${server.url}/metrics`, {
      headers: { authorization: `Bearer ${ADMIN_KEY}` },
    });
    expect(response.status).toBe(404);
  });

  test("S-50 nothing else is there, and no other name for this machine counts", async () => {
    for (const path of ["/", "/v1/models", "/admin/config", "/metrics/x", "/.env"]) {
      expect((await fetch(at(path))).status).toBe(404);
    }
    expect((await fetch(at("/metrics"), { method: "POST" })).status).toBe(405);
    expect((await fetch(at("/metrics"), { method: "HEAD" })).status).toBe(200);
    const status = await new Promise((resolve, reject) => {
      httpRequest(at("/metrics"), { headers: { host: "evil.example" } }, (response) => {
        response.resume();
        resolve(response.statusCode);
      })
        .on("error", reject)
        .end();
    });
    expect(status).toBe(403);
  });

  test("a port that is taken is an error, and leaves nothing open", async () => {
    const { port } = new URL(server.metricsUrl!);
    await expect(
      serve(readConfig({ PORT: "0", POLLUX_METRICS_PORT: port }).config, { reportBug: () => {} }),
    ).rejects.toThrow("EADDRINUSE");
  });
});

test("in process there are none", async () => {
  const gateway = await createGateway({ env: {} });
  expect((await gateway.fetch("http://pollux/metrics")).status).toBe(404);
  await gateway.close();
});

test("F-67 a configuration that is refused shows in the metrics, and one in force after it too", async () => {
  const gateway = await gatewayFrom("upstreams: { e: { kind: emulator } }");
  const success = async (): Promise<number | undefined> =>
    (await scrape(gateway.url)).get("pollux_config_reload_success");
  expect(await success()).toBe(1);
  const bad = configFrom(
    "upstreams: { v: { kind: vertex, project: p, credentials: { kind: file, file: /nowhere/key.json } } }",
  );
  await expect(gateway.apply(bad.config)).rejects.toThrow();
  expect(await success()).toBe(0);
  expect((await post(gateway, ASK)).status).toBe(200);
  await gateway.apply(configFrom("upstreams: { f: { kind: emulator } }").config);
  expect(await success()).toBe(1);
});

test("an upstream's token refreshes are counted by how they ended", async () => {
  const emulator = await startEmulator({ requireAuth: "strict", paceMs: 0 });
  const folder = mkdtempSync(join(tmpdir(), "pollux-metrics-"));
  const key = await emulator.createServiceAccount({ project: "emulated-project" });
  writeFileSync(join(folder, "key.json"), JSON.stringify(key));
  const gateway = await startGateway({
    GOOGLE_APPLICATION_CREDENTIALS: join(folder, "key.json"),
    GOOGLE_VERTEX_BASE_URL: emulator.url,
  });
  const refreshes = async (result: string): Promise<number | undefined> =>
    (await scrape(gateway.url)).get(`pollux_token_refresh_total{upstream="vertex",result="${result}"}`);
  expect((await post(gateway, ASK)).status).toBe(200);
  expect([await refreshes("success"), await refreshes("failure")]).toEqual([1, undefined]);
  // The token is refused, and no other is to be had.
  emulator.tokens.revokeAll();
  emulator.addRule({
    when: { path: "/token" },
    then: { error: { code: 400, message: "Token has been revoked." } },
  });
  expect((await post(gateway, ASK)).status).toBe(502);
  expect([await refreshes("success"), await refreshes("failure")]).toEqual([1, 1]);
  await gateway.close();
  await emulator.close();
  rmSync(folder, { recursive: true });
});
