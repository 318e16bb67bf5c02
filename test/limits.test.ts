/** docs/limits.md: every limit is exceeded, and what comes is what the page says. */
import { readFileSync } from "node:fs";
import { describe, expect, test, vi } from "vitest";
import { limitDefaults } from "../scripts/docs/limits.ts";
import type { ProcessLoad } from "../src/gateway/process-load.ts";
import { type LimitedGateway, limitedGateway } from "./support/limited-gateway.ts";
import { gatewayFrom } from "./support/gateway-from-yaml.ts";
import { tableUnder } from "./support/markdown.ts";
import { postText, rawClient } from "./support/raw-clients.ts";
import { post } from "./support/running-gateway.ts";
import { silentPort } from "./support/silent-listener.ts";

const MODEL = "google/gemini-3.5-flash";
const user = (content: unknown): object => ({ role: "user", content });
const ask = (prompt: string, more: object = {}): object => ({
  model: MODEL,
  messages: [user(prompt)],
  ...more,
});
const times = (count: number, make: (index: number) => unknown): unknown[] =>
  Array.from({ length: count }, (_, index) => make(index));
const tool = (index: number): object => ({ type: "function", function: { name: `f${index}` } });
const PNG =
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

/** What a caller gets to see. */
interface Seen {
  status: number;
  code?: unknown;
  param?: unknown;
  message?: string;
  retryAfterMs?: number | undefined;
  connection?: string | undefined;
}

async function see(response: Promise<Response> | Response): Promise<Seen> {
  const { status, headers, ...rest } = await response;
  void rest;
  const text = await (await response).text();
  // Within a stream an error is the last event.
  const json = text.startsWith("{") ? text : (text.split("\n\n").at(-2)?.slice("data: ".length) ?? "{}");
  const { error = {} } = JSON.parse(json === "[DONE]" ? "{}" : json) as {
    error?: { code?: unknown; param?: unknown; message?: string };
  };
  const retryAfterMs = headers.get("retry-after-ms");
  return {
    status,
    ...error,
    retryAfterMs: retryAfterMs === null ? undefined : Number(retryAfterMs),
    connection: headers.get("connection") ?? undefined,
  };
}

const key = (name: string): { headers: Record<string, string> } => ({
  headers: { authorization: `Bearer ${name}` },
});

/** Requests that are under way at the upstream, and stay so. */
async function hanging(
  gateway: LimitedGateway,
  count: number,
  name = "any",
  more: object = {},
): Promise<void> {
  const before = gateway.upstream.prompts.length;
  for (let index = 0; index < count; index += 1) {
    post(gateway, ask("hang", more), key(name))
      .then((response) => response.arrayBuffer())
      .catch(() => {});
  }
  await vi.waitFor(() => expect(gateway.upstream.prompts).toHaveLength(before + count));
}

interface Case {
  limits: object;
  /** Without it one of the calls that the limit still allows. */
  within?: (gateway: LimitedGateway) => Promise<Seen>;
  beyond: (gateway: LimitedGateway) => Promise<Seen>;
  seen: Partial<Seen>;
  apiKeys?: string[];
}

const refusedWithAdvice = (status: number, code: string): Partial<Seen> => ({
  status,
  code,
  retryAfterMs: expect.toSatisfy((ms: number) => ms >= 1_000 && ms < 3_000) as number,
});
const send = (body: object) => (gateway: LimitedGateway) => see(post(gateway, body));
const tooLong = (param: string): Partial<Seen> => ({ status: 400, code: "array_above_max_length", param });

