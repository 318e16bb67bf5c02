import { once } from "node:events";
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from "node:http";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { setImmediate as nextTurn } from "node:timers/promises";
import { afterEach, describe, expect, test, vi } from "vitest";
import type { GatewayError } from "../errors.ts";
import { HTTP_CLIENTS } from "../settings.ts";
import { createHttp1Client } from "./http1-client.ts";
import { createUndiciClient } from "./undici-client.ts";
import type { UpstreamClientOptions } from "./upstream-client.ts";
import type { UpstreamCall, UpstreamClient, UpstreamRequest, UpstreamTimeouts } from "./upstream.ts";

const CREATE = { http1: createHttp1Client, undici: createUndiciClient };
const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  vi.restoreAllMocks();
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

/** A TCP server that keeps its sockets where the test can see them. */
async function listen(
  onSocket: (socket: Socket) => void,
): Promise<{ origin: string; sockets: Socket[]; port: number }> {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on("error", () => {});
    onSocket(socket);
  });
  return { ...(await started(server)), sockets };
}

async function listenHttp(
  handler: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<{ origin: string; port: number; connections: () => number }> {
  let connections = 0;
  const server = createHttpServer(handler);
  server.on("connection", () => (connections += 1));
  return { ...(await started(server)), connections: () => connections };
}

async function started(server: Server): Promise<{ origin: string; port: number }> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const sockets = new Set<Socket>();
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  cleanups.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { origin: `http://127.0.0.1:${port}`, port };
}

interface Watched {
  call: UpstreamCall;
  events: string[];
  status: () => number | undefined;
  headers: () => Record<string, unknown>;
  body: () => string;
  /** A `GatewayError` unless the receiver or the program is at fault. */
  error: () => GatewayError | undefined;
  head: Promise<void>;
  data: Promise<void>;
  /** The end or the error. */
  over: Promise<void>;
}

const patient: UpstreamTimeouts = { connectMs: 0, firstByteMs: 0, idleMs: 0, totalMs: 0 };

function send(
  upstream: UpstreamClient,
  origin: string,
  request: Partial<UpstreamRequest> = {},
  on: { head?: (call: UpstreamCall) => void; data?: (call: UpstreamCall) => void; end?: () => void } = {},
): Watched {
  const events: string[] = [];
  const chunks: Buffer[] = [];
  let status: number | undefined;
  let headers: Record<string, unknown> = {};
  let failure: GatewayError | undefined;
  const head = Promise.withResolvers<void>();
  const data = Promise.withResolvers<void>();
  const over = Promise.withResolvers<void>();
  const call = upstream.send(
    { origin, path: "/", method: "POST", headers: {}, body: "{}", timeouts: patient, ...request },
    {
      onHead(code, received) {
        events.push("head");
        status = code;
        headers = received;
        on.head?.(call);
        head.resolve();
      },
      onData(chunk) {
        if (events.at(-1) !== "data") events.push("data");
        // undici reuses nothing, but a receiver may: keep a copy as a careful one would.
        chunks.push(Buffer.from(chunk));
        on.data?.(call);
        data.resolve();
      },
      onEnd() {
        events.push("end");
        over.resolve();
        on.end?.();
      },
      onError(error) {
        events.push("error");
        failure = error as GatewayError;
        over.resolve();
      },
    },
  );
  return {
    call,
    events,
    status: () => status,
    headers: () => headers,
    body: () => Buffer.concat(chunks).toString(),
    error: () => failure,
    head: head.promise,
    data: data.promise,
    over: over.promise,
  };
}

const OK = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
const CHUNKED = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
/** `events.once` would reject on the reset that an abort may cause. */
const closed = (socket: Socket): Promise<void> =>
  new Promise((resolve) => (socket.destroyed ? resolve() : socket.once("close", () => resolve())));

