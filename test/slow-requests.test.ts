/** Requests that arrive slowly, hardly, not as announced or not at all, and connections that only stand there. */
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { writeConfig } from "./support/configured-gateway.ts";
import { gatewayFrom } from "./support/gateway-from-yaml.ts";
import { drip, idleClients, postText, rawClient } from "./support/raw-clients.ts";
import { filler, sendRaw, sendText } from "./support/raw-http.ts";
import { post, type RunningGateway } from "./support/running-gateway.ts";
import { servePollux } from "./support/served-process.ts";

const ASK = {
  model: "google/gemini-3.5-flash",
  messages: [{ role: "user", content: "Repeat after me: foghorn" }],
};
const EMULATOR = "upstreams: { emulator: { kind: emulator } }";
const MEGABYTE = 1_000_000;
/** Both ends of each are open files; this process has one end, the gateway the other. */
const IDLE_SOCKETS = 10_000;

const start = (limits: string): Promise<RunningGateway> => gatewayFrom(`${EMULATOR}\nlimits: { ${limits} }`);

/** The error in an answer, checked for OpenAI's shape. */
function errorIn(text: string): { status: number; code: unknown; message: string } {
  const status = Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1]);
  expect(text).toMatch(/^x-request-id: req_\w{24}\r$/m);
  expect(text).toMatch(/^connection: close\r$/im);
  const body = text.slice(text.indexOf("\r\n\r\n") + 4);
  const { error } = JSON.parse(body.slice(body.indexOf("{"), body.lastIndexOf("}") + 1));
  expect(error).toEqual({
    message: expect.any(String),
    type: "invalid_request_error",
    param: null,
    code: expect.anything(),
  });
  return { status, code: error.code, message: error.message };
}

/** How long each of some good requests takes, in milliseconds, sorted. */
async function latencies(gateway: { url: string }, count: number): Promise<number[]> {
  const times: number[] = [];
  for (let next = 0; next < count; next += 1) {
    const startedAt = performance.now();
    const response = await post(gateway, ASK);
    expect(response.status).toBe(200);
    await response.arrayBuffer();
    times.push(performance.now() - startedAt);
  }
  return times.toSorted((one, other) => one - other);
}