const CASES: Record<string, Case> = {
  maxBodyBytes: {
    limits: { maxBodyBytes: 1_024 },
    within: send(ask("a".repeat(800))),
    beyond: send(ask("a".repeat(1_000))),
    seen: { status: 413, code: "request_too_large" },
  },
  maxDepth: {
    limits: { maxDepth: 6 },
    within: send(ask("x", { metadata: {} })),
    beyond: send(ask("x", { tools: [{ a: { b: { c: { d: { e: {} } } } } }] })),
    seen: { status: 400, message: expect.stringContaining("deeper than 6 levels") as string },
  },
  maxValues: {
    limits: { maxValues: 30 },
    within: send(ask("x")),
    beyond: send(ask("x", { stop: times(40, String) })),
    seen: { status: 400, message: expect.stringContaining("more than 30 values") as string },
  },
  maxMessages: {
    limits: { maxMessages: 2 },
    within: send({ model: MODEL, messages: times(2, () => user("x")) }),
    beyond: send({ model: MODEL, messages: times(3, () => user("x")) }),
    seen: tooLong("messages"),
  },
  maxParts: {
    limits: { maxParts: 2 },
    within: send({ model: MODEL, messages: [user(times(2, () => ({ type: "text", text: "x" })))] }),
    beyond: send({ model: MODEL, messages: [user(times(3, () => ({ type: "text", text: "x" })))] }),
    seen: tooLong("messages[0].content"),
  },
  maxTools: {
    limits: { maxTools: 2 },
    within: send(ask("x", { tools: times(2, tool) })),
    beyond: send(ask("x", { tools: times(3, tool) })),
    seen: tooLong("tools"),
  },
  maxStopSequences: {
    limits: { maxStopSequences: 2 },
    within: send(ask("x", { stop: ["a", "b"] })),
    beyond: send(ask("x", { stop: ["a", "b", "c"] })),
    seen: tooLong("stop"),
  },
  maxInlineMediaBytes: {
    limits: { maxInlineMediaBytes: 80 },
    within: send({
      model: MODEL,
      messages: [user([{ type: "image_url", image_url: { url: `data:image/png;base64,${PNG}` } }])],
    }),
    beyond: send({
      model: MODEL,
      messages: [
        user(times(2, () => ({ type: "image_url", image_url: { url: `data:image/png;base64,${PNG}` } }))),
      ],
    }),
    seen: { status: 400, code: "inline_media_too_large", param: "messages[0].content[1]" },
  },
  maxResponseBytes: {
    limits: { maxResponseBytes: 1_024 },
    within: send(ask("x")),
    beyond: send(ask("large")),
    seen: { status: 502, code: "upstream_response_too_large" },
  },
  maxEventBytes: {
    limits: { maxEventBytes: 1_024 },
    within: send(ask("x", { stream: true })),
    beyond: send(ask("large", { stream: true })),
    seen: { status: 502, code: "upstream_event_too_large" },
  },
  maxInFlight: {
    limits: { maxInFlight: 1, maxQueue: 5, maxQueueMs: 100 },
    within: send(ask("x")),
    beyond: async (gateway) => {
      await hanging(gateway, 1);
      return see(post(gateway, ask("x")));
    },
    seen: refusedWithAdvice(503, "queue_timeout"),
  },
  maxInFlightPerKey: {
    limits: { maxInFlightPerKey: 1, maxQueueMs: 100 },
    apiKeys: ["one", "two"],
    within: async (gateway) => {
      await hanging(gateway, 1, "one");
      return see(post(gateway, ask("x"), key("two")));
    },
    beyond: (gateway) => see(post(gateway, ask("x"), key("one"))),
    seen: refusedWithAdvice(429, "key_in_flight_limit"),
  },
  maxStreams: {
    limits: { maxStreams: 1 },
    within: async (gateway) => {
      await hanging(gateway, 1, "any", { stream: true });
      return see(post(gateway, ask("x")));
    },
    beyond: send(ask("x", { stream: true })),
    seen: refusedWithAdvice(503, "stream_limit"),
  },
  maxQueue: {
    limits: { maxInFlight: 1, maxQueue: 0 },
    within: send(ask("x")),
    beyond: async (gateway) => {
      await hanging(gateway, 1);
      return see(post(gateway, ask("x")));
    },
    seen: refusedWithAdvice(503, "queue_full"),
  },
  maxQueueMs: {
    limits: { maxInFlight: 1, maxQueueMs: 50 },
    beyond: async (gateway) => {
      await hanging(gateway, 1);
      return see(post(gateway, ask("x")));
    },
    seen: refusedWithAdvice(503, "queue_timeout"),
  },
  maxBodyBytesInFlight: {
    limits: { maxBodyBytesInFlight: 4_000, shed: { largeBodyBytes: 1_024 } },
    within: async (gateway) => {
      await hanging(gateway, 1, "any", { user: "u".repeat(3_000) });
      return see(post(gateway, ask("x")));
    },
    beyond: send(ask("x", { user: "u".repeat(3_000) })),
    seen: refusedWithAdvice(503, "body_memory_limit"),
  },
  failedKeysPerSecond: {
    limits: { failedKeysPerSecond: 5 },
    apiKeys: ["good"],
    within: async (gateway) => {
      for (let count = 0; count < 5; count += 1) {
        expect((await see(post(gateway, ask("x"), key("bad")))).status).toBe(401);
      }
      return see(post(gateway, ask("x"), key("good")));
    },
    beyond: async (gateway) => {
      // A second may end between two of them.
      const seen = await Promise.all(
        Array.from({ length: 12 }, () => see(post(gateway, ask("x"), key("bad")))),
      );
      return seen.find(({ status }) => status !== 401) ?? seen[0]!;
    },
    seen: refusedWithAdvice(429, "failed_key_limit"),
  },
  maxHeaderBytes: {
    limits: { maxHeaderBytes: 2_048 },
    within: (gateway) => see(post(gateway, ask("x"), { headers: { "x-long": "a".repeat(1_000) } })),
    beyond: (gateway) => see(post(gateway, ask("x"), { headers: { "x-long": "a".repeat(3_000) } })),
    seen: { status: 431, code: "headers_too_large" },
  },
  headersTimeoutMs: {
    limits: { headersTimeoutMs: 200 },
    within: send(ask("x")),
    beyond: (gateway) => raw(gateway, "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\n"),
    seen: { status: 408, code: "request_timeout" },
  },
  bodyTimeoutMs: {
    limits: { bodyTimeoutMs: 200 },
    within: send(ask("x")),
    beyond: (gateway) => raw(gateway, postText("{", { length: 50 })),
    seen: { status: 408, code: "request_timeout" },
  },
  minBodyBytesPerSecond: {
    limits: { minBodyBytesPerSecond: 1_000_000 },
    within: send(ask("x")),
    beyond: (gateway) => raw(gateway, postText("{", { length: 50 })),
    seen: { status: 408, code: "request_timeout" },
  },
  "timeouts.firstByteMs": {
    limits: { timeouts: { firstByteMs: 100 } },
    within: send(ask("x")),
    beyond: send(ask("silent")),
    seen: { status: 504, code: "upstream_first_byte_timeout" },
  },
  "timeouts.idleMs": {
    limits: { timeouts: { idleMs: 100 } },
    within: send(ask("x")),
    beyond: send(ask("stall")),
    seen: { status: 504, code: "upstream_idle_timeout" },
  },
  "timeouts.totalMs": {
    limits: { timeouts: { totalMs: 200 } },
    within: send(ask("x")),
    beyond: send(ask("slow")),
    seen: { status: 504, code: "upstream_total_timeout" },
  },
  upstreamConnections: {
    limits: { upstreamConnections: 1, timeouts: { connectMs: 200 } },
    within: send(ask("x")),
    beyond: async (gateway) => {
      await hanging(gateway, 1);
      return see(post(gateway, ask("x")));
    },
    seen: { status: 503, code: "overloaded" },
  },
  drainMs: {
    limits: { drainMs: 100 },
    within: send(ask("x")),
    beyond: async (gateway) => {
      const answer = see(post(gateway, ask("hang")));
      await vi.waitFor(() => expect(gateway.upstream.prompts).toContain("hang"));
      await gateway.close();
      return answer;
    },
    seen: { status: 503, code: "overloaded" },
  },
};

