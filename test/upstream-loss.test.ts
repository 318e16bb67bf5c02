/** Upstreams that are lost once they have the request: reset, silent, or silent in the middle. Real sockets. */
import { createServer, type AddressInfo, type Socket } from "node:net";
import OpenAI, { APIError } from "openai";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { type Emulator, startEmulator } from "../src/emulator/server.ts";
import { HTTP_CLIENTS } from "../src/settings.ts";
import { type FaultProxy, startFaultProxy, type Toxic } from "../src/toxics/fault-proxy.ts";
import { gatewayFrom } from "./support/gateway-from-yaml.ts";
import { post } from "./support/running-gateway.ts";
import { targetAt, upstreamsAt, type YamlOptions } from "./support/upstream-yaml.ts";

const ASK = { model: "fast", messages: [{ role: "user" as const, content: "Repeat after me: still here" }] };
const MODES = [{ stream: false }, { stream: true }];

interface ErrorBody {
  error: { code: string; message: string };
}

async function well(paceMs = 0): Promise<Emulator> {
  const emulator = await startEmulator({ paceMs });
  onTestFinished(() => emulator.close());
  return emulator;
}

async function before(emulator: Emulator, ...toxics: Toxic[]): Promise<FaultProxy> {
  const proxy = await startFaultProxy({ upstream: emulator.url, toxics });
  onTestFinished(() => proxy.close());
  return proxy;
}

const EVENT = JSON.stringify({
  candidates: [{ content: { role: "model", parts: [{ text: "still here" }] }, finishReason: "STOP" }],
  usageMetadata: { promptTokenCount: 1, candidatesTokenCount: 2, totalTokenCount: 3 },
});

/**
 * Answers each request whole and keeps the connection. Once `giveUp` has been called, each connection that is idle
 * then is lost as its next request comes, without a byte of an answer.
 */
async function forgetful(
  lose: (socket: Socket) => void,
): Promise<{ url: string; giveUp: () => void; answered: () => number; lost: () => number }> {
  const idle = new Set<Socket>();
  const doomed = new Set<Socket>();
  let answered = 0;
  let lost = 0;
  const server = createServer((socket) => {
    let request = "";
    socket.on("error", () => {});
    socket.on("close", () => idle.delete(socket));
    socket.on("data", (bytes: Buffer) => {
      if (doomed.delete(socket)) {
        lost += 1;
        lose(socket);
        return;
      }
      idle.delete(socket);
      request += bytes.toString("latin1");
      const [head = "", body] = request.split("\r\n\r\n");
      const length = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0);
      if (body === undefined || body.length < length) return;
      const streamed = head.includes(":streamGenerateContent");
      request = "";
      answered += 1;
      const answer = streamed ? `data: ${EVENT}\r\n\r\n` : EVENT;
      socket.write(
        `HTTP/1.1 200 OK\r\ncontent-type: ${streamed ? "text/event-stream" : "application/json"}\r\n` +
          `content-length: ${Buffer.byteLength(answer)}\r\n\r\n${answer}`,
      );
      idle.add(socket);
    });
  });
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  onTestFinished(() => {
    for (const socket of idle) socket.destroy();
    server.close();
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    giveUp: () => {
      for (const socket of idle) doomed.add(socket);
    },
    answered: () => answered,
    lost: () => lost,
  };
}

