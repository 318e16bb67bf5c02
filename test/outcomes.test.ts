/** Every request has one outcome: in its answer's header where that is possible, in its record always. */
import { once } from "node:events";
import { connect } from "node:net";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { createGateway } from "../src/index.ts";
import type { RequestRecord } from "../src/observe/request-record.ts";
import { readConfig, serve, type RunningServer } from "../src/serve.ts";
import { configFrom } from "./support/gateway-from-yaml.ts";
import { filler, sendRaw, sendText } from "./support/raw-http.ts";
import { post } from "./support/running-gateway.ts";

const KEY = "an-access-key";
const ASK = {
  model: "google/gemini-3.5-flash",
  messages: [{ role: "user" as const, content: "Write a story about a lighthouse." }],
};
const LONG = "Write a very long story. ".repeat(20);

const bugs: unknown[] = [];
const records: RequestRecord[] = [];
let server: RunningServer;

beforeAll(async () => {
  server = await serve(
    readConfig({ PORT: "0", POLLUX_API_KEYS: KEY, POLLUX_MAX_BODY_BYTES: "100000", POLLUX_RETRY_BUDGET: "0" })
      .config,
    {
      reportBug: (error) => bugs.push(error),
      emulator: { paceMs: 2 },
      drainMs: 0,
      observer: { requestEnded: (record) => records.push(record) },
    },
  );
});

afterAll(async () => {
  await server.close();
  expect(bugs).toEqual([]);
});

afterEach(() => {
  records.length = 0;
});

/** The one record that there is, once its request is over. */
async function theRecord(): Promise<RequestRecord> {
  await vi.waitFor(() => expect(records.length).toBeGreaterThan(0), 10_000);
  expect(records.map(({ outcome, requestId }) => ({ outcome, requestId }))).toHaveLength(1);
  return records[0]!;
}

const keyed = (fault?: string): { headers: Record<string, string> } => ({
  headers: { authorization: `Bearer ${KEY}`, ...(fault === undefined ? {} : { "x-emulator-fault": fault }) },
});

describe("whole answers and errors say theirs in the header", () => {
  const chat = (body: unknown, fault?: string) => (): Promise<Response> => post(server, body, keyed(fault));
  const get =
    (path: string, headers: Record<string, string> = {}) =>
    (): Promise<Response> =>
      fetch(server.url + path, { headers });

  test.each<[string, () => Promise<Response>, number, string]>([
    ["a completion", chat(ASK), 200, "completed"],
    [
      "an explanation",
      () => post(server, ASK, { headers: { ...keyed().headers, "x-pollux-explain": "1" } }),
      200,
      "completed",
    ],
    ["the models", get("/v1/models", keyed().headers), 200, "completed"],
    ["a health check", get("/healthz"), 200, "completed"],
    ["no key", () => post(server, ASK, { headers: { authorization: "" } }), 401, "refused.access"],
    ["a wrong key for the models", get("/v1/models"), 401, "refused.access"],
    ["an unknown path", get("/v2/nothing"), 404, "refused.route"],
    ["a path with a malformed escape", get("/v1/models/%zz", keyed().headers), 400, "refused.request"],
    ["a wrong method", get("/v1/chat/completions"), 405, "refused.route"],
    ["a model there is none of", get("/v1/models/none", keyed().headers), 404, "refused.request"],
    ["no JSON", chat("{"), 400, "refused.request"],
    ["a wrong field", chat({ ...ASK, temperature: "warm" }), 400, "refused.request"],
    [
      "another type of body",
      () => post(server, ASK, { headers: { ...keyed().headers, "content-type": "text/plain" } }),
      415,
      "refused.request",
    ],
    ["a body too large", chat({ ...ASK, user: "x".repeat(200_000) }), 413, "refused.size"],
    [
      "a project that is not ours",
      () =>
        post(server, ASK, {
          ...keyed(),
          path: "/v1/projects/p:q/locations/global/endpoints/openapi/chat/completions",
        }),
      200,
      "completed",
    ],
    ["an upstream that refuses", chat(ASK, "status=400"), 400, "upstream_refused"],
    ["an upstream without quota", chat(ASK, "status=429"), 429, "upstream_rate_limited"],
    ["an upstream that fails", chat(ASK, "status=500"), 500, "upstream_error"],
    ["an upstream that refuses our credential", chat(ASK, "status=401"), 502, "upstream_auth"],
    ["an upstream's page", chat(ASK, "html-200"), 502, "upstream_unusable"],
    ["an upstream that resets", chat(ASK, "reset"), 502, "upstream_reset"],
    ["a stream that is refused", chat({ ...ASK, stream: true }, "status=503"), 503, "upstream_error"],
  ])("%s", async (_, send, status, outcome) => {
    const response = await send();
    await response.arrayBuffer();
    expect([response.status, response.headers.get("x-pollux-outcome")]).toEqual([status, outcome]);
    const record = await theRecord();
    expect(record).toMatchObject({ status, outcome, requestId: response.headers.get("x-request-id") });
    expect(record.bytes).toBeGreaterThan(100);
  });
});