/** The answer to a text, to the end of the connection. */
async function raw(gateway: LimitedGateway, text: string): Promise<Seen> {
  const client = await rawClient(gateway.url);
  client.socket.write(text);
  await client.closed;
  const received = client.received();
  const json = received.slice(received.indexOf("\r\n\r\n") + 4);
  const body = JSON.parse(json.slice(json.indexOf("{"), json.lastIndexOf("}") + 1)) as {
    error: { code: string };
  };
  return { status: Number(received.slice(9, 12)), ...body.error };
}

const STEPS = { noKeepAlive: 0, noLargeBodies: 1, noRequests: 2 } as const;
const READINGS = ["memoryShare", "eventLoopDelayMs", "inFlightShare"] as const;

/** Limits that only the one reading can exceed, at the one step. */
function onlyStep(step: keyof typeof STEPS, reading: (typeof READINGS)[number]): object {
  const off = { memoryShare: 1, eventLoopDelayMs: 60_000, inFlightShare: 1 };
  const bounds = { memoryShare: 0.5, eventLoopDelayMs: 100, inFlightShare: 0.3 };
  return {
    maxInFlight: 2,
    maxQueue: 0,
    shed: {
      largeBodyBytes: 1_024,
      ...Object.fromEntries(
        Object.keys(STEPS).map((name) => [
          name,
          name === step ? { ...off, [reading]: bounds[reading] } : off,
        ]),
      ),
    },
  };
}

