/** Routing over real sockets: emulators stand for regions, and fall ill one after the other. */
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import OpenAI from "openai";
import { describe, expect, onTestFinished, test } from "vitest";
import { type Emulator, startEmulator } from "../src/emulator/server.ts";
import { gatewayFrom } from "./support/gateway-from-yaml.ts";
import { post, type RunningGateway } from "./support/running-gateway.ts";

const MESSAGES = [{ role: "user" as const, content: "What is 6 * 7?" }];
const ATTEMPTS = "x-pollux-attempts";

async function region(): Promise<Emulator> {
  const emulator = await startEmulator({ paceMs: 0, keepRequests: 5_000 });
  let open = true;
  const close = async (): Promise<void> => {
    if (open) await emulator.close();
    open = false;
  };
  onTestFinished(close);
  return Object.create(emulator, { close: { value: close } }) as Emulator;
}

/** A server that does as it is told; for what an emulator would not do. */
async function server(
  answer: (response: ServerResponse, count: number) => void,
): Promise<{ url: string; count: () => number }> {
  let count = 0;
  const listening = createServer((request, response) => {
    request.resume();
    count += 1;
    answer(response, count);
  });
  await new Promise<void>((ready) => listening.listen(0, "127.0.0.1", ready));
  onTestFinished(() => {
    listening.closeAllConnections();
    listening.close();
  });
  return { url: `http://127.0.0.1:${(listening.address() as AddressInfo).port}`, count: () => count };
}

function vertex(name: string, location: string, url: string, more = ""): string {
  return `  ${name}:
    kind: vertex
    project: my-project
    location: ${location}
    baseUrl: ${url}
    credentials: { kind: token, token: a-token }
${more}`;
}

/** Two regions inside the fence, one beyond it, and whatever the test adds. */
async function twoRegions(
  route: string,
): Promise<{ west1: Emulator; west4: Emulator; us: Emulator; gateway: RunningGateway }> {
  const [west1, west4, us] = await Promise.all([region(), region(), region()]);
  const gateway = await gatewayFrom(`
upstreams:
${vertex("west1", "europe-west1", west1.url)}${vertex("west4", "europe-west4", west4.url)}${vertex("us", "us-central1", us.url)}
models:
  fast:
${route}
`);
  return { west1, west4, us, gateway };
}

const FIRST_THEN = `    targets:
      - { upstream: west1, model: gemini-2.5-flash }
      - { upstream: west4, model: gemini-2.5-flash, priority: 2 }
`;
const BOTH = `    targets:
      - { upstream: west1, model: gemini-2.5-flash }
      - { upstream: west4, model: gemini-2.5-flash }
`;

interface Seen {
  ok: boolean;
  ms: number;
  attempts: number;
}

/** `total` requests, `width` of them at a time, every third of them streamed. */
async function traffic(gateway: RunningGateway, total: number, width = 24): Promise<Seen[]> {
  const seen: Seen[] = [];
  let begun = 0;
  const worker = async (): Promise<void> => {
    while (begun < total) {
      begun += 1;
      const stream = begun % 3 === 0;
      const startedAt = performance.now();
      const response = await post(gateway, { model: "fast", messages: MESSAGES, stream });
      const text = await response.text();
      seen.push({
        ok: response.status === 200 && text.includes("42") && (!stream || text.endsWith("data: [DONE]\n\n")),
        ms: performance.now() - startedAt,
        attempts: (response.headers.get(ATTEMPTS) ?? "").split(", ").length,
      });
    }
  };
  await Promise.all(Array.from({ length: width }, worker));
  return seen;
}

function report(name: string, seen: Seen[]): void {
  const sorted = seen.map(({ ms }) => ms).toSorted((a, b) => a - b);
  const at = (share: number): string => (sorted[Math.floor(sorted.length * share)] ?? 0).toFixed(0);
  const attempts = seen.reduce((sum, one) => sum + one.attempts, 0) / seen.length;
  const ok = seen.filter((one) => one.ok).length;
  console.log(
    `${name}: ${ok} of ${seen.length} succeeded; p50 ${at(0.5)} ms, p99 ${at(0.99)} ms; ${attempts.toFixed(3)} attempts per request`,
  );
}

