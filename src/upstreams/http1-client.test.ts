/** What the gateway's own client does beyond what it has in common with undici's. */
import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import {
  createServer as createSecureServer,
  getCACertificates,
  setDefaultCACertificates,
  type TLSSocket,
} from "node:tls";
import { setTimeout as later } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { newAuthority, newCertificate } from "../../test/support/certificate.ts";
import { createHttp1Client } from "./http1-client.ts";
import type { UpstreamClientOptions } from "./upstream-client.ts";
import type { UpstreamBody, UpstreamCall, UpstreamClient } from "./upstream.ts";

const OK = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
const patient = { connectMs: 0, firstByteMs: 0, idleMs: 0, totalMs: 0 };

async function listening(server: Server): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

/** Calls `answer` with each request's number on its socket and its text. */
async function scripted(
  answer: (socket: Socket, request: number, text: string) => void,
): Promise<{ origin: string; sockets: Socket[] }> {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    let requests = 0;
    socket.on("error", () => {});
    socket.on("data", (bytes: Buffer) => answer(socket, (requests += 1), bytes.toString("latin1")));
    onTestFinished(() => void socket.destroy());
  });
  return { origin: `http://127.0.0.1:${await listening(server)}`, sockets };
}

function client(options: UpstreamClientOptions = {}): UpstreamClient {
  const created = createHttp1Client(options);
  onTestFinished(() => void created.close());
  return created;
}

/** The whole answer, or the code of the error. */
function ask(
  upstream: UpstreamClient,
  origin: string,
  given: { body?: UpstreamBody; path?: string; started?: (call: UpstreamCall) => void } = {},
): Promise<string> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let status = 0;
    const { body = "{}", path = "/" } = given;
    const call = upstream.send(
      { origin, path, method: "POST", headers: {}, body, timeouts: patient },
      {
        onHead: (code) => (status = code),
        onData: (chunk) => chunks.push(chunk),
        onEnd: () => resolve(`${status} ${Buffer.concat(chunks).toString("latin1")}`),
        onError: (error) => resolve(error.message),
      },
    );
    given.started?.(call);
  });
}

const closed = (socket: Socket | undefined): Promise<unknown> =>
  socket === undefined || socket.destroyed ? Promise.resolve() : once(socket, "close");

describe("a connection is not used again", () => {
  test.each<[string, string]>([
    ["bytes after the answer", `${OK}HTTP/1.1 200 OK\r\n\r\n`],
    ["an empty line after the answer", `${OK}\r\n`],
    ["a 204 with a length", "HTTP/1.1 204 No Content\r\ncontent-length: 2\r\n\r\n"],
    ["close", "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok"],
    ["HTTP/1.0", "HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\nok"],
    ["a server that keeps it too short", "HTTP/1.1 204 No Content\r\nkeep-alive: timeout=2\r\n\r\n"],
  ])("after %s", async (_name, bytes) => {
    const { origin, sockets } = await scripted((socket) => socket.write(bytes));
    const upstream = client();
    expect(await ask(upstream, origin)).toMatch(/^20[04] (ok)?$/);
    await closed(sockets[0]);
    expect(upstream.connections?.()).toBe(0);
    expect(await ask(upstream, origin)).toMatch(/^20[04] (ok)?$/);
    expect(sockets).toHaveLength(2);
  });

  test("that brought an answer to no request while it was idle", async () => {
    const { origin, sockets } = await scripted((socket) => socket.write(OK));
    const upstream = client();
    await ask(upstream, origin);
    sockets[0]?.write("HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\npoison");
    await closed(sockets[0]);
    expect(await ask(upstream, origin)).toBe("200 ok");
    expect(sockets).toHaveLength(2);
  });

  test("whose request was not wholly sent when the answer was complete", async () => {
    const sockets: Socket[] = [];
    const server = createServer((socket) => {
      sockets.push(socket);
      socket.on("error", () => {});
      socket.once("data", () => {
        socket.pause();
        socket.write("HTTP/1.1 413 Too Large\r\ncontent-length: 0\r\n\r\n");
      });
      onTestFinished(() => void socket.destroy());
    });
    const origin = `http://127.0.0.1:${await listening(server)}`;
    const upstream = client();
    expect(await ask(upstream, origin, { body: Buffer.alloc(32 * 1024 * 1024) })).toBe("413 ");
    expect(upstream.connections?.()).toBe(0);
  });
});

test("an unused connection is closed before the server would, and after the time that is configured", async () => {
  const hint = "HTTP/1.1 200 OK\r\nkeep-alive: timeout=3\r\ncontent-length: 2\r\n\r\nok";
  const hinted = await scripted((socket) => socket.write(hint));
  const plain = await scripted((socket) => socket.write(OK));
  const upstream = client({ keepAliveMs: 200 });
  await Promise.all([ask(upstream, hinted.origin), ask(upstream, plain.origin)]);
  expect(upstream.connections?.()).toBe(2);
  const from = performance.now();
  await closed(plain.sockets[0]);
  expect(performance.now() - from).toBeGreaterThanOrEqual(180);
  await closed(hinted.sockets[0]);
  const after = performance.now() - from;
  expect(after).toBeGreaterThanOrEqual(980);
  // Its own clock says 3 s.
  expect(after).toBeLessThan(2_900);
  expect(upstream.connections?.()).toBe(0);
});

