/** Clients that leave, in every way and at every moment, and clients that only say that they have nothing more to send. */
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import OpenAI from "openai";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { postText, rawClient, type RawClient } from "./support/raw-clients.ts";
import { gatewayFrom } from "./support/gateway-from-yaml.ts";
import { startGateway, type RunningGateway } from "./support/running-gateway.ts";

const ASK = {
  model: "google/gemini-3.5-flash",
  messages: [{ role: "user", content: `Repeat after me: ${"the foghorn sounds ".repeat(20)}` }],
};
const ENDPOINT = "/v1/projects/some-project/locations/us-central1/endpoints/42/chat/completions";

let gateway: RunningGateway;

beforeAll(async () => {
  gateway = await startGateway({}, { paceMs: 2 });
});

beforeEach(() => gateway.composed.emulator!.clearRules());

afterAll(async () => {
  await gateway.close();
  expect(gateway.bugs).toEqual([]);
});

/** A request that has reached the upstream, which does not answer it, or not to the end. */
async function ask(body: object, fault: string, path?: string, version?: "1.0"): Promise<RawClient> {
  const client = await rawClient(gateway.url, { allowHalfOpen: true });
  const before = gateway.composed.emulator!.requestCount;
  const headers = { "x-emulator-fault": fault };
  client.socket.write(
    postText(body, {
      headers,
      ...(path === undefined ? {} : { path }),
      ...(version === undefined ? {} : { version }),
    }),
    "latin1",
  );
  await vi.waitFor(() => expect(gateway.composed.emulator!.requestCount).toBe(before + 1));
  return client;
}

const abandoned = (): boolean => gateway.composed.emulator!.requests.at(-1)?.abandoned === true;

/** The deadline that operators are promised, from the client's going to the upstream's socket being gone. */
const gone = (): Promise<void> =>
  vi.waitFor(() => expect(abandoned()).toBe(true), { timeout: 250, interval: 5 });

const KINDS = [
  ["F-01 of a stream", { ...ASK, stream: true }, "stall-after=3", undefined, "data: "],
  ["F-01 of a stream before its first event", { ...ASK, stream: true }, "hang", undefined, undefined],
  ["F-02 of a whole answer", ASK, "hang", undefined, undefined],
  ["F-01 of a container's stream", { ...ASK, stream: true }, "stall-after=3", ENDPOINT, "data: "],
  ["F-02 of a container's whole answer", ASK, "hang", ENDPOINT, undefined],
] as const;

describe.each(KINDS)("%s", (_, body, fault, path, begun) => {
  const begin = async (version?: "1.0"): Promise<RawClient> => {
    const client = await ask(body, fault, path, version);
    if (begun !== undefined) await vi.waitFor(() => expect(client.received()).toContain(begun));
    return client;
  };

  test.each<[string, (client: RawClient) => void]>([
    ["closes its socket", ({ socket }) => socket.destroy()],
    ["resets it", ({ socket }) => socket.resetAndDestroy()],
    [
      "ends its side and closes at once",
      ({ socket }) => {
        socket.end();
        socket.destroySoon();
      },
    ],
  ])("a client that %s frees the upstream within 250 ms", async (__, leave) => {
    const client = await begin();
    expect(abandoned()).toBe(false);
    leave(client);
    await gone();
    await vi.waitFor(() => expect(gateway.composed.openRequests.size).toBe(0));
  });

  test("an HTTP/1.0 client that ends its side has left", async () => {
    const client = await begin("1.0");
    client.socket.end();
    await gone();
  });

  test("F-04 a client that ends its side and closes later is still noticed", async () => {
    const client = await begin();
    client.socket.end();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(abandoned()).toBe(false);
    client.socket.destroy();
    // The next of the first few probes finds it.
    await vi.waitFor(() => expect(abandoned()).toBe(true), { timeout: 2_000 });
  });
});