describe("streams say theirs in the record", () => {
  test.each([
    ["that end well", undefined, "completed"],
    ["with an error inside", "error-after=2:503", "upstream_error.streaming"],
    ["that end early", "end-after=2", "upstream_truncated.streaming"],
    ["that are cut", "cut-after=2", "upstream_reset.streaming"],
    ["that hold no JSON", "malformed-json-after=2", "upstream_unusable.streaming"],
  ])("%s", async (_, fault, outcome) => {
    const response = await post(server, { ...ASK, stream: true }, keyed(fault));
    // The head goes out before the end is known.
    expect(response.headers.get("x-pollux-outcome")).toBeNull();
    await response.text();
    const record = await theRecord();
    expect(record).toMatchObject({ status: 200, outcome, stream: true, streamed: true, attempts: 1 });
    expect(record.firstTokenAt).toBeGreaterThan(record.startedAt);
    expect(record.endedAt).toBeGreaterThanOrEqual(record.firstTokenAt);
    // A stream that broke was billed as well.
    expect(record.tokens?.prompt).toBeGreaterThan(0);
  });

  test("bytes that go through unread have theirs too", async () => {
    const path = "/v1/projects/pollux-emulator/locations/us-central1/endpoints/42/chat/completions";
    await (await post(server, { ...ASK, stream: true }, { ...keyed(), path })).text();
    const whole = await theRecord();
    expect(whole).toMatchObject({ outcome: "completed", route: "endpointChatCompletions", streamed: true });
    records.length = 0;
    const cut = await post(server, { ...ASK, stream: true }, { ...keyed("cut-after=2"), path });
    await expect(cut.text()).rejects.toThrow();
    expect(await theRecord()).toMatchObject({ outcome: "upstream_reset.streaming" });
  });
});