describe.each([
  ["by weight", BOTH],
  ["by latency", `${BOTH}    choose: latency\n`],
  ["by priority, the ill one first", FIRST_THEN],
])("F-39 a region browns out, is at its quota, is dead: %s", (_, route) => {
  test("at least 99.9 % succeed, none outside the fence", async () => {
    const fenced = `${route}    locations: [europe-west1, europe-west4]\n`.replace(
      "    targets:\n",
      "    targets:\n      - { upstream: us, model: gemini-2.5-flash }\n",
    );
    const { west1, west4, us, gateway } = await twoRegions(fenced);
    const all: Seen[] = [];
    const phase = async (name: string, total: number): Promise<void> => {
      const seen = await traffic(gateway, total);
      report(name, seen);
      all.push(...seen);
    };
    await phase("well", 100);
    west1.addRule({ then: { delayMs: 60, fault: "status=503;probability=0.3" } });
    await phase("30 % 503, slow", 400);
    west1.clearRules();
    west1.addRule({ then: { fault: "status=429;retry-after=1" } });
    await phase("429 with Retry-After", 300);
    await west1.close();
    await phase("dead", 300);
    report("in all", all);

    expect(all.filter(({ ok }) => ok).length / all.length).toBeGreaterThanOrEqual(0.999);
    expect(us.requestCount).toBe(0);
    for (const { url } of west1.requests) expect(url).toContain("/locations/europe-west1/");
    for (const { url } of west4.requests) expect(url).toContain("/locations/europe-west4/");
    expect(west1.requestCount).toBeGreaterThan(0);
    expect(west4.requestCount).toBeGreaterThan(0);
    expect(gateway.bugs).toEqual([]);
  });
});

test("when everything fails, retries add at most a fifth to the load", async () => {
  const { west1, west4, gateway } = await twoRegions(BOTH);
  for (const dead of [west1, west4]) dead.addRule({ then: { fault: "status=503" } });
  const seen = await traffic(gateway, 600);
  expect(seen.some(({ ok }) => ok)).toBe(false);
  const calls = west1.requestCount + west4.requestCount;
  console.log(`total failure: ${calls} upstream calls for ${seen.length} requests`);
  expect(calls / seen.length).toBeLessThanOrEqual(1.2);
  expect(calls).toBeGreaterThan(seen.length);
});

describe("what was tried stands in x-pollux-attempts", () => {
  const ids = { west1: "west1/gemini-2.5-flash@europe-west1", west4: "west4/gemini-2.5-flash@europe-west4" };

  test.each([false, true])("one attempt, stream: %j", async (stream) => {
    const { gateway } = await twoRegions(FIRST_THEN);
    const response = await post(gateway, { model: "fast", messages: MESSAGES, stream });
    expect(response.headers.get(ATTEMPTS)).toBe(ids.west1);
    expect(await response.text()).toContain("42");
  });

  test.each([
    ["status=503", "unavailable"],
    ["status=429;retry-after=5", "rate_limited"],
    ["status=500", "failed"],
    ["status=404", "not_found"],
    ["html", "failed"],
  ])("%s is answered elsewhere", async (fault, outcome) => {
    const { west1, west4, gateway } = await twoRegions(FIRST_THEN);
    west1.addRule({ then: { fault } });
    for (const [stream, first] of [
      [false, `${ids.west1}=${outcome}, `],
      [true, undefined],
    ] as const) {
      const response = await post(gateway, { model: "fast", messages: MESSAGES, stream });
      const attempts = response.headers.get(ATTEMPTS) ?? "";
      expect(attempts).toMatch(new RegExp(`${ids.west4}$`));
      if (first !== undefined) expect(attempts).toBe(first + ids.west4);
      expect(await response.text()).toContain("42");
    }
    expect(west4.requestCount).toBe(2);
  });

  test("a refusal that is the caller's own is not repeated", async () => {
    const { west1, west4, gateway } = await twoRegions(FIRST_THEN);
    west1.addRule({ then: { fault: "status=400" } });
    const response = await post(gateway, { model: "fast", messages: MESSAGES });
    expect(response.status).toBe(400);
    expect(response.headers.get(ATTEMPTS)).toBe(`${ids.west1}=answered`);
    expect(west1.requestCount + west4.requestCount).toBe(1);
  });

  test("with everything failing, all that was tried", async () => {
    const { west1, west4, gateway } = await twoRegions(FIRST_THEN);
    west1.addRule({ then: { fault: "status=429;retry-after=5" } });
    west4.addRule({ then: { fault: "status=429;retry-after=7" } });
    const response = await post(gateway, { model: "fast", messages: MESSAGES });
    expect(response.status).toBe(429);
    expect(response.headers.get("retry-after")).toBe("7");
    expect(response.headers.get(ATTEMPTS)).toBe(`${ids.west1}=rate_limited, ${ids.west4}=rate_limited`);
    expect(await response.json()).toMatchObject({ error: { code: "rate_limit_exceeded" } });
  });
});

