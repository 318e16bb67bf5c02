/** More requests than there is room for, over real sockets. */
import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, test, vi } from "vitest";
import { limitedGateway, type LimitedGateway } from "./support/limited-gateway.ts";
import { configFrom } from "./support/gateway-from-yaml.ts";
import { postText, rawClient } from "./support/raw-clients.ts";
import { post } from "./support/running-gateway.ts";

const ask = (prompt: string, more: object = {}): object => ({
  model: "google/gemini-3.5-flash",
  messages: [{ role: "user", content: prompt }],
  ...more,
});
const key = (name: string): { headers: Record<string, string> } => ({
  headers: { authorization: `Bearer ${name}` },
});

/** A request that the upstream has, and answers when it is released. */
async function hanging(gateway: LimitedGateway, name = "any"): Promise<{ answer: Promise<Response> }> {
  const before = gateway.upstream.prompts.length;
  const answer = post(gateway, ask("hang"), key(name));
  answer.catch(() => {});
  await vi.waitFor(() => expect(gateway.upstream.prompts).toHaveLength(before + 1));
  return { answer };
}

const held = ({ composed: { admission } }: LimitedGateway): number[] => [
  admission.inFlight,
  admission.queued,
  admission.streams,
  admission.bodyBytes,
];

describe("F-03 a client that leaves while its request waits", () => {
  test.each([
    ["a whole answer", {}],
    ["a stream", { stream: true }],
    ["a large body", { user: "u".repeat(2_000_000) }],
  ])("%s: it is forgotten at once, and no upstream is called for it", async (_, more) => {
    const gateway = await limitedGateway({ maxInFlight: 1 });
    const first = await hanging(gateway);
    const leaver = await rawClient(gateway.url);
    leaver.socket.write(postText(ask("left", more)));
    await vi.waitFor(() => expect(gateway.composed.admission.queued).toBe(1));
    leaver.socket.resetAndDestroy();
    await vi.waitFor(() => expect(gateway.composed.admission.queued).toBe(0), { timeout: 250, interval: 5 });
    const next = post(gateway, ask("next"));
    await vi.waitFor(() => expect(gateway.composed.admission.queued).toBe(1));
    gateway.upstream.release();
    expect((await first.answer).status).toBe(200);
    const answer = await next;
    expect([answer.status, ((await answer.json()) as { choices: unknown[] }).choices.length]).toEqual([
      200, 1,
    ]);
    expect(gateway.upstream.prompts).toEqual(["hang", "next"]);
    await vi.waitFor(() => expect(held(gateway)).toEqual([0, 0, 0, 0]));
    expect(gateway.bugs).toEqual([]);
  });

  test("hundreds of them leave no place taken", async () => {
    const gateway = await limitedGateway({ maxInFlight: 2 });
    await hanging(gateway);
    await hanging(gateway);
    const leavers = await Promise.all(Array.from({ length: 200 }, () => rawClient(gateway.url)));
    for (const { socket } of leavers) socket.write(postText(ask("left")));
    await vi.waitFor(() => expect(gateway.composed.admission.queued).toBe(200));
    // Half of them in the very moment in which there is room.
    for (const { socket } of leavers.slice(100)) socket.destroy();
    gateway.upstream.release();
    for (const { socket } of leavers.slice(0, 100)) socket.destroy();
    await vi.waitFor(() => expect(held(gateway)).toEqual([0, 0, 0, 0]), { timeout: 10_000 });
    expect((await post(gateway, ask("x"))).status).toBe(200);
    expect(gateway.bugs).toEqual([]);
  });
});

describe("every way out gives the place back", () => {
  test.each<[string, object, (response: Response) => Promise<unknown>]>([
    ["an answer", ask("x"), (response) => response.json()],
    ["a stream", ask("x", { stream: true }), (response) => response.text()],
    ["a refusal by the upstream", ask("busy"), (response) => response.json()],
    ["a mistake in the request", ask("x", { temperature: "hot" }), (response) => response.json()],
    ["no model", { messages: [] }, (response) => response.json()],
    [
      "a stream that the client leaves",
      ask("slow", { stream: true }),
      async (response) => response.body?.cancel(),
    ],
    ["an upstream that falls silent", ask("stall", { stream: true }), (response) => response.text()],
  ])("%s", async (_, body, read) => {
    const gateway = await limitedGateway({
      maxInFlight: 1,
      maxQueue: 0,
      maxStreams: 1,
      timeouts: { idleMs: 300 },
    });
    for (let time = 0; time < 3; time += 1) {
      await read(await post(gateway, body));
      await vi.waitFor(() => expect(held(gateway)).toEqual([0, 0, 0, 0]));
    }
    expect((await post(gateway, ask("x"))).status).toBe(200);
    expect(gateway.bugs).toEqual([]);
  });
});