describe("clients that leave", () => {
  const request = (body: string, headers = ""): string =>
    `POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${KEY}\r\n${headers}` +
    `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;

  async function leaving(text: string, when: (data: () => string) => Promise<void>): Promise<void> {
    const socket = connect(Number(new URL(server.url).port), "127.0.0.1");
    let data = "";
    socket.setEncoding("utf8").on("data", (piece: string) => (data += piece));
    socket.on("error", () => {});
    await once(socket, "connect");
    socket.write(text);
    await when(() => data);
    socket.resetAndDestroy();
  }

  test("F-09 while they send", async () => {
    const whole = request(JSON.stringify(ASK));
    await leaving(whole.slice(0, -5), () => new Promise((resolve) => setTimeout(resolve, 50)));
    expect(await theRecord()).toMatchObject({ outcome: "client_closed.sending", status: 0, began: true });
  });

  test("F-02 while they wait", async () => {
    const { requestCount } = server.composed.emulator!;
    await leaving(request(JSON.stringify(ASK), "x-emulator-fault: hang\r\n"), () =>
      vi.waitFor(() => expect(server.composed.emulator!.requestCount).toBe(requestCount + 1)),
    );
    expect(await theRecord()).toMatchObject({ outcome: "client_closed.waiting", status: 0, attempts: 1 });
  });

  test("F-01 within their stream", async () => {
    const body = JSON.stringify({ ...ASK, stream: true, messages: [{ role: "user", content: LONG }] });
    await leaving(request(body, "x-emulator-fault: slow=20\r\n"), (data) =>
      vi.waitFor(() => expect(data()).toContain("data: ")),
    );
    const record = await theRecord();
    expect(record).toMatchObject({ outcome: "client_closed.streaming", status: 200, streamed: true });
  });
});

describe("requests that are no HTTP", () => {
  test.each<[string, string, number, string]>([
    ["a bare line", "hello\r\n\r\n", 400, "refused.http"],
    ["no Host", "GET /healthz HTTP/1.1\r\n\r\n", 400, "refused.http"],
    ["a tunnel", "CONNECT example.com:443 HTTP/1.1\r\nHost: example.com\r\n\r\n", 405, "refused.http"],
    [
      "an expectation",
      "GET /healthz HTTP/1.1\r\nHost: localhost\r\nExpect: a-miracle\r\n\r\n",
      417,
      "refused.http",
    ],
    [
      "headers without end",
      `GET /healthz HTTP/1.1\r\nHost: localhost\r\nx: ${"y".repeat(200_000)}\r\n\r\n`,
      431,
      "refused.http",
    ],
    [
      "a body whose chunks are none",
      `POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${KEY}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n`,
      400,
      "refused.http",
    ],
  ])("%s", async (_, text, status, outcome) => {
    const answer = await sendText(server.url, text);
    expect(answer).toContain(`HTTP/1.1 ${status} `);
    expect(answer).toContain(`x-pollux-outcome: ${outcome}\r\n`);
    const record = await theRecord();
    expect(record).toMatchObject({ status, outcome });
    expect(answer).toContain(`x-request-id: ${record.requestId}\r\n`);
  });

  test("a second request on the same connection has its own", async () => {
    const socket = connect(Number(new URL(server.url).port), "127.0.0.1");
    socket.write("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
    await once(socket, "data");
    socket.write("broken\r\n\r\n");
    await once(socket, "end");
    await vi.waitFor(() => expect(records).toHaveLength(2));
    expect(records.map(({ outcome }) => outcome).toSorted()).toEqual(["completed", "refused.http"]);
    expect(new Set(records.map(({ requestId }) => requestId)).size).toBe(2);
  });

  test("a body without end is refused for its size, once", async () => {
    const answer = await sendRaw(server.url, { headers: keyed().headers, body: filler(1_000_000) });
    expect(answer).toMatchObject({ status: 413, headers: { "x-pollux-outcome": "refused.size" } });
    expect(await theRecord()).toMatchObject({ status: 413, outcome: "refused.size" });
  });
});

test("the record says who asked for what, and who answered", async () => {
  await (
    await post(server, ASK, { headers: { ...keyed().headers, "x-stainless-retry-count": "2" } })
  ).arrayBuffer();
  expect(await theRecord()).toMatchObject({
    route: "chatCompletions",
    model: ASK.model,
    alias: "other",
    upstream: "emulator",
    clientRetry: 2,
    attempts: 1,
    // printf %s an-access-key | sha256sum
    keyId: "837b58c6",
    tokens: { prompt: expect.any(Number) as number, completion: expect.any(Number) as number },
  });
});

describe("in process", () => {
  test("the same, told to an observer", async () => {
    const ended: RequestRecord[] = [];
    const told: string[] = [];
    const gateway = await createGateway({
      env: {},
      observer: {
        requestBegan: () => told.push("began"),
        streamBegan: () => told.push("stream"),
        attempted: (upstream, outcome) => told.push(`${upstream} ${outcome}`),
        requestEnded: (record) => ended.push(record),
      },
    });
    const ask = (body: unknown, signal?: AbortSignal): Promise<Response> =>
      gateway.fetch("http://pollux/v1/chat/completions", {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
        ...(signal === undefined ? {} : { signal }),
      });
    const whole = await ask(ASK);
    expect(whole.headers.get("x-pollux-outcome")).toBe("completed");
    await whole.text();
    await (await ask({ ...ASK, stream: true })).text();
    expect((await ask({})).headers.get("x-pollux-outcome")).toBe("refused.request");
    expect((await gateway.fetch("http://pollux/nothing")).headers.get("x-pollux-outcome")).toBe(
      "refused.route",
    );
    const abort = new AbortController();
    const aborted = await ask(
      { ...ASK, stream: true, messages: [{ role: "user", content: LONG }] },
      abort.signal,
    );
    const reader = aborted.body!.getReader();
    await reader.read();
    abort.abort();
    await expect(reader.read()).rejects.toThrow();
    expect(ended.map(({ outcome, status }) => [outcome, status])).toEqual([
      ["completed", 200],
      ["completed", 200],
      ["refused.request", 400],
      ["refused.route", 404],
      ["client_closed.streaming", 200],
    ]);
    expect(told.filter((what) => what === "began")).toHaveLength(4);
    expect(told.filter((what) => what === "stream")).toHaveLength(2);
    expect(told).toContain("emulator success");
    await gateway.close();
  });
});

test("the answers that a stop ends say so", async () => {
  const ended: RequestRecord[] = [];
  const stopping = await serve(readConfig({ PORT: "0" }).config, {
    reportBug: (error) => bugs.push(error),
    emulator: { paceMs: 2 },
    drainMs: 50,
    observer: { requestEnded: (record) => ended.push(record) },
  });
  const waiting = post(stopping, ASK, keyed("hang"));
  const stream = await post(stopping, { ...ASK, stream: true }, keyed("stall-after=2"));
  await vi.waitFor(() => expect(stopping.composed.emulator!.requestCount).toBe(2));
  const closed = stopping.close();
  const [answer] = await Promise.all([waiting, stream.text()]);
  expect(answer.headers.get("x-pollux-outcome")).toBe("draining.waiting");
  await answer.text();
  await closed;
  expect(ended.map(({ outcome }) => outcome).toSorted()).toEqual(["draining.streaming", "draining.waiting"]);
});

describe("limits", () => {
  const ended: RequestRecord[] = [];
  let limited: RunningServer;

  beforeAll(async () => {
    const { config } = configFrom(`
limits:
  bodyTimeoutMs: 1000
  slowClientMs: 1000
  maxBufferedBytes: 65536
  retryBudget: 0
  timeouts: { firstByteMs: 1500, idleMs: 700 }
upstreams: { e: { kind: emulator } }
`);
    limited = await serve(config, {
      reportBug: (error) => bugs.push(error),
      emulator: { paceMs: 0 },
      drainMs: 0,
      observer: { requestEnded: (record) => ended.push(record) },
    });
  });

  afterAll(() => limited.close());

  beforeEach(() => {
    ended.length = 0;
    limited.composed.emulator!.clearRules();
  });

  const outcomes = (): (string | undefined)[] => ended.map(({ outcome }) => outcome);

  test.each([
    ["F-21 an upstream that never answers", ASK, "hang", "upstream_timeout.first_byte"],
    ["F-22 a stream that falls silent", { ...ASK, stream: true }, "stall-after=2", "upstream_timeout.idle"],
  ])("%s", async (_, body, fault, outcome) => {
    await (await post(limited, body, { headers: { "x-emulator-fault": fault } })).text();
    await vi.waitFor(() => expect(outcomes()).toEqual([outcome]), 10_000);
  });

  test("F-07 a body that does not come", async () => {
    const text = `POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{`;
    const socket = connect(Number(new URL(limited.url).port), "127.0.0.1");
    let answer = "";
    socket.setEncoding("utf8").on("data", (data: string) => (answer += data));
    socket.on("error", () => {});
    socket.write(text);
    await vi.waitFor(() => expect(answer).toContain("x-pollux-outcome: slow_client.sending\r\n"), 10_000);
    socket.destroy();
    await vi.waitFor(
      () => expect(ended).toMatchObject([{ outcome: "slow_client.sending", status: 408 }]),
      10_000,
    );
  });

  test("F-05 an answer that is not read", async () => {
    limited.composed.emulator!.addRule({ then: { text: "long ".repeat(4_000_000) } });
    const socket = connect(Number(new URL(limited.url).port), "127.0.0.1");
    const body = JSON.stringify({ ...ASK, stream: true });
    socket.write(
      `POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
    socket.on("error", () => {});
    await once(socket, "readable");
    await vi.waitFor(() => expect(outcomes()).toEqual(["slow_client.reading"]), 20_000);
    socket.destroy();
  }, 30_000);
});