describe("F-04 a client that ends its side and reads on", () => {
  /** The head and body of what came last; interim answers are left out, chunks put together as RFC 9112 has it. */
  function answerIn(text: string): { head: string; body: string } {
    const final = text.indexOf("HTTP/1.1 200");
    const end = text.indexOf("\r\n\r\n", final);
    const head = text.slice(final, end);
    let rest = text.slice(end + 4);
    if (!/transfer-encoding: chunked/i.test(head)) return { head, body: rest };
    let body = "";
    for (;;) {
      const line = rest.indexOf("\r\n");
      const size = rest.slice(0, line);
      expect(size).toMatch(/^[0-9a-f]+$/);
      const bytes = Number.parseInt(size, 16);
      body += rest.slice(line + 2, line + 2 + bytes);
      rest = rest.slice(line + 4 + bytes);
      if (bytes === 0) return { head, body };
    }
  }

  test.each([
    ["whole", ASK, "delay=700", undefined],
    ["streamed", { ...ASK, stream: true }, "slow=30", undefined],
    ["streamed after a pause", { ...ASK, stream: true }, "delay=700", undefined],
    ["whole, of a container", ASK, "delay=700", ENDPOINT],
    ["streamed, of a container", { ...ASK, stream: true }, "slow=30", ENDPOINT],
  ])("gets its answer, %s, and the connection is closed then", async (_, body, fault, path) => {
    const client = await ask(body, fault, path);
    client.socket.end();
    expect(await client.closed).toBe("end");
    const { head, body: answer } = answerIn(client.received());
    expect(client.received()).toMatch(/^(HTTP\/1\.1 102 Processing\r\n\r\n)*HTTP\/1\.1 200 OK\r\n/);
    if ("stream" in body) expect(answer.endsWith("data: [DONE]\n\n")).toBe(true);
    else expect(JSON.parse(answer)).toMatchObject({ object: "chat.completion" });
    expect(head).toMatch(/content-type/i);
    expect(abandoned()).toBe(false);
  });

  test("what a stream was probed with is read by others' parsers of HTTP", async () => {
    const client = await ask({ ...ASK, stream: true }, "slow=30");
    await vi.waitFor(() => expect(client.received()).toContain("data: "));
    client.socket.end();
    await client.closed;
    expect(client.received()).toMatch(/\r\n0+[1-9a-f][0-9a-f]*\r\n/);
    // fetch does not half-close: it is given what such a client received.
    const replay = createServer((socket) => {
      socket.once("data", () => socket.end(client.received(), "latin1"));
    });
    replay.listen(0, "127.0.0.1");
    await once(replay, "listening");
    const { port } = replay.address() as AddressInfo;
    const text = await (await fetch(`http://127.0.0.1:${port}/`)).text();
    expect(text.endsWith("data: [DONE]\n\n")).toBe(true);
    replay.close();
  });
});

describe("several requests on one connection", () => {
  test("F-01 F-02 when the client leaves, the one under way is ended, and those that wait for their turn never begin", async () => {
    const client = await rawClient(gateway.url);
    const emulator = gateway.composed.emulator!;
    const before = emulator.requestCount;
    const one = postText({ ...ASK, stream: true }, { headers: { "x-emulator-fault": "hang" } });
    client.socket.write(one + one + one, "latin1");
    await vi.waitFor(() => expect(emulator.requestCount).toBe(before + 1));
    client.socket.destroy();
    await gone();
    await vi.waitFor(() => expect(gateway.composed.openRequests.size).toBe(0));
    expect(emulator.requestCount).toBe(before + 1);
  });
});

describe("F-03 a client that leaves while its request is queued", () => {
  test.each<[string, (client: RawClient) => void]>([
    ["closing its socket", ({ socket }) => socket.destroy()],
    ["resetting it", ({ socket }) => socket.resetAndDestroy()],
  ])("by %s: the place in the queue is free, no upstream call is made", async (_, leave) => {
    const small = await gatewayFrom(
      "upstreams: { emulator: { kind: emulator } }\nlimits: { maxInFlight: 1, maxQueue: 1, maxQueueMs: 60000 }",
    );
    const emulator = small.composed.emulator!;
    const busy = await rawClient(small.url);
    const text = (fault: string): string => postText(ASK, { headers: { "x-emulator-fault": fault } });
    busy.socket.write(text("hang"), "latin1");
    await vi.waitFor(() => expect(emulator.requestCount).toBe(1));
    const queued = await rawClient(small.url);
    queued.socket.write(text("delay=0"), "latin1");
    const { admission } = small.composed.current;
    await vi.waitFor(() => expect(admission.queued).toBe(1));
    leave(queued);
    await vi.waitFor(() => expect(admission.queued).toBe(0), { timeout: 250, interval: 5 });
    expect(small.composed.openRequests.size).toBe(1);
    const next = await rawClient(small.url);
    next.socket.write(text("delay=0"), "latin1");
    await vi.waitFor(() => expect(admission.queued).toBe(1));
    expect(emulator.requestCount).toBe(1);
    busy.socket.destroy();
    await vi.waitFor(() => expect(next.received()).toContain("HTTP/1.1 200"));
    expect(emulator.requestCount).toBe(2);
    next.socket.destroy();
    expect(small.bugs).toEqual([]);
  });
});

describe("the openai package, aborted", () => {
  const openai = (): OpenAI => new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: "any", maxRetries: 0 });

  test.each([
    ["F-01 in a stream", true, "stall-after=3"],
    ["F-01 before a stream's first event", true, "hang"],
    ["F-02 in a whole answer", false, "hang"],
  ])("%s", async (_, stream, fault) => {
    const before = gateway.composed.emulator!.requestCount;
    const controller = new AbortController();
    const answer = (async () => {
      const given = await openai().chat.completions.create(
        { model: ASK.model, messages: [{ role: "user", content: "Tell me of foghorns." }], stream },
        { headers: { "x-emulator-fault": fault }, signal: controller.signal },
      );
      if (Symbol.asyncIterator in given) for await (const chunk of given) void chunk;
    })();
    const outcome = answer.then(
      () => "ended",
      () => "threw",
    );
    await vi.waitFor(() => expect(gateway.composed.emulator!.requestCount).toBe(before + 1));
    if (fault !== "hang") await new Promise((resolve) => setTimeout(resolve, 100));
    controller.abort();
    await gone();
    expect(["ended", "threw"]).toContain(await outcome);
  });
});