const documented = new Map(
  tableUnder(readFileSync(new URL("../docs/limits.md", import.meta.url), "utf8"), "Limits").rows.map(
    ([name = "", , effect = ""]) => [name.replaceAll("`", ""), effect],
  ),
);

/** A process whose load is what the test says. */
function loadOf(reading: { memoryShare: number; eventLoopDelayMs: number }): ProcessLoad {
  return { read: () => ({ ...reading }), collectGarbage: () => {}, close: () => {} };
}

/** Those that are exceeded below by themselves, as no answer shows them. */
const APART = [
  "maxBufferedBytes",
  "maxConnections",
  "maxConnectionsPerAddress",
  "idleConnectionMs",
  "slowClientMs",
  "preStopMs",
  "shed.largeBodyBytes",
  "timeouts.connectMs",
];

test("every limit of the configuration is on the page, and is exceeded here", () => {
  const steps = Object.keys(STEPS).flatMap((step) => READINGS.map((reading) => `shed.${step}.${reading}`));
  expect([...documented.keys()]).toEqual([...limitDefaults().keys()]);
  expect([...Object.keys(CASES), ...steps, ...APART].toSorted()).toEqual(
    [...limitDefaults().keys()].toSorted(),
  );
});

describe("what is exceeded", () => {
  test.each(Object.entries(CASES))("%s", async (name, { limits, within, beyond, seen, apiKeys = [] }) => {
    const gateway = await limitedGateway(limits, { apiKeys });
    if (within !== undefined) expect((await within(gateway)).status).toBe(200);
    const answer = await beyond(gateway);
    expect(answer).toMatchObject(seen);
    const effect = documented.get(name) ?? "";
    expect(effect).toContain(String(answer.status));
    if (typeof answer.code === "string") expect(effect).toContain(`\`${answer.code}\``);
    expect(gateway.bugs).toEqual([]);
  });
});

describe("the steps of shedding load", () => {
  const rows = (Object.keys(STEPS) as (keyof typeof STEPS)[]).flatMap((step) =>
    READINGS.map((reading) => ({ step, reading, name: `shed.${step}.${reading}` })),
  );

  test.each(rows)("$name", async ({ step, reading, name }) => {
    const load = { memoryShare: 0.1, eventLoopDelayMs: 0 };
    const gateway = await limitedGateway(onlyStep(step, reading), { processLoad: loadOf(load) });
    const small = ask("x");
    const large = ask("x", { user: "u".repeat(2_000) });
    const all = async (): Promise<Seen[]> => [
      await see(post(gateway, small)),
      await see(post(gateway, large)),
    ];
    expect(await all()).toMatchObject([
      { status: 200, connection: "keep-alive" },
      { status: 200, connection: "keep-alive" },
    ]);
    if (reading === "memoryShare") load.memoryShare = 0.6;
    if (reading === "eventLoopDelayMs") load.eventLoopDelayMs = 200;
    if (reading === "inFlightShare") await hanging(gateway, 1);
    const stage = {
      noKeepAlive: "no_keep_alive",
      noLargeBodies: "no_large_bodies",
      noRequests: "no_requests",
    }[step];
    await vi.waitFor(() => expect(gateway.composed.admission.stage).toBe(stage), { timeout: 5_000 });
    const refused = { ...refusedWithAdvice(503, "overloaded"), connection: "close" };
    const answered = { status: 200, connection: "close" };
    expect(await all()).toMatchObject([
      step === "noRequests" ? refused : answered,
      step === "noKeepAlive" ? answered : refused,
    ]);
    expect((await fetch(`${gateway.url}/healthz`)).status).toBe(200);
    expect((await fetch(`${gateway.url}/admin/routing`)).status).toBe(200);
    const effect = documented.get(name) ?? "";
    expect(effect).toContain(step === "noKeepAlive" ? "`connection: close`" : "503 `overloaded`");
    if (step === "noLargeBodies") expect(documented.get("shed.largeBodyBytes")).toContain("503 `overloaded`");
  });
});