test("requests that wait for their turn, and those that find no room to wait", async () => {
  const ended: RequestRecord[] = [];
  const shed: string[] = [];
  const { config } = configFrom(`
limits:
  maxInFlight: 1
  maxQueue: 1
  maxQueueMs: 4000
  shed: { noKeepAlive: { inFlightShare: 1 }, noLargeBodies: { inFlightShare: 1 }, noRequests: { inFlightShare: 1 } }
upstreams: { e: { kind: emulator } }
`);
  const busy = await serve(config, {
    reportBug: (error) => bugs.push(error),
    drainMs: 0,
    observer: { requestEnded: (record) => ended.push(record), shed: (reason) => shed.push(reason) },
  });
  const { admission, emulator } = busy.composed;
  const leaving = (fault: string): { leave: () => Promise<void> } => {
    const abort = new AbortController();
    const left = expect(
      fetch(`${busy.url}/v1/chat/completions`, {
        method: "POST",
        headers: { "content-type": "application/json", "x-emulator-fault": fault },
        body: JSON.stringify(ASK),
        signal: abort.signal,
      }),
    ).rejects.toThrow();
    return {
      leave: () => {
        abort.abort();
        return left;
      },
    };
  };
  const first = leaving("hang");
  await vi.waitFor(() => expect(emulator!.requestCount).toBe(1), 10_000);
  const second = leaving("hang");
  await vi.waitFor(() => expect(admission.queued).toBe(1), { timeout: 10_000, interval: 5 });
  const full = await post(busy, ASK);
  expect([full.status, full.headers.get("x-pollux-outcome")]).toEqual([503, "shed.queue_full"]);
  await full.text();
  await second.leave();
  await vi.waitFor(() => expect(admission.queued).toBe(0), 10_000);
  const late = await post(busy, ASK);
  expect([late.status, late.headers.get("x-pollux-outcome")]).toEqual([503, "shed.queue_timeout"]);
  await late.text();
  await first.leave();
  await vi.waitFor(() => expect(ended).toHaveLength(4), 10_000);
  expect(ended.map(({ outcome }) => outcome)).toEqual([
    "shed.queue_full",
    "client_closed.queued",
    "shed.queue_timeout",
    "client_closed.waiting",
  ]);
  expect(shed).toEqual(["queue_full", "queue_timeout"]);
  await busy.close();
}, 60_000);