test("the most recently used connection is taken first, so that the others can close", async () => {
  const { origin, sockets } = await scripted((socket, _request, text) =>
    text.includes("/slow") ? setTimeout(() => socket.write(OK), 20) : socket.write(OK),
  );
  const upstream = client({ keepAliveMs: 300 });
  await Promise.all([1, 2, 3].map(() => ask(upstream, origin, { path: "/slow" })));
  expect(sockets).toHaveLength(3);
  const until = performance.now() + 500;
  while (performance.now() < until) {
    await ask(upstream, origin);
    await later(10);
  }
  expect(sockets.filter(({ destroyed }) => !destroyed)).toHaveLength(1);
});

test.each<[string, UpstreamBody]>([
  ["a string", "text"],
  ["a string with other than ASCII", "größer 🎉"],
  ["a large string", "ä".repeat(200_000)],
  ["bytes", Buffer.from([0, 255, 10, 13])],
  ["pieces", [Buffer.from("a"), new Uint8Array(), Buffer.from("b")]],
  ["large pieces", [Buffer.alloc(300_000, "a"), Buffer.alloc(700_000, "b")]],
])("%s arrives as it is, after a head in Latin-1", async (_name, body) => {
  const expected =
    typeof body === "string"
      ? Buffer.from(body)
      : Buffer.concat(Array.isArray(body) ? body : [body as Buffer]);
  let received = Buffer.alloc(0);
  const { origin } = await scripted((socket, request, text) => {
    if (request === 1) received = Buffer.alloc(0);
    received = Buffer.concat([received, Buffer.from(text, "latin1")]);
    const head = received.indexOf("\r\n\r\n");
    if (head !== -1 && received.length === head + 4 + expected.length) socket.write(OK);
  });
  const answer = new Promise<string>((resolve) => {
    client().send(
      { origin, path: "/", method: "POST", headers: { "x-name": "gr\xfcn" }, body, timeouts: patient },
      { onHead() {}, onData() {}, onEnd: () => resolve("end"), onError: (error) => resolve(error.message) },
    );
  });
  expect(await answer).toBe("end");
  const head = received.indexOf("\r\n\r\n");
  expect(received.subarray(0, head).toString("latin1")).toContain("x-name: gr\xfcn\r\n");
  expect(received.subarray(head + 4).equals(expected)).toBe(true);
});

test("a small request is one segment", async () => {
  const segments: string[] = [];
  const { origin } = await scripted((socket, _request, text) => {
    segments.push(text);
    socket.write(OK);
  });
  const upstream = client();
  for (const body of ["text", "größer", Buffer.from("bytes"), [Buffer.from("two "), Buffer.from("pieces")]]) {
    await ask(upstream, origin, { body });
  }
  expect(segments.map((text) => text.slice(text.indexOf("\r\n\r\n") + 4))).toEqual([
    "text",
    Buffer.from("größer").toString("latin1"),
    "bytes",
    "two pieces",
  ]);
});

test("what a receiver keeps is not overwritten by later reads", async () => {
  const letters = "abcdefghijklmnopqrstuvwxyz";
  const { origin } = await scripted((socket, _request, text) => {
    const letter = /\/(\w) /.exec(text)?.[1] ?? "?";
    socket.write("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n");
    let left = 20;
    const next = (): void => {
      socket.write(left === 0 ? "0\r\n\r\n" : `64\r\n${letter.repeat(100)}\r\n`);
      if (left-- > 0) setImmediate(next);
    };
    next();
  });
  const upstream = client();
  const answers = await Promise.all(
    [...letters].map((letter) => ask(upstream, origin, { path: `/${letter}` })),
  );
  expect(answers).toEqual([...letters].map((letter) => `200 ${letter.repeat(2_000)}`));
});

test("paused when everything has come, it tells the rest when it is resumed", async () => {
  const { origin } = await scripted((socket) =>
    socket.end(
      "HTTP/1.1 200 OK\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
    ),
  );
  const events: string[] = [];
  const head = Promise.withResolvers<void>();
  const end = Promise.withResolvers<void>();
  const call = client().send(
    { origin, path: "/", method: "POST", headers: {}, body: "", timeouts: { ...patient, idleMs: 50 } },
    {
      onHead: () => {
        call.pause();
        head.resolve();
      },
      onData: (chunk) => events.push(chunk.toString()),
      onEnd: () => end.resolve(),
      onError: (error) => end.reject(error),
    },
  );
  await head.promise;
  await later(120);
  expect(events).toEqual([]);
  call.resume();
  await end.promise;
  expect(events).toEqual(["ok"]);
});