describe("the first byte", () => {
  test("a 429 in an opened stream that has shown nothing goes to the next target", async () => {
    const { west1, west4, gateway } = await twoRegions(FIRST_THEN);
    west1.addRule({ then: { fault: "error-after=0:429:sse" } });
    const client = new OpenAI({ apiKey: "any", baseURL: `${gateway.url}/v1`, maxRetries: 0 });
    let text = "";
    for await (const chunk of await client.chat.completions.create({
      model: "fast",
      messages: MESSAGES,
      stream: true,
    })) {
      text += chunk.choices[0]?.delta.content ?? "";
    }
    expect(text).toContain("42");
    expect(west1.requestCount).toBe(1);
    expect(west4.requestCount).toBe(1);
  });

  test("nothing is tried again once the client has seen some of it", async () => {
    const { west1, west4, gateway } = await twoRegions(FIRST_THEN);
    west1.addRule({ then: { text: "word ".repeat(60), fault: "slow=30;error-after=1:429:sse" } });
    const response = await post(gateway, { model: "fast", messages: MESSAGES, stream: true });
    expect(response.status).toBe(200);
    const text = await response.text();
    expect(text).toContain("word");
    expect(text).toContain('"error":{');
    expect(text).not.toContain("[DONE]");
    expect(west1.requestCount).toBe(1);
    expect(west4.requestCount).toBe(0);
  });

  test.each([
    ["a 504", "status=504", 504],
    ["no first byte in time", "hang", 504],
  ])("%s has cost the work of an answer already, and is not repeated", async (_, fault, status) => {
    const [west1, west4] = await Promise.all([region(), region()]);
    const gateway = await gatewayFrom(`
limits: { timeouts: { firstByteMs: 300 } }
upstreams:
${vertex("west1", "europe-west1", west1.url)}${vertex("west4", "europe-west4", west4.url)}
models:
  fast:
${FIRST_THEN}`);
    west1.addRule({ then: { fault } });
    const response = await post(gateway, { model: "fast", messages: MESSAGES });
    expect(response.status).toBe(status);
    expect(response.headers.get(ATTEMPTS)).toBe("west1/gemini-2.5-flash@europe-west1=failed");
    expect(west4.requestCount).toBe(0);
  });
});

test("a client that repeats by itself is repeated for once at most", async () => {
  const regions = await Promise.all([region(), region(), region()]);
  const gateway = await gatewayFrom(`
upstreams:
${regions.map(({ url }, index) => vertex(`r${index}`, "europe-west1", url)).join("")}
models:
  fast:
    targets:
${regions.map((_, index) => `      - { upstream: r${index}, model: gemini-2.5-flash, priority: ${index + 1} }`).join("\n")}
`);
  for (const each of regions) each.addRule({ then: { fault: "status=500" } });
  const calls = (): number => regions.reduce((sum, { requestCount }) => sum + requestCount, 0);
  await post(gateway, { model: "fast", messages: MESSAGES });
  expect(calls()).toBe(3);
  const headers = { "x-stainless-retry-count": "1" };
  const response = await post(gateway, { model: "fast", messages: MESSAGES }, { headers });
  expect(calls()).toBe(5);
  expect(response.headers.get(ATTEMPTS)?.split(", ")).toHaveLength(2);
});

test("requests of one prompt_cache_key stay on one target, and keys spread over both", async () => {
  const { gateway } = await twoRegions(`${BOTH}    sticky: prompt_cache_key\n`);
  const places = new Map<string, Set<string>>();
  for (let index = 0; index < 60; index += 1) {
    const key = `key-${index % 12}`;
    const response = await post(gateway, { model: "fast", messages: MESSAGES, prompt_cache_key: key });
    await response.body?.cancel();
    const place = response.headers.get(ATTEMPTS) ?? "";
    places.set(key, (places.get(key) ?? new Set()).add(place));
  }
  expect([...places.values()].map((set) => set.size)).toEqual(Array.from({ length: 12 }, () => 1));
  expect(new Set([...places.values()].flatMap((set) => [...set])).size).toBe(2);
});

test("provisioned throughput first, then shared capacity of the same region", async () => {
  const { west1, west4, gateway } = await twoRegions(`${FIRST_THEN}    provisioned: first\n`);
  const TYPE = "x-vertex-ai-llm-request-type";
  west1.addRule({ when: { header: { [TYPE]: "dedicated" } }, then: { fault: "status=429;retry-after=60" } });
  for (let index = 0; index < 2; index += 1) {
    const response = await post(gateway, { model: "fast", messages: MESSAGES });
    expect(await response.text()).toContain("42");
  }
  // The second request finds the dedicated capacity still cooling.
  expect(west1.requests.map(({ headers }) => headers[TYPE])).toEqual(["dedicated", "shared", "shared"]);
  expect(west4.requestCount).toBe(0);
});