/** One is the other's oracle: what holds for one holds for both. */
describe.each(HTTP_CLIENTS)("%s", (kind) => {
  function client(options?: UpstreamClientOptions): UpstreamClient {
    const created = CREATE[kind](options);
    cleanups.push(() => void created.close());
    return created;
  }

  describe("an exchange", () => {
    test("sends what it was given and passes on what comes", async () => {
      let seen: { line: string; headers: unknown; body: string } | undefined;
      const { origin } = await listenHttp((request, response) => {
        const body: Buffer[] = [];
        request.on("data", (chunk: Buffer) => body.push(chunk));
        request.on("end", () => {
          seen = {
            line: `${request.method} ${request.url}`,
            headers: request.headers,
            body: Buffer.concat(body).toString(),
          };
          response.writeHead(429, { "retry-after": "3", "set-cookie": ["a=1", "b=2"] });
          response.end("später");
        });
      });
      const exchange = send(client(), origin, {
        path: "/v1/m:generateContent?alt=sse",
        headers: { authorization: "Bearer t", "content-type": "application/json", "accept-encoding": "br" },
        body: '{"grüße":1}',
      });
      await exchange.over;
      expect(exchange.events).toEqual(["head", "data", "end"]);
      expect(exchange.status()).toBe(429);
      expect(exchange.headers()).toMatchObject({ "retry-after": "3", "set-cookie": ["a=1", "b=2"] });
      expect(exchange.body()).toBe("später");
      expect(seen).toEqual({
        line: "POST /v1/m:generateContent?alt=sse",
        headers: {
          host: new URL(origin).host,
          connection: "keep-alive",
          "user-agent": "pollux",
          authorization: "Bearer t",
          "content-type": "application/json",
          "accept-encoding": "identity",
          "content-length": "13",
        },
        body: '{"grüße":1}',
      });
    });

    test("bytes as a body, no body, an empty answer", async () => {
      const bodies: string[] = [];
      const { origin } = await listenHttp((request, response) => {
        const chunks: Buffer[] = [];
        request.on("data", (chunk: Buffer) => chunks.push(chunk));
        request.on("end", () => {
          bodies.push(`${request.method} ${Buffer.concat(chunks).toString("hex")}`);
          response.writeHead(204).end();
        });
      });
      const upstream = client();
      const post = send(upstream, origin, { body: new Uint8Array([0, 255, 10]) });
      await post.over;
      const get = upstream.send(
        { origin, path: "/", method: "GET", headers: {}, timeouts: patient },
        { onHead() {}, onData() {}, onEnd: () => ended.resolve(), onError: (error) => ended.reject(error) },
      );
      const ended = Promise.withResolvers<void>();
      await ended.promise;
      get.abort();
      expect(post.events).toEqual(["head", "end"]);
      expect(bodies).toEqual(["POST 00ff0a", "GET "]);
    });

    test("S-26: a redirect is an answer like any other", async () => {
      let requests = 0;
      const { origin } = await listenHttp((_request, response) => {
        requests += 1;
        response.writeHead(307, { location: "/elsewhere" }).end();
      });
      const exchange = send(client(), origin);
      await exchange.over;
      expect(exchange.status()).toBe(307);
      expect(exchange.headers().location).toBe("/elsewhere");
      expect(requests).toBe(1);
    });

    test("interim answers are skipped", async () => {
      const { origin } = await listen((socket) => {
        socket.once("data", () => socket.write(`HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n${OK}`));
      });
      const exchange = send(client(), origin);
      await exchange.over;
      expect(exchange.events).toEqual(["head", "data", "end"]);
      expect(exchange.status()).toBe(200);
    });

    test("F-24: one byte at a time arrives the same", async () => {
      const text = 'data: {"text":"жизнь 🎉"}\r\n\r\n';
      const { origin } = await listen((socket) => {
        socket.setNoDelay(true);
        socket.once("data", () => {
          const bytes = Buffer.from(
            `HTTP/1.1 200 OK\r\ncontent-length: ${Buffer.byteLength(text)}\r\n\r\n${text}`,
          );
          let at = 0;
          const next = (): void => {
            if (at < bytes.length) socket.write(bytes.subarray(at, ++at), () => setImmediate(next));
          };
          next();
        });
      });
      const exchange = send(client(), origin);
      await exchange.over;
      expect(exchange.body()).toBe(text);
    });
  });

  describe("connections", () => {
    test("are used again", async () => {
      const { origin, connections } = await listenHttp((_request, response) => response.end("ok"));
      const upstream = client();
      for (let i = 0; i < 5; i += 1) await send(upstream, origin).over;
      expect(connections()).toBe(1);
    });

    test("are opened side by side up to the limit; then calls wait their turn, in order", async () => {
      const waiting: ServerResponse[] = [];
      const arrived: string[] = [];
      let onArrival = Promise.withResolvers<void>();
      const { origin, connections } = await listenHttp((request, response) => {
        arrived.push(request.url ?? "");
        waiting.push(response);
        onArrival.resolve();
        onArrival = Promise.withResolvers();
      });
      const upstream = client({ maxConnections: 2 });
      const calls = ["/1", "/2", "/3", "/4"].map((path) => send(upstream, origin, { path }));
      while (arrived.length < 2) await onArrival.promise;
      expect(new Set(arrived)).toEqual(new Set(["/1", "/2"]));

      const fifth = send(upstream, origin, { path: "/5" });
      await fifth.over;
      expect(fifth.error()?.failure).toEqual({ kind: "unavailable", retryAfterMs: 1000 });

      for (let i = 0; i < 4; i += 1) {
        while (waiting.length <= i) await onArrival.promise;
        waiting[i]?.end("ok");
      }
      await Promise.all(calls.map((call) => call.over));
      expect(arrived.slice(2)).toEqual(["/3", "/4"]);
      expect(calls.map((call) => call.body())).toEqual(["ok", "ok", "ok", "ok"]);
      expect(connections()).toBe(2);
    });

    test("a call that waits for one gives up after the connect time", async () => {
      const { origin } = await listenHttp(() => {});
      const upstream = client({ maxConnections: 1 });
      send(upstream, origin);
      const second = send(upstream, origin, { timeouts: { ...patient, connectMs: 20 } });
      await second.over;
      expect(second.error()?.failure.kind).toBe("unavailable");
    });

    test("a server that closes after its answer costs nothing", async () => {
      const { origin, connections } = await listenHttp((_request, response) => {
        response.setHeader("connection", "close").end("ok");
      });
      const upstream = client({ maxConnections: 1 });
      const calls = [send(upstream, origin), send(upstream, origin)];
      await Promise.all(calls.map((call) => call.over));
      expect(calls.map((call) => call.body())).toEqual(["ok", "ok"]);
      expect(connections()).toBe(2);
    });

    test("an idle one closed by the server is not used", async () => {
      const { origin, sockets } = await listen((socket) => socket.on("data", () => socket.write(OK)));
      const upstream = client();
      await send(upstream, origin).over;
      sockets[0]?.end();
      await closed(sockets[0] as Socket);
      const second = send(upstream, origin);
      await second.over;
      expect(second.body()).toBe("ok");
      expect(sockets).toHaveLength(2);
    });
  });

  describe("aborting", () => {
    test.each(["head", "data"] as const)(
      "F-01: inside %s frees the socket, and nothing more is told",
      async (when) => {
        const { origin, sockets } = await listen((socket) => {
          socket.once("data", () => {
            socket.write(`${CHUNKED}3\r\none\r\n`);
            const more = setInterval(() => socket.write("3\r\ntwo\r\n"), 1);
            socket.on("close", () => clearInterval(more));
          });
        });
        const exchange = send(client(), origin, {}, { [when]: (call: UpstreamCall) => call.abort() });
        await exchange[when];
        await closed(sockets[0] as Socket);
        await nextTurn();
        expect(exchange.events).toEqual(when === "head" ? ["head"] : ["head", "data"]);
        expect(() => exchange.call.abort()).not.toThrow();
      },
    );

    test("F-02: before the head", async () => {
      const arrived = Promise.withResolvers<void>();
      const { origin, sockets } = await listen((socket) => socket.once("data", () => arrived.resolve()));
      const exchange = send(client(), origin);
      await arrived.promise;
      exchange.call.abort();
      await closed(sockets[0] as Socket);
      await nextTurn();
      expect(exchange.events).toEqual([]);
    });

    test("while the TLS handshake is going on", async () => {
      const arrived = Promise.withResolvers<void>();
      const { port, sockets } = await listen((socket) => socket.once("data", () => arrived.resolve()));
      const exchange = send(client(), `https://127.0.0.1:${port}`);
      await arrived.promise;
      exchange.call.abort();
      await closed(sockets[0] as Socket);
      await nextTurn();
      expect(exchange.events).toEqual([]);
    });

    test("F-03: while waiting for a connection makes no call, and lets the next one through", async () => {
      const paths: string[] = [];
      const first = Promise.withResolvers<ServerResponse>();
      const { origin } = await listenHttp((request, response) => {
        paths.push(request.url ?? "");
        if (request.url === "/1") first.resolve(response);
        else response.end("ok");
      });
      const upstream = client({ maxConnections: 1 });
      send(upstream, origin, { path: "/1" });
      const second = send(upstream, origin, { path: "/2" });
      const holding = await first.promise;
      second.call.abort();
      const third = send(upstream, origin, { path: "/3" });
      holding.end("ok");
      await third.over;
      expect(third.body()).toBe("ok");
      expect(paths).toEqual(["/1", "/3"]);
      expect(second.events).toEqual([]);
    });

    test("frees its place for those who wait", async () => {
      const { origin } = await listenHttp((request, response) => {
        if (request.url !== "/1") response.end("ok");
      });
      const upstream = client({ maxConnections: 1 });
      const first = send(upstream, origin, { path: "/1" });
      const second = send(upstream, origin, { path: "/2" });
      first.call.abort();
      await second.over;
      expect(second.body()).toBe("ok");
    });

    test("right after sending, and after the end", async () => {
      const { origin, connections } = await listenHttp((_request, response) => response.end("ok"));
      const upstream = client();
      const early = send(upstream, origin);
      early.call.abort();
      const whole = send(upstream, origin);
      await whole.over;
      whole.call.abort();
      whole.call.abort();
      const next = send(upstream, origin);
      await next.over;
      expect(early.events).toEqual([]);
      expect(whole.events).toEqual(["head", "data", "end"]);
      expect(next.events).toEqual(["head", "data", "end"]);
      expect(connections()).toBeLessThanOrEqual(2);
    });

    test("between a failure and its report silences the report", async () => {
      const exchange = send(client(), "http://127.0.0.1:1", { headers: { "bad header": "x" } });
      exchange.call.abort();
      await nextTurn();
      expect(exchange.events).toEqual([]);
    });
  });

  describe("F-05: backpressure", () => {
    const total = 32 * 1024 * 1024;

    test("a paused call stops the upstream; resumed, every byte arrives", async () => {
      let written = 0;
      const stuck = Promise.withResolvers<void>();
      const { origin } = await listenHttp((_request, response) => {
        response.writeHead(200, { "content-length": total });
        const piece = Buffer.alloc(64 * 1024, "x");
        const pump = (): void => {
          while (written < total) {
            written += piece.length;
            if (!response.write(piece)) {
              stuck.resolve();
              response.once("drain", pump);
              return;
            }
          }
          response.end();
        };
        pump();
      });
      let received = 0;
      const over = Promise.withResolvers<void>();
      const atPause = Promise.withResolvers<void>();
      const call = client().send(
        // Shorter than the pause below: our own pause must not count as the upstream's silence.
        { origin, path: "/", method: "GET", headers: {}, timeouts: { ...patient, idleMs: 200 } },
        {
          onHead() {},
          onData(chunk) {
            if (received === 0) {
              call.pause();
              atPause.resolve();
            }
            received += chunk.length;
          },
          onEnd: () => over.resolve(),
          onError: (error) => over.reject(error),
        },
      );
      await atPause.promise;
      await stuck.promise;
      // Until nothing moves any more, and then for longer than the idle time.
      const startedAt = performance.now();
      let before = -1;
      while (before !== written || performance.now() - startedAt < 300) {
        before = written;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      expect(received).toBeLessThan(1024 * 1024);
      expect(written).toBeLessThan(total / 2);
      call.resume();
      await over.promise;
      expect(received).toBe(total);
    });

    test("pausing before the head holds back the body", async () => {
      const { origin } = await listenHttp((_request, response) => response.end("x".repeat(1_000)));
      const exchange = send(client(), origin);
      exchange.call.pause();
      await exchange.head;
      await nextTurn();
      expect(exchange.events).toEqual(["head"]);
      exchange.call.resume();
      exchange.call.resume();
      await exchange.over;
      expect(exchange.body()).toHaveLength(1_000);
    });
  });

  describe("timers", () => {
    test.each<[string, Partial<UpstreamTimeouts>, (socket: Socket) => void, string[]]>([
      ["first_byte", { firstByteMs: 30 }, () => {}, ["error"]],
      ["idle", { idleMs: 30 }, (socket) => socket.write(`${CHUNKED}3\r\none\r\n`), ["head", "data", "error"]],
      ["idle", { idleMs: 30 }, (socket) => socket.write(CHUNKED), ["head", "error"]],
      ["total", { totalMs: 30 }, () => {}, ["error"]],
      [
        "total",
        { totalMs: 60, idleMs: 40 },
        (socket) => {
          socket.write(CHUNKED);
          const more = setInterval(() => socket.write("3\r\ntwo\r\n"), 5);
          socket.on("close", () => clearInterval(more));
        },
        ["head", "data", "error"],
      ],
    ])("%s %j", async (phase, timeouts, answer, events) => {
      const { origin, sockets } = await listen((socket) => socket.once("data", () => answer(socket)));
      const startedAt = performance.now();
      const exchange = send(client(), origin, { timeouts: { ...patient, ...timeouts } });
      await exchange.over;
      const afterMs = Object.values(timeouts)[0] ?? 0;
      expect(performance.now() - startedAt).toBeGreaterThanOrEqual(afterMs);
      expect(exchange.events).toEqual(events);
      expect(exchange.error()?.failure).toEqual({ kind: "upstream_timeout", phase, afterMs });
      await Promise.all(sockets.map(closed));
    });

    test("F-17: connect", async () => {
      const { port, sockets } = await listen((socket) => socket.resume());
      const exchange = send(client(), `https://127.0.0.1:${port}`, {
        timeouts: { ...patient, connectMs: 30 },
      });
      await exchange.over;
      expect(exchange.error()?.failure).toEqual({ kind: "upstream_timeout", phase: "connect", afterMs: 30 });
      await Promise.all(sockets.map(closed));
    });

    test("an answer that came while this program was busy is not late", async () => {
      const { origin } = await listen((socket) => {
        socket.once("data", () =>
          socket.write(OK, () => {
            const until = performance.now() + 80;
            while (performance.now() < until);
          }),
        );
      });
      const exchange = send(client(), origin, { timeouts: { ...patient, firstByteMs: 40 } });
      await exchange.over;
      expect(exchange.events).toEqual(["head", "data", "end"]);
    });

    test("F-23: each piece of the answer starts the idle time again", async () => {
      const { origin } = await listen((socket) => {
        socket.once("data", () => {
          socket.write(CHUNKED);
          let left = 12;
          const more = setInterval(() => {
            socket.write(left === 0 ? "0\r\n\r\n" : "1\r\nx\r\n");
            if (left-- === 0) clearInterval(more);
          }, 15);
        });
      });
      const exchange = send(client(), origin, { timeouts: { ...patient, firstByteMs: 100, idleMs: 100 } });
      await exchange.over;
      expect(exchange.events.at(-1)).toBe("end");
      expect(exchange.body()).toBe("x".repeat(12));
    });
  });

  describe("failures", () => {
    test("F-15: refused", async () => {
      const { port } = await listen(() => {});
      for (const cleanup of cleanups.splice(0)) await cleanup();
      const exchange = send(client(), `http://127.0.0.1:${port}`);
      expect(exchange.events).toEqual([]);
      await exchange.over;
      expect(exchange.events).toEqual(["error"]);
      expect(exchange.error()).toMatchObject({
        name: "GatewayError",
        failure: { kind: "upstream", status: 503, code: "upstream_unreachable", shouldRetry: true },
        message: expect.stringContaining("ECONNREFUSED"),
      });
    });

    test("F-18: not TLS", async () => {
      const { port } = await listen((socket) =>
        socket.once("data", () => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n")),
      );
      const exchange = send(client(), `https://127.0.0.1:${port}`);
      await exchange.over;
      expect(exchange.error()).toMatchObject({
        failure: { kind: "upstream", status: 502, code: "upstream_tls_error", shouldRetry: false },
      });
    });

    test.each<[string, (socket: Socket) => void, string, string[]]>([
      ["F-20: reset before the head", (socket) => socket.resetAndDestroy(), "upstream_reset", ["error"]],
      ["closed before the head", (socket) => socket.end(), "upstream_reset", ["error"]],
      ["closed inside the head", (socket) => socket.end("HTTP/1.1 200"), "upstream_reset", ["error"]],
      [
        "closed before the last chunk",
        (socket) => socket.end(`${CHUNKED}3\r\none\r\n`),
        "upstream_reset",
        ["head", "data", "error"],
      ],
      [
        "closed before the length is reached",
        (socket) => socket.end("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\none"),
        "upstream_reset",
        ["head", "data", "error"],
      ],
      ["not HTTP", (socket) => socket.end("SSH-2.0-OpenSSH\r\n"), "bad_upstream_response", ["error"]],
      [
        "headers too large",
        (socket) => socket.write(`HTTP/1.1 200 OK\r\nx: ${"y".repeat(40_000)}\r\n\r\n`),
        "bad_upstream_response",
        ["error"],
      ],
      [
        "F-28: compressed without being asked",
        (socket) => socket.write("HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 1\r\n\r\nx"),
        "bad_upstream_response",
        ["error"],
      ],
    ])("%s", async (_name, answer, code, events) => {
      let requests = 0;
      const { origin, sockets } = await listen((socket) => {
        socket.once("data", () => {
          requests += 1;
          answer(socket);
        });
      });
      const exchange = send(client(), origin);
      await exchange.over;
      await closed(sockets[0] as Socket);
      await nextTurn();
      expect(exchange.events).toEqual(events);
      expect(exchange.error()?.failure).toMatchObject({ kind: "upstream", status: 502, code });
      expect(requests).toBe(1);
    });

    test("a mistake of the receiver's own comes back to it and frees the socket", async () => {
      const { origin, sockets } = await listen((socket) =>
        socket.once("data", () => socket.write(`${CHUNKED}3\r\none\r\n`)),
      );
      const mistake = new Error("of our own");
      const exchange = send(
        client(),
        origin,
        {},
        {
          data: () => {
            throw mistake;
          },
        },
      );
      await exchange.over;
      expect(exchange.error()).toBe(mistake);
      expect(exchange.events).toEqual(["head", "data", "error"]);
      await closed(sockets[0] as Socket);
    });

    test("a request that cannot be sent is told after `send` has returned", async () => {
      const exchange = send(client(), "http://127.0.0.1:1", { path: "/a b" });
      expect(exchange.events).toEqual([]);
      await exchange.over;
      expect(exchange.error()).toMatchObject({
        code: kind === "undici" ? "UND_ERR_INVALID_ARG" : "ERR_UNSENDABLE_REQUEST",
      });
    });
  });

  /** Answers the first request of the first socket; `then` gets every later request with its number. */
  async function staleServer(then: (socket: Socket, request: number) => void): ReturnType<typeof listen> {
    let requests = 0;
    return listen((socket) => {
      socket.on("data", () => {
        requests += 1;
        if (requests === 1) socket.write(OK);
        else then(socket, requests);
      });
    });
  }

  describe("F-19: a kept connection that the server has given up", () => {
    test.each<[string, (socket: Socket) => void]>([
      ["reset", (socket) => socket.resetAndDestroy()],
      ["closed", (socket) => socket.end()],
    ])("is replaced once, unseen: %s", async (_name, giveUp) => {
      const { origin, sockets } = await staleServer((socket, request) => {
        if (request === 2) giveUp(socket);
        else socket.write(OK);
      });
      const upstream = client();
      await send(upstream, origin).over;
      const second = send(upstream, origin, { body: '{"n":2}' });
      await second.over;
      expect(second.events).toEqual(["head", "data", "end"]);
      expect(second.body()).toBe("ok");
      expect(sockets).toHaveLength(2);
    });

    test("is replaced only once", async () => {
      let last = 0;
      const { origin } = await staleServer((socket, request) => {
        last = request;
        socket.resetAndDestroy();
      });
      const upstream = client();
      await send(upstream, origin).over;
      const second = send(upstream, origin);
      await second.over;
      expect(second.error()?.failure).toMatchObject({ code: "upstream_reset" });
      expect(last).toBe(3);
    });

    test("is not replaced once an answer has begun", async () => {
      let last = 0;
      const { origin } = await staleServer((socket, request) => {
        last = request;
        socket.write("HTTP/1.1 2", () => setImmediate(() => socket.resetAndDestroy()));
      });
      const upstream = client();
      await send(upstream, origin).over;
      const second = send(upstream, origin);
      await second.over;
      expect(second.error()?.failure).toMatchObject({ code: "upstream_reset" });
      expect(last).toBe(2);
    });

    test("is not replaced when the server has had time to work on the request", async () => {
      let last = 0;
      const { origin } = await staleServer((socket, request) => {
        last = request;
        const now = performance.now.bind(performance);
        vi.spyOn(performance, "now").mockImplementation(() => now() + 2_000);
        socket.resetAndDestroy();
      });
      const upstream = client();
      await send(upstream, origin).over;
      const second = send(upstream, origin);
      await second.over;
      expect(second.error()?.failure).toMatchObject({ code: "upstream_reset" });
      expect(last).toBe(2);
    });
  });

  describe("closing", () => {
    test("ends idle connections and refuses new calls", async () => {
      const { origin, sockets } = await listen((socket) => socket.on("data", () => socket.write(OK)));
      const upstream = client();
      await send(upstream, origin).over;
      await upstream.close();
      await closed(sockets[0] as Socket);
      expect(() => send(upstream, origin)).toThrow(/shutting down/);
      await upstream.close();
    });

    test("waits for calls under way", async () => {
      const arrived = Promise.withResolvers<ServerResponse>();
      const { origin } = await listenHttp((_request, response) => arrived.resolve(response));
      const upstream = client();
      const exchange = send(upstream, origin);
      const response = await arrived.promise;
      let over = false;
      const closing = upstream.close().then(() => (over = true));
      await nextTurn();
      expect(over).toBe(false);
      response.end("ok");
      await closing;
      expect(exchange.body()).toBe("ok");
    });

    test("an aborted call lets it finish", async () => {
      const { origin } = await listenHttp(() => {});
      const upstream = client();
      const exchange = send(upstream, origin);
      const closing = upstream.close();
      exchange.call.abort();
      await closing;
      expect(exchange.events).toEqual([]);
    });
  });
});
