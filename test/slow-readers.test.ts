/** Clients that ask for a stream and do not read it, or hardly: what they cost, and that they are let go. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { writeConfig } from "./support/configured-gateway.ts";
import { endlessUpstream, type EndlessUpstream } from "./support/endless-upstream.ts";
import { postText, rawClient, readSlowly, type RawClient } from "./support/raw-clients.ts";
import { openConnections } from "./support/open-connections.ts";
import { servePollux, type ServedProcess } from "./support/served-process.ts";

const ASK = {
  model: "gemini-3.5-flash",
  stream: true,
  messages: [{ role: "user", content: "Go on." }],
};
const MEGABYTE = 1024 * 1024;
/** `UNREAD_STREAMS=5000` is the number of the row; it takes minutes. */
const UNREAD_STREAMS = Number(process.env["UNREAD_STREAMS"] ?? 300);
const SLOW_CLIENT_MS = 4_000;
/** Long enough for all of them to be open at one time. */
const UNREAD_MS = Math.max(6_000, 20 * UNREAD_STREAMS);

let upstream: EndlessUpstream;
let pollux: ServedProcess;

async function start(slowClientMs: number): Promise<void> {
  const { file } = writeConfig(`
upstreams: { gemini: { kind: gemini-api, apiKeys: [key], baseUrl: "${upstream.url}" } }
limits: { slowClientMs: ${slowClientMs}, upstreamConnections: 20000 }
`);
  pollux = await servePollux({}, ["--config", file]);
  // What streams cost once and for all, such as code that is compiled, has been paid.
  const first = await Promise.all(Array.from({ length: 10 }, () => open()));
  await vi.waitFor(() => expect(Math.min(...first.map(({ bytes }) => bytes))).toBeGreaterThan(MEGABYTE), {
    timeout: 20_000,
  });
  for (const { socket } of first) socket.destroy();
  await vi.waitFor(() => expect(upstream.open).toBe(0));
}

beforeAll(async () => {
  upstream = await endlessUpstream();
});

afterEach(() => pollux.stop());

afterAll(() => upstream.close());

async function open(options: { paused?: boolean } = {}): Promise<RawClient> {
  const client = await rawClient(pollux.url, { forget: true, ...options });
  client.socket.write(postText(ASK));
  return client;
}

/** Requests that have ended because the client was let go for its slowness. */
async function slowClients(): Promise<number> {
  const metrics = await (await fetch(`${pollux.url}/metrics`)).text();
  let count = 0;
  for (const line of metrics.split("\n")) {
    if (line.startsWith("pollux_requests_total{") && line.includes('outcome="slow_client.reading"'))
      count += Number(line.split(" ").at(-1));
  }
  return count;
}

async function expectEvicted(clients: RawClient[], withinMs: number): Promise<void> {
  await vi.waitFor(() => expect(upstream.open).toBe(0), { timeout: withinMs, interval: 50 });
  for (const { socket } of clients) socket.resume();
  // Never an end: a client must not take what it has for the whole.
  const ends = await Promise.all(clients.map(({ closed }) => closed));
  expect(new Set(ends)).toEqual(new Set(["reset"]));
}

describe("F-05 a slow reader", () => {
  beforeEach(() => start(SLOW_CLIENT_MS));

  test("of 1 KB a second stops its upstream, and is let go", { timeout: 60_000 }, async () => {
    const before = await slowClients();
    const client = await open({ paused: true });
    readSlowly(client, 1_000);
    let last = -1;
    await vi.waitFor(
      () => {
        const stands = upstream.written === last;
        last = upstream.written;
        expect(stands && upstream.open === 1).toBe(true);
      },
      { interval: 300, timeout: SLOW_CLIENT_MS },
    );
    await vi.waitFor(() => expect(upstream.open).toBe(0), { timeout: SLOW_CLIENT_MS + 10_000 });
    await vi.waitFor(async () => expect(await slowClients()).toBe(before + 1));
    client.socket.destroy();
  });

  test("that keeps up, a little at a time, is not", { timeout: 60_000 }, async () => {
    const client = await open({ paused: true });
    readSlowly(client, 20 * MEGABYTE);
    await new Promise((resolve) => setTimeout(resolve, SLOW_CLIENT_MS * 2));
    expect(client.isClosed).toBe(false);
    expect(upstream.open).toBe(1);
    client.socket.destroy();
    await vi.waitFor(() => expect(upstream.open).toBe(0));
  });
});

test(
  "F-05 answers of the other routes that nobody reads are let go as well",
  { timeout: 60_000 },
  async () => {
    await start(SLOW_CLIENT_MS);
    const size = (await (await fetch(`${pollux.url}/openapi.json`)).text()).length;
    const clients = await Promise.all(
      Array.from({ length: 20 }, () => rawClient(pollux.url, { forget: true, paused: true })),
    );
    // Small answers, so many of them: more than the sockets' buffers hold.
    const requests = "GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n";
    for (const { socket } of clients) socket.write(requests.repeat(Math.ceil((8 * MEGABYTE) / size)));
    expect(openConnections(pollux.url)).toBeGreaterThanOrEqual(20);
    // The one that may be left is of `fetch`.
    await vi.waitFor(() => expect(openConnections(pollux.url)).toBeLessThanOrEqual(1), {
      timeout: SLOW_CLIENT_MS + 20_000,
      interval: 100,
    });
    // One that was not let go would be sent the rest, and an end.
    for (const { socket } of clients) socket.resume();
    expect(new Set(await Promise.all(clients.map(({ closed }) => closed)))).toEqual(new Set(["reset"]));
  },
);

test(
  `F-05 S-44 ${UNREAD_STREAMS} streams that nobody reads cost less than 1 MB each, and are let go`,
  {
    timeout: 600_000,
  },
  async () => {
    await start(UNREAD_MS);
    await unread(UNREAD_STREAMS, UNREAD_MS);
  },
);

async function unread(count: number, slowClientMs: number): Promise<void> {
  const calm = await pollux.peakMemory();
  const [evicted, opened] = [await slowClients(), upstream.opened];
  const clients: RawClient[] = [];
  const startedAt = performance.now();
  for (let next = 0; next < count; next += 1) clients.push(await open({ paused: true }));
  await vi.waitFor(() => expect(upstream.opened).toBe(opened + count), { timeout: 180_000 });
  const openedMs = performance.now() - startedAt;
  const together = upstream.open;
  // Others are served meanwhile.
  expect((await fetch(`${pollux.url}/healthz`)).status).toBe(200);
  await expectEvicted(clients, slowClientMs + 120_000);
  const evictedMs = performance.now() - startedAt;
  const each = ((await pollux.peakMemory()) - calm) / count;
  await vi.waitFor(async () => expect(await slowClients()).toBe(evicted + count), { timeout: 10_000 });
  console.log(
    `${count} unread streams, ${together} at one time: ${(each / 1024).toFixed(0)} KiB of memory each at most, open after ${openedMs.toFixed(0)} ms, gone after ${evictedMs.toFixed(0)} ms`,
  );
  expect(each).toBeLessThan(MEGABYTE);
  expect(pollux.exited).toBe(false);
}