test("a full queue with one key does not keep out another, and the keys take turns", async () => {
  const gateway = await limitedGateway({ maxInFlight: 1, maxQueue: 10 }, { apiKeys: ["many", "few"] });
  await hanging(gateway, "many");
  const order: string[] = [];
  const asked = (name: string): Promise<void> =>
    post(gateway, ask(name), key(name)).then(async (response) => {
      order.push(`${name} ${response.status}`);
      await response.arrayBuffer();
    });
  const all: Promise<void>[] = [];
  for (let index = 0; index < 10; index += 1) all.push(asked("many"));
  await vi.waitFor(() => expect(gateway.composed.admission.queued).toBe(10));
  all.push(asked("few"), asked("few"));
  await vi.waitFor(() => expect(order).toEqual(["many 503", "many 503"]));
  gateway.upstream.release();
  await Promise.all(all);
  expect(order.slice(2)).toHaveLength(10);
  expect(order.slice(2, 6).toSorted()).toEqual(["few 200", "few 200", "many 200", "many 200"]);
});

test("F-13 1000 clients that make three attempts each at an upstream with nothing but 503", async () => {
  const gateway = await limitedGateway({ retryBudget: 0.2 });
  const waits: number[] = [];
  let offered = 0;
  const client = async (): Promise<void> => {
    for (let attempt = 0; attempt < 3; attempt += 1) {
      offered += 1;
      const response = await post(gateway, ask("busy"), {
        headers: { "x-stainless-retry-count": String(attempt) },
      });
      expect(response.status).toBe(503);
      await response.arrayBuffer();
      if (response.headers.get("x-should-retry") === "false") return;
      const wait = Number(response.headers.get("retry-after-ms") ?? Number.NaN);
      waits.push(wait);
      // A thousandth of the time, in the same order.
      await delay(wait / 1_000);
    }
  };
  await Promise.all(Array.from({ length: 1_000 }, client));
  expect(offered).toBeGreaterThan(2_500);
  expect(gateway.upstream.prompts.length).toBeLessThanOrEqual(1.2 * offered);
  // A client that is not told when to come back is told not to.
  expect(waits.length).toBeGreaterThan(1_000);
  expect(waits.every((wait) => wait >= 1_000 && wait < 61_000)).toBe(true);
  expect(new Set(waits).size).toBeGreaterThan(50);
}, 120_000);

describe("S-06 wrong keys", () => {
  test("100 a second from one address are slowed down; a good key from the same address never is", async () => {
    const gateway = await limitedGateway({ failedKeysPerSecond: 10 }, { apiKeys: ["good"] });
    const bad = (): Promise<{ status: number; code: unknown; wait: string | null }> =>
      post(gateway, ask("x"), key("bad")).then(async (response) => ({
        status: response.status,
        code: ((await response.json()) as { error: { code: unknown } }).error.code,
        wait: response.headers.get("retry-after-ms"),
      }));
    const startedAt = performance.now();
    const seen = await Promise.all(Array.from({ length: 100 }, bad));
    const seconds = Math.ceil((performance.now() - startedAt) / 1_000) + 1;
    const looked = seen.filter(({ status }) => status === 401);
    const slowed = seen.filter(({ status }) => status === 429);
    expect(looked.length + slowed.length).toBe(100);
    expect(looked.length).toBeLessThanOrEqual(10 * seconds);
    expect(slowed.length).toBeGreaterThan(50);
    for (const { code, wait } of slowed) {
      expect(code).toBe("failed_key_limit");
      expect(Number(wait)).toBeGreaterThanOrEqual(1_000);
    }
    for (let time = 0; time < 20; time += 1) {
      const [, good] = await Promise.all([bad(), post(gateway, ask("x"), key("good"))]);
      expect(good.status).toBe(200);
    }
    expect((await fetch(`${gateway.url}/v1/models`, key("good"))).status).toBe(200);
    expect(gateway.upstream.prompts).toHaveLength(20);
  });

  test("they are counted on every route that takes a key", async () => {
    const gateway = await limitedGateway({ failedKeysPerSecond: 2 }, { apiKeys: ["good"] });
    const statuses = await Promise.all(
      Array.from({ length: 12 }, async () => (await fetch(`${gateway.url}/v1/models`, key("bad"))).status),
    );
    expect(new Set(statuses)).toEqual(new Set([401, 429]));
  });
});

test("changed limits count for the requests that come after the change", async () => {
  const gateway = await limitedGateway({ maxInFlight: 1, maxQueue: 0, maxMessages: 1 });
  const two = {
    ...ask("x"),
    messages: [
      { role: "user", content: "x" },
      { role: "user", content: "x" },
    ],
  };
  expect((await post(gateway, two)).status).toBe(400);
  await hanging(gateway);
  expect((await post(gateway, ask("x"))).status).toBe(503);
  const { upstreams } = gateway.composed.current.config;
  const limits = { maxInFlight: 2, maxQueue: 0, maxMessages: 2, retryBudget: 0, drainMs: 0 };
  await gateway.apply(configFrom(JSON.stringify({ limits, upstreams })).config);
  expect((await post(gateway, two)).status).toBe(200);
  expect(gateway.composed.admission.inFlight).toBe(1);
  await hanging(gateway);
  expect((await post(gateway, ask("x"))).status).toBe(503);
  gateway.upstream.release();
  await vi.waitFor(() => expect(held(gateway)).toEqual([0, 0, 0, 0]));
});