describe("F-06 headers that arrive slowly", () => {
  test("408 and the connection closed when their time is up; others are served as before", async () => {
    const gateway = await start("headersTimeoutMs: 1000");
    await latencies(gateway, 30);
    const calm = await latencies(gateway, 50);
    const startedAt = performance.now();
    const slow = await Promise.all(Array.from({ length: 100 }, () => rawClient(gateway.url)));
    for (const client of slow) {
      client.socket.write("POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\n");
      void drip(client, "X-a: b\r\n".repeat(1_000), 1, 50);
    }
    const meanwhile = await latencies(gateway, 50);
    for (const client of slow) {
      await vi.waitFor(() => expect(client.received()).toContain("\r\n\r\n"), { timeout: 10_000 });
      expect(errorIn(client.received())).toMatchObject({ status: 408, code: "request_timeout" });
    }
    expect(performance.now() - startedAt).toBeLessThan(6_000);
    await Promise.all(slow.map(({ closed }) => closed));
    for (const client of slow) expect(client.closedAt! - startedAt).toBeGreaterThan(900);
    // Within a tenth on a quiet machine; a shared one has hiccups of its own.
    expect(meanwhile[25]!).toBeLessThan(calm[25]! * 2 + 20);
    expect(gateway.bugs).toEqual([]);
  }, 30_000);

  test("a connection that says nothing is closed then as well", async () => {
    const gateway = await start("headersTimeoutMs: 400");
    const client = await rawClient(gateway.url);
    await client.closed;
    expect(errorIn(client.received())).toMatchObject({ status: 408, code: "request_timeout" });
  });

  test("so is one whose second request comes slowly", async () => {
    const gateway = await start("headersTimeoutMs: 400");
    const client = await rawClient(gateway.url);
    client.socket.write("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
    await vi.waitFor(() => expect(client.received()).toContain("HTTP/1.1 200"));
    client.socket.write("GET /healthz HT");
    await client.closed;
    expect(client.received()).toMatch(/HTTP\/1\.1 200 [^]*HTTP\/1\.1 408 /);
  });
});

describe("F-07 a body that arrives slowly", () => {
  test("408 when its time is up, in OpenAI's shape, and the connection closed", async () => {
    const gateway = await start("bodyTimeoutMs: 800, minBodyBytesPerSecond: 0");
    const client = await rawClient(gateway.url);
    const text = postText(ASK, { length: 50_000 });
    client.socket.write(text);
    void drip(client, " ".repeat(10_000), 100, 20);
    const startedAt = performance.now();
    await client.closed;
    expect(performance.now() - startedAt).toBeLessThan(5_000);
    expect(errorIn(client.received())).toMatchObject({
      status: 408,
      code: "request_timeout",
      message: expect.stringContaining("within 0.8 s"),
    });
    expect(gateway.composed.emulator!.requestCount).toBe(0);
    expect(gateway.composed.current.admission.inFlight).toBe(0);
  });

  test("408 when it comes more slowly than the slowest rate; one that is fast enough is served", async () => {
    const gateway = await start("minBodyBytesPerSecond: 500");
    const [slow, fast] = await Promise.all([rawClient(gateway.url), rawClient(gateway.url)]);
    const body = JSON.stringify(ASK).padEnd(6_000);
    const head = postText(body).slice(0, -body.length);
    slow.socket.write(head);
    fast.socket.write(head);
    void drip(slow, body, 10, 100);
    void drip(fast, body, 100, 100);
    await vi.waitFor(() => expect(fast.received()).toContain('"foghorn'), { timeout: 15_000 });
    expect(fast.received()).toMatch(/^HTTP\/1\.1 200 /);
    await slow.closed;
    expect(errorIn(slow.received())).toMatchObject({
      status: 408,
      code: "request_timeout",
      message: expect.stringContaining("more slowly than 500 bytes a second"),
    });
    fast.socket.destroy();
    expect(gateway.bugs).toEqual([]);
  }, 30_000);
});

describe("F-08 a body over the limit", () => {
  test("S-30 200 MB and 1 GB in chunks: 413 as soon as known, the connection closed, memory flat", async () => {
    const { file } = writeConfig(`${EMULATOR}\nlimits: { maxBodyBytes: ${MEGABYTE} }`);
    const pollux = await servePollux({}, ["--config", file]);
    onTestFinished(() => pollux.stop());
    expect((await post(pollux, ASK)).status).toBe(200);
    const calm = await pollux.peakMemory();
    for (const [bytes, headers] of [
      [200 * MEGABYTE, {}],
      [200 * MEGABYTE, { "content-length": String(200 * MEGABYTE) }],
      [1000 * MEGABYTE, {}],
    ] as const) {
      let taken = 0;
      const body = (function* () {
        for (const piece of filler(bytes)) {
          taken += piece.length;
          yield piece;
        }
      })();
      const answer = await sendRaw(pollux.url, { headers, body });
      expect([answer.status, answer.headers.connection]).toEqual([413, "close"]);
      expect(JSON.parse(answer.body)).toMatchObject({ error: { code: "request_too_large" } });
      // The sockets' buffers hold some of it.
      expect(taken).toBeLessThan(30 * MEGABYTE);
    }
    expect((await pollux.peakMemory()) - calm).toBeLessThan(40 * MEGABYTE);
    expect((await post(pollux, ASK)).status).toBe(200);
  }, 60_000);

  test("a client that goes on sending after its 413 is cut off", async () => {
    const gateway = await start(`maxBodyBytes: ${MEGABYTE}`);
    const client = await rawClient(gateway.url);
    client.socket.write(postText("", { length: 10_000 * MEGABYTE }));
    const piece = Buffer.alloc(65_536);
    const send = (): void => {
      while (!client.isClosed && client.socket.write(piece));
    };
    client.socket.on("drain", send);
    send();
    await client.closed;
    expect(errorIn(client.received())).toMatchObject({ status: 413 });
  }, 30_000);
});

describe("F-09 a content-length that is not the truth", () => {
  let gateway: RunningGateway;
  const text = JSON.stringify(ASK);

  test("too long, and the client ends its side: 400", async () => {
    gateway = await start("maxInFlight: 10");
    const client = await rawClient(gateway.url);
    client.socket.end(postText(text, { length: text.length + 10 }));
    expect(await client.closed).toBe("end");
    expect(errorIn(client.received())).toMatchObject({ status: 400, code: "malformed_http" });
    await vi.waitFor(() => expect(gateway.composed.current.admission.inFlight).toBe(0));
    expect(gateway.composed.emulator!.requestCount).toBe(0);
    expect(gateway.bugs).toEqual([]);
  });

  test("too long, and the client waits: 408, and nothing hangs", async () => {
    gateway = await start("bodyTimeoutMs: 500");
    const client = await rawClient(gateway.url);
    client.socket.write(postText(text, { length: text.length + 10 }));
    await client.closed;
    expect(errorIn(client.received())).toMatchObject({ status: 408 });
  });

  test("too short: what is left over is no request, and what was cut off is not answered: 400", async () => {
    gateway = await start("maxInFlight: 10");
    const answer = await sendText(gateway.url, postText(text, { length: text.length - 10 }));
    expect(errorIn(answer)).toMatchObject({ status: 400, code: "malformed_http" });
    expect(gateway.composed.emulator!.requestCount).toBe(0);
    await vi.waitFor(() => expect(gateway.composed.current.admission.inFlight).toBe(0));
    expect(gateway.bugs).toEqual([]);
  });

  test("chunks that end in the middle of one: 400", async () => {
    gateway = await start("maxInFlight: 10");
    const client = await rawClient(gateway.url);
    client.socket.end(
      "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n" +
        'Transfer-Encoding: chunked\r\n\r\n20\r\n{"model":',
    );
    await client.closed;
    expect(errorIn(client.received())).toMatchObject({ status: 400, code: "malformed_http" });
  });
});

describe("F-10 connections that stand idle", () => {
  test("10,000 of them: health is answered all the time, and every one is closed", async () => {
    const { file } = writeConfig(`${EMULATOR}\nlimits: { headersTimeoutMs: 5000, maxConnections: 30000 }`);
    const pollux = await servePollux({}, ["--config", file]);
    onTestFinished(() => pollux.stop());
    let checks = 0;
    let slowest = 0;
    let checking = true;
    const health = (async () => {
      while (checking) {
        const startedAt = performance.now();
        expect((await fetch(`${pollux.url}/healthz`)).status).toBe(200);
        slowest = Math.max(slowest, performance.now() - startedAt);
        checks += 1;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    })();
    const clients = await idleClients(pollux.url, IDLE_SOCKETS);
    expect(clients).toHaveLength(IDLE_SOCKETS);
    expect((await post(pollux, ASK)).status).toBe(200);
    await Promise.all(clients.map(({ closed }) => closed));
    checking = false;
    await health;
    console.log(
      `${clients.length} idle sockets: ${checks} health checks, the slowest ${slowest.toFixed(0)} ms`,
    );
    expect(checks).toBeGreaterThan(5);
    // The patience of load balancers, on a machine that may be busy with other tests.
    expect(slowest).toBeLessThan(10_000);
    expect(pollux.exited).toBe(false);
  }, 90_000);

  test("one that was used before is closed after the time for idle connections", async () => {
    const gateway = await start("idleConnectionMs: 300");
    const client = await rawClient(gateway.url);
    client.socket.write("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
    await vi.waitFor(() => expect(client.received()).toContain("HTTP/1.1 200"));
    const startedAt = performance.now();
    expect(await client.closed).toBe("end");
    // A second is added, for requests that are on their way.
    expect(performance.now() - startedAt).toBeGreaterThan(200);
    expect(performance.now() - startedAt).toBeLessThan(10_000);
  });

  test("one address may have so many at one time and no more; a place that is left can be taken", async () => {
    const gateway = await start("maxConnectionsPerAddress: 5");
    const clients = await Promise.all(Array.from({ length: 5 }, () => rawClient(gateway.url)));
    const more = await rawClient(gateway.url);
    more.socket.write("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
    await more.closed;
    expect(more.received()).toBe("");
    expect(clients.every((client) => !client.isClosed)).toBe(true);
    clients[0]!.socket.destroy();
    await vi.waitFor(async () => {
      const next = await rawClient(gateway.url);
      next.socket.write("GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
      await next.closed;
      expect(next.received()).toContain("HTTP/1.1 200");
    });
    for (const client of clients) client.socket.destroy();
  });

  test("there may be so many at one time and no more", async () => {
    const gateway = await start("maxConnections: 3");
    const clients = await Promise.all(Array.from({ length: 3 }, () => rawClient(gateway.url)));
    const more = await rawClient(gateway.url);
    await more.closed;
    expect(clients.every((client) => !client.isClosed)).toBe(true);
    for (const client of clients) client.socket.destroy();
  });
});