test("a receiver that fails at the end is told so", async () => {
  const { origin } = await scripted((socket) => socket.write(OK));
  const mistake = new Error("of our own");
  const told = new Promise<Error>((resolve) => {
    client().send(
      { origin, path: "/", method: "POST", headers: {}, body: "", timeouts: patient },
      {
        onHead() {},
        onData() {},
        onEnd: () => {
          throw mistake;
        },
        onError: resolve,
      },
    );
  });
  expect(await told).toBe(mistake);
});

test("of two addresses that a name has, the one that answers is used", async () => {
  const { origin } = await scripted((socket) => socket.write(OK));
  const upstream = client({
    lookup: (_name, _options, callback) =>
      callback(null, [
        { address: "::1", family: 6 },
        { address: "127.0.0.1", family: 4 },
      ]),
  });
  expect(await ask(upstream, `http://two.test:${new URL(origin).port}`)).toBe("200 ok");
});

describe("over TLS", () => {
  const before = getCACertificates("default");
  const authority = newAuthority();
  beforeAll(() => setDefaultCACertificates([...before, authority.cert]));
  afterAll(() => setDefaultCACertificates(before));

  interface Secured {
    origin: string;
    sockets: TLSSocket[];
  }

  async function secured(
    answer: (socket: TLSSocket) => void,
    versions: { minVersion: "TLSv1.2"; maxVersion: "TLSv1.2" | "TLSv1.3" },
  ): Promise<Secured> {
    const sockets: TLSSocket[] = [];
    const server = createSecureServer(
      { ...newCertificate(authority, "good.test"), ...versions, ALPNProtocols: ["h2", "http/1.1"] },
      (socket) => {
        sockets.push(socket);
        socket.on("error", () => {});
        socket.on("data", () => answer(socket));
        onTestFinished(() => void socket.destroy());
      },
    );
    return { origin: `https://good.test:${await listening(server)}`, sockets };
  }

  function local(options: UpstreamClientOptions = {}): UpstreamClient {
    return client({
      ...options,
      lookup: (_name, _options, callback) => callback(null, [{ address: "127.0.0.1", family: 4 }]),
    });
  }

  test.each(["TLSv1.2", "TLSv1.3"] as const)(
    "%s: connections are used again; a new one resumes the session, with the name and http/1.1",
    async (maxVersion) => {
      const { origin, sockets } = await secured((socket) => socket.write(OK), {
        minVersion: "TLSv1.2",
        maxVersion,
      });
      const upstream = local();
      for (let i = 0; i < 5; i += 1) expect(await ask(upstream, origin)).toBe("200 ok");
      expect(sockets).toHaveLength(1);
      expect(sockets[0]?.isSessionReused()).toBe(false);
      sockets[0]?.end();
      await closed(sockets[0]);
      expect(await ask(upstream, origin)).toBe("200 ok");
      expect(sockets).toHaveLength(2);
      expect(sockets[1]?.isSessionReused()).toBe(true);
      // A server does not say the name again of a session that was resumed.
      expect(sockets[0]?.servername).toBe("good.test");
      for (const socket of sockets) expect(socket.alpnProtocol).toBe("http/1.1");
      expect(sockets[1]?.getProtocol()).toBe(maxVersion);
    },
  );

  test("the certificate must be for the host, also when a session could be resumed", async () => {
    const { origin, sockets } = await secured((socket) => socket.write(OK), {
      minVersion: "TLSv1.2",
      maxVersion: "TLSv1.3",
    });
    const upstream = local();
    expect(await ask(upstream, origin)).toBe("200 ok");
    sockets[0]?.end();
    await closed(sockets[0]);
    const other = origin.replace("good.test", "other.test");
    for (let time = 0; time < 2; time += 1) {
      expect(await ask(upstream, other)).toMatch(/certificate is for another host/);
    }
    expect(upstream.connections?.()).toBe(0);
  });

  test("paused, it stops the server; resumed, every byte arrives", async () => {
    const total = 16 * 1024 * 1024;
    let written = 0;
    const { origin } = await secured(
      (socket) => {
        socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${total}\r\n\r\n`);
        const piece = Buffer.alloc(64 * 1024, "x");
        const pump = (): void => {
          while (written < total) {
            written += piece.length;
            if (!socket.write(piece)) {
              socket.once("drain", pump);
              return;
            }
          }
        };
        pump();
      },
      { minVersion: "TLSv1.2", maxVersion: "TLSv1.3" },
    );
    let received = 0;
    const over = Promise.withResolvers<void>();
    const first = Promise.withResolvers<void>();
    const call = local().send(
      { origin, path: "/", method: "GET", headers: {}, timeouts: { ...patient, idleMs: 100 } },
      {
        onHead() {},
        onData(chunk) {
          if (received === 0) call.pause();
          received += chunk.length;
          first.resolve();
        },
        onEnd: () => over.resolve(),
        onError: (error) => over.reject(error),
      },
    );
    await first.promise;
    let seen = -1;
    const from = performance.now();
    while (seen !== written || performance.now() - from < 250) {
      seen = written;
      await later(20);
    }
    expect(received).toBeLessThan(256 * 1024);
    expect(written).toBeLessThan(total);
    call.resume();
    await over.promise;
    expect(received).toBe(total);
  });
});