test("timeouts.connectMs", async () => {
  const gateway = await gatewayFrom(
    JSON.stringify({
      limits: { timeouts: { connectMs: 200 }, retryBudget: 0 },
      upstreams: {
        silent: { kind: "gemini-api", apiKeys: ["key"], baseUrl: `http://127.0.0.1:${await silentPort()}` },
      },
    }),
  );
  const seen = await see(post(gateway, ask("x")));
  expect(seen).toMatchObject({ status: 504, code: "upstream_connect_timeout" });
  expect(documented.get("timeouts.connectMs")).toBe("504 `upstream_connect_timeout`");
});

test("preStopMs", async () => {
  const gateway = await limitedGateway({ preStopMs: 1_500 });
  const closed = gateway.close();
  expect((await fetch(`${gateway.url}/readyz`)).status).toBe(503);
  expect(await see(post(gateway, ask("x")))).toMatchObject({ status: 200, connection: "close" });
  await closed;
  await expect(post(gateway, ask("x"))).rejects.toThrow("fetch failed");
  expect(documented.get("preStopMs")).toContain("`connection: close`");
});

describe("connections", () => {
  test.each([
    ["maxConnections", { maxConnections: 2 }],
    ["maxConnectionsPerAddress", { maxConnectionsPerAddress: 2 }],
  ])("%s", async (name, limits) => {
    const gateway = await limitedGateway(limits);
    const first = await rawClient(gateway.url);
    const second = await rawClient(gateway.url);
    const third = await rawClient(gateway.url);
    await third.closed;
    expect([third.bytes, first.isClosed, second.isClosed]).toEqual([0, false, false]);
    first.socket.destroy();
    second.socket.destroy();
    await vi.waitFor(async () => expect((await see(post(gateway, ask("x")))).status).toBe(200));
    expect(documented.get(name)).toContain("closed before a byte");
  });

  test("idleConnectionMs", async () => {
    const gateway = await limitedGateway({ idleConnectionMs: 200 });
    const client = await rawClient(gateway.url);
    client.socket.write(postText(ask("x")));
    expect(await client.closed).toBe("end");
    expect(client.received()).toContain("Hello");
    expect(documented.get("idleConnectionMs")).toContain("closed");
  });

  test("slowClientMs", async () => {
    const gateway = await limitedGateway({ slowClientMs: 300 });
    const client = await rawClient(gateway.url, { paused: true });
    client.socket.write(postText(ask("flood", { stream: true })));
    await vi.waitFor(() => expect(gateway.upstream.open).toBe(1));
    await vi.waitFor(() => expect(gateway.upstream.open).toBe(0), { timeout: 10_000 });
    client.socket.resume();
    expect(await client.closed).toBe("reset");
    expect(documented.get("slowClientMs")).toContain("reset");
  });

  test("maxBufferedBytes", async () => {
    /** What the upstream could send before it had to wait for a client that does not read. */
    const taken = async (maxBufferedBytes: number): Promise<number> => {
      const gateway = await limitedGateway({ maxBufferedBytes });
      const client = await rawClient(gateway.url, { paused: true });
      client.socket.write(postText(ask("flood", { stream: true })));
      let last = -1;
      await vi.waitFor(
        () => {
          const now = gateway.upstream.flooded;
          const stands = now > 0 && now === last;
          last = now;
          expect(stands).toBe(true);
        },
        { interval: 250, timeout: 15_000 },
      );
      client.socket.destroy();
      return last;
    };
    const little = await taken(65_536);
    const much = await taken(40_000_000);
    expect(much - little).toBeGreaterThan(20_000_000);
    expect(documented.get("maxBufferedBytes")).toContain("the upstream waits");
  });
});