test("tier and kind of capacity of an upstream go with every call", async () => {
  const emulator = await region();
  const gateway = await gatewayFrom(
    `upstreams:\n${vertex("main", "global", emulator.url, "    tier: flex\n    requestType: shared\n")}`,
  );
  await (await post(gateway, { model: "gemini-2.5-flash", messages: MESSAGES })).text();
  expect(emulator.requests[0]?.headers).toMatchObject({
    "x-vertex-ai-llm-shared-request-type": "flex",
    "x-vertex-ai-llm-request-type": "shared",
  });
});

describe("names", () => {
  test.each([
    ["an alias of a model", "gpt-4o", "west4", "gemini-2.5-flash"],
    ["an upstream and its model", "west4/gemini-2.5-pro", "west4", "gemini-2.5-pro"],
    ["a model of the default upstream", "google/gemini-2.5-flash", "west1", "gemini-2.5-flash"],
  ])("%s", async (_, model, upstream, asked) => {
    const [west1, west4] = await Promise.all([region(), region()]);
    const gateway = await gatewayFrom(`
upstreams:
${vertex("west1", "europe-west1", west1.url)}${vertex("west4", "europe-west4", west4.url)}
models: { gpt-4o: west4/gemini-2.5-flash }
`);
    const response = await post(gateway, { model, messages: MESSAGES });
    expect(response.status).toBe(200);
    await response.text();
    const [called, other] = upstream === "west1" ? [west1, west4] : [west4, west1];
    expect(called.requests.map(({ url }) => url)).toEqual([expect.stringContaining(`/models/${asked}:`)]);
    expect(other.requestCount).toBe(0);
  });

  test("an alias keeps its model on a Vertex path, whose project and location are the caller's", async () => {
    const emulator = await region();
    const gateway = await gatewayFrom(`
upstreams:
${vertex("main", "global", emulator.url)}
models: { gpt-4o: google/gemini-2.5-flash }
`);
    const path = "/v1/projects/my-project/locations/europe-west4/endpoints/openapi/chat/completions";
    const response = await post(gateway, { model: "gpt-4o", messages: MESSAGES }, { path });
    expect(await response.text()).toContain("42");
    expect(emulator.requests[0]?.url).toContain(
      "/locations/europe-west4/publishers/google/models/gemini-2.5-flash:",
    );
  });

  test("a fence holds on a Vertex path", async () => {
    const emulator = await region();
    const gateway = await gatewayFrom(`
upstreams:
${vertex("main", "eu", emulator.url)}
routes:
  - { match: "*", targets: [{ upstream: main }], locations: [eu] }
`);
    for (const endpoint of ["openapi", "1234567890"]) {
      const at = (location: string): string =>
        `/v1/projects/my-project/locations/${location}/endpoints/${endpoint}/chat/completions`;
      const body = { model: "google/gemini-2.5-flash", messages: MESSAGES };
      const outside = await post(gateway, body, { path: at("us") });
      expect(outside.status).toBe(403);
      expect(await outside.json()).toMatchObject({ error: { code: "location_not_allowed" } });
      expect((await post(gateway, body, { path: at("eu") })).status).toBe(200);
    }
    expect(emulator.requests.map(({ url }) => /locations\/(\w+)/.exec(url)?.[1])).toEqual(["eu", "eu"]);
  });
});

test("from Gemini to a server of another kind, and no note of the first stays behind", async () => {
  const emulator = await region();
  emulator.addRule({ then: { fault: "status=503" } });
  const completion = { id: "x", object: "chat.completion", created: 1, model: "qwen", choices: [] };
  const other = await server((response) => response.end(JSON.stringify(completion)));
  const gateway = await gatewayFrom(`
upstreams:
${vertex("main", "global", emulator.url)}
  vllm: { kind: openai-compatible, baseUrl: "${other.url}/v1" }
models:
  fast:
    targets:
      - { upstream: main, model: gemini-2.5-flash }
      - { upstream: vllm, model: qwen, priority: 2 }
`);
  const response = await post(gateway, { model: "fast", messages: MESSAGES, logit_bias: { 1: 1 } });
  expect(await response.json()).toEqual(completion);
  expect(response.headers.get("x-pollux-notes")).toBeNull();
  expect(response.headers.get(ATTEMPTS)).toBe("main/gemini-2.5-flash@global=unavailable, vllm/qwen");
  expect(other.count()).toBe(1);
});