describe.each(HTTP_CLIENTS)("by the client %s:", (httpClient) => {
  const upstreams = (urls: readonly string[], options: YamlOptions = {}): string =>
    upstreamsAt(urls, { ...options, httpClient });

  describe("F-19 a kept connection that was lost meanwhile", () => {
    test.each<[string, (socket: Socket) => void]>([
      ["reset", (socket) => socket.resetAndDestroy()],
      ["closed", (socket) => socket.destroy()],
    ])("%s at the next request, two hundred times: clients see nothing of it", async (_, lose) => {
      const upstream = await forgetful(lose);
      const gateway = await gatewayFrom(upstreams([upstream.url]));
      const times = 200;
      for (let at = 0; at < times; at += 1) {
        const response = await post(gateway, { ...ASK, stream: at % 2 === 1 });
        const text = await response.text();
        expect([response.status, response.headers.get("x-pollux-attempts")]).toEqual([200, targetAt(1)]);
        expect(text).toContain("still here");
        if (at % 2 === 1) expect(text).toMatch(/data: \[DONE\]\n\n$/);
        upstream.giveUp();
      }
      // Each was answered once: what was repeated had not been read.
      expect(upstream.answered()).toBe(times);
      expect(upstream.lost()).toBe(times - 1);
      expect(gateway.bugs).toEqual([]);
    });

    test("many at once", async () => {
      const upstream = await forgetful((socket) => socket.resetAndDestroy());
      const gateway = await gatewayFrom(upstreams([upstream.url]));
      for (let round = 0; round < 5; round += 1) {
        const answers = await Promise.all(
          Array.from({ length: 40 }, async (_none, at) => {
            const response = await post(gateway, { ...ASK, stream: at % 2 === 1 });
            return [response.status, (await response.text()).includes("still here")];
          }),
        );
        expect(answers).toEqual(Array.from({ length: 40 }, () => [200, true]));
        upstream.giveUp();
      }
      expect(upstream.answered()).toBe(200);
      expect(upstream.lost()).toBeGreaterThan(40);
    });
  });

  describe("F-20 a reset once the request was sent", () => {
    test.each(MODES)(
      "is told and not repeated: the answer may be paid for already, $stream",
      async ({ stream }) => {
        const [emulator, other] = [await well(), await well()];
        const proxy = await before(emulator, { type: "reset_peer" });
        const gateway = await gatewayFrom(upstreams([proxy.url, other.url]));
        const response = await post(gateway, { ...ASK, stream });
        const { error } = (await response.json()) as ErrorBody;
        expect([response.status, error.code]).toEqual([502, "upstream_reset"]);
        expect(response.headers.get("x-should-retry")).toBe("true");
        expect(response.headers.get("x-pollux-attempts")).toBe(`${targetAt(1)}=unavailable`);
        // It had been asked, and answered to nobody.
        expect([emulator.requestCount, other.requestCount]).toEqual([1, 0]);
        expect(proxy.connections).toBe(0);
      },
    );

    test("on a connection that had served before, later than a lost one would show", async () => {
      const emulator = await well();
      const proxy = await before(emulator);
      const gateway = await gatewayFrom(upstreams([proxy.url]));
      expect((await post(gateway, ASK)).status).toBe(200);
      proxy.add({ type: "reset_peer", attributes: { timeout: 1_200 } });
      const response = await post(gateway, ASK);
      expect([response.status, response.headers.get("x-should-retry")]).toEqual([502, "true"]);
      await response.text();
      expect(emulator.requestCount).toBe(2);
    });

    test.each(MODES)(
      "is answered elsewhere where the operator would rather pay twice, $stream",
      async ({ stream }) => {
        const [emulator, other] = [await well(), await well()];
        const proxy = await before(emulator, { type: "reset_peer" });
        const gateway = await gatewayFrom(
          upstreams([proxy.url, other.url], { limits: "{ repeatAfterReset: true }" }),
        );
        const response = await post(gateway, { ...ASK, stream });
        expect(response.status).toBe(200);
        expect(await response.text()).toContain("still here");
        expect(response.headers.get("x-pollux-attempts")).toBe(`${targetAt(1)}=unavailable, ${targetAt(2)}`);
        expect([emulator.requestCount, other.requestCount]).toEqual([1, 1]);
      },
    );
  });

  describe("F-21 an upstream that takes the request and never answers", () => {
    const SILENCES: [string, (emulator: Emulator) => Promise<string>][] = [
      [
        "the server",
        (emulator) => {
          emulator.addRule({ then: { fault: "hang" } });
          return Promise.resolve(emulator.url);
        },
      ],
      [
        "the network, from the request on",
        async (emulator) => (await before(emulator, { type: "timeout" })).url,
      ],
      [
        "the network, half open",
        async (emulator) => (await before(emulator, { type: "blackhole", stream: "downstream" })).url,
      ],
    ];

    test.each(SILENCES.flatMap(([name, silence]) => MODES.map(({ stream }) => ({ name, silence, stream }))))(
      "$name: 504 that names the timer, nobody else is asked, stream: $stream",
      async ({ silence, stream }) => {
        const [emulator, other] = [await well(), await well()];
        const url = await silence(emulator);
        const limits = "{ timeouts: { firstByteMs: 250 } }";
        const gateway = await gatewayFrom(upstreams([url, other.url], { limits }));
        const start = performance.now();
        const response = await post(gateway, { ...ASK, stream });
        const took = performance.now() - start;
        const { error } = (await response.json()) as ErrorBody;
        expect([response.status, error.code]).toEqual([504, "upstream_first_byte_timeout"]);
        expect(error.message).toMatch(/No answer from the upstream .* within 250 ms/);
        expect(took).toBeGreaterThanOrEqual(245);
        expect(took).toBeLessThan(3_000);
        expect([emulator.requestCount, other.requestCount]).toEqual([1, 0]);
      },
    );

    test("its connection is given back", async () => {
      const emulator = await well();
      const proxy = await before(emulator, { type: "timeout" });
      const gateway = await gatewayFrom(
        upstreams([proxy.url], { limits: "{ timeouts: { firstByteMs: 100 }, upstreamConnections: 2 }" }),
      );
      for (let at = 0; at < 6; at += 1) expect((await post(gateway, ASK)).status).toBe(504);
      await vi.waitFor(() => expect(proxy.connections).toBe(0));
    });
  });

  describe("F-22 an upstream that falls silent in the middle", () => {
    test("the idle timer ends the stream with an error that the SDK throws, and lets the upstream go", async () => {
      const emulator = await well();
      emulator.addRule({ then: { text: "one two three four five six seven", fault: "stall-after=2" } });
      const proxy = await before(emulator);
      const limits = "{ timeouts: { idleMs: 300 } }";
      const gateway = await gatewayFrom(upstreams([proxy.url], { limits }));
      const openai = new OpenAI({ apiKey: "any", baseURL: `${gateway.url}/v1`, maxRetries: 0 });
      const stream = await openai.chat.completions.create({ ...ASK, stream: true });
      let text = "";
      const finishes: (string | null)[] = [];
      const read = async (): Promise<void> => {
        for await (const { choices } of stream) {
          text += choices[0]?.delta.content ?? "";
          finishes.push(choices[0]?.finish_reason ?? null);
        }
      };
      const error = await read().catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(APIError);
      expect(error).toMatchObject({ code: "upstream_idle_timeout" });
      expect((error as APIError).message).toMatch(/fell silent .* within 300 ms/);
      expect(text).not.toBe("");
      expect(finishes.filter((reason) => reason !== null)).toEqual([]);
      await vi.waitFor(() => expect(proxy.connections).toBe(0));
    });
  });
});
