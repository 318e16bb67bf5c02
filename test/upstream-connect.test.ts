/** Upstreams that no connection can be made to: what the client hears, and when. Real sockets, whole gateways. */
import {
  connect,
  createServer,
  type AddressInfo,
  type LookupFunction,
  type Server,
  type Socket,
} from "node:net";
import { createServer as createSecureServer, getCACertificates, setDefaultCACertificates } from "node:tls";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { DEFAULT_SETTINGS, HTTP_CLIENTS } from "../src/settings.ts";
import { type Emulator, startEmulator } from "../src/emulator/server.ts";
import { startFaultProxy } from "../src/toxics/fault-proxy.ts";
import { newAuthority, newCertificate, type Authority, type Certificate } from "./support/certificate.ts";
import { gatewayFrom } from "./support/gateway-from-yaml.ts";
import { post, type RunningGateway } from "./support/running-gateway.ts";
import { silentPort } from "./support/silent-listener.ts";
import { targetAt, upstreamsAt, type YamlOptions } from "./support/upstream-yaml.ts";

const CANARY = "canary-in-the-prompt";
const ASK = { model: "fast", messages: [{ role: "user", content: `Repeat after me: ${CANARY}` }] };

async function well(): Promise<Emulator> {
  const emulator = await startEmulator({ paceMs: 0 });
  onTestFinished(() => emulator.close());
  return emulator;
}

async function listening(server: Server): Promise<number> {
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

/** A port that nobody listens on. */
async function closedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  const { port } = server.address() as AddressInfo;
  await new Promise((closed) => server.close(closed));
  return port;
}

interface Asked {
  status: number;
  code: string | undefined;
  message: string;
  text: string;
  shouldRetry: string | null;
  attempts: string;
  ms: number;
}

async function ask(gateway: RunningGateway, stream: boolean): Promise<Asked> {
  const start = performance.now();
  const response = await post(gateway, { ...ASK, stream });
  const text = await response.text();
  const { error } = (response.status === 200 ? {} : JSON.parse(text)) as {
    error?: { code: string; message: string };
  };
  return {
    status: response.status,
    code: error?.code,
    message: error?.message ?? "",
    text,
    shouldRetry: response.headers.get("x-should-retry"),
    attempts: response.headers.get("x-pollux-attempts") ?? "",
    ms: performance.now() - start,
  };
}

const MODES = [{ stream: false }, { stream: true }];

const failing =
  (code: string, asked: string[]): LookupFunction =>
  (name, _options, callback) => {
    asked.push(name);
    setImmediate(() => callback(Object.assign(new Error(`getaddrinfo ${code}`), { code }), []));
  };

const silent: LookupFunction = () => {};

const local: LookupFunction = (_name, options, callback) => {
  if (options.all === true) callback(null, [{ address: "127.0.0.1", family: 4 }]);
  else callback(null, "127.0.0.1", 4);
};

/** Hands on to `port` and keeps the first bytes that each connection was sent. */
async function tapped(port: number): Promise<{ port: number; begun: Buffer[] }> {
  const begun: Buffer[] = [];
  const sockets: Socket[] = [];
  const server = createServer((client) => {
    const behind = connect(port, "127.0.0.1");
    sockets.push(client, behind);
    for (const socket of [client, behind]) socket.on("error", () => socket.destroy());
    client.on("data", (bytes: Buffer) => begun.push(bytes));
    client.pipe(behind).pipe(client);
  });
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
  });
  return { port: await listening(server), begun };
}

/** A TLS server of that certificate before an emulator. */
async function secured(certificate: Certificate, to: Emulator): Promise<number> {
  const sockets: Socket[] = [];
  const server = createSecureServer(certificate, (client) => {
    const behind = connect(to.port, "127.0.0.1");
    sockets.push(client, behind);
    for (const socket of [client, behind]) socket.on("error", () => socket.destroy());
    client.pipe(behind).pipe(client);
  });
  server.on("tlsClientError", () => {});
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
  });
  return listening(server);
}

describe.each(HTTP_CLIENTS)("by the client %s:", (httpClient) => {
  const upstreams = (urls: readonly string[], options: YamlOptions = {}): string =>
    upstreamsAt(urls, { ...options, httpClient });

  describe("F-15 connection refused", () => {
    test.each(MODES)("by the only upstream: 503 within a second, stream: $stream", async ({ stream }) => {
      const gateway = await gatewayFrom(upstreams([`http://127.0.0.1:${await closedPort()}`]));
      const asks = [await ask(gateway, stream), await ask(gateway, stream), await ask(gateway, stream)];
      const asked = asks[0]!;
      expect(asked).toMatchObject({ status: 503, code: "upstream_unreachable" });
      expect(asked.message).toContain("ECONNREFUSED");
      // Nothing was sent, so nothing was paid for: it was tried again here, and the SDKs need not.
      expect(asked.attempts.split(", ").length).toBeGreaterThan(1);
      expect(asked.shouldRetry).toBe("false");
      // The least of them: a busy machine adds to each as it likes.
      expect(Math.min(...asks.map(({ ms }) => ms))).toBeLessThan(1_000);
      expect(gateway.bugs).toEqual([]);
    });

    test.each(MODES)("by the first: the next answers, stream: $stream", async ({ stream }) => {
      const other = await well();
      const gateway = await gatewayFrom(upstreams([`http://127.0.0.1:${await closedPort()}`, other.url]));
      const asked = await ask(gateway, stream);
      expect(asked).toMatchObject({ status: 200, attempts: expect.stringContaining("unavailable") });
      expect(asked.text).toContain(CANARY);
      expect(asked.ms).toBeLessThan(1_000);
    });
  });

  describe("F-16 names that are not found", () => {
    test.each([
      ["the name does not exist", "ENOTFOUND", /does not exist/, "false"],
      ["the name server fails", "EAI_AGAIN", /cannot be looked up/, "true"],
    ])("%s: 502, asked for once in a second", async (_, code, message, shouldRetry) => {
      const names: string[] = [];
      const gateway = await gatewayFrom(
        upstreams(["https://nowhere.test"]),
        {},
        { lookup: failing(code, names) },
      );
      const start = performance.now();
      const answers = await Promise.all(
        Array.from({ length: 10 }, (_none, at) => ask(gateway, at % 2 === 0)),
      );
      for (const asked of answers) {
        expect(asked).toMatchObject({ status: 502, code: "upstream_unreachable", shouldRetry });
        expect(asked.message).toMatch(message);
        expect(asked.message).toContain("nowhere.test");
        expect(asked.attempts).toBe(`${targetAt(1)}=unavailable`);
      }
      if (performance.now() - start < 900) expect(names).toEqual(["nowhere.test"]);
      // What was not found is not believed for longer than a second.
      await new Promise((later) => setTimeout(later, 1_050));
      const before = names.length;
      expect((await ask(gateway, false)).status).toBe(502);
      expect(names).toHaveLength(before + 1);
    });

    test("a name server that does not answer: 502 when the time to connect is over, and the next answers", async () => {
      const limits = "{ timeouts: { connectMs: 300 } }";
      const alone = await gatewayFrom(upstreams(["https://slow.test"], { limits }), {}, { lookup: silent });
      for (const { stream } of MODES) {
        const asked = await ask(alone, stream);
        expect(asked).toMatchObject({ status: 502, code: "upstream_unreachable", shouldRetry: "true" });
        expect(asked.message).toMatch(/slow\.test was not found within 300 ms/);
        expect(asked.ms).toBeGreaterThanOrEqual(295);
        expect(asked.ms).toBeLessThan(2_000);
      }
      const other = await well();
      const two = await gatewayFrom(
        upstreams(["https://slow.test", other.url], { limits }),
        {},
        { lookup: silent },
      );
      expect(await ask(two, false)).toMatchObject({ status: 200, text: expect.stringContaining(CANARY) });
    });
  });

  describe("F-17 a black hole where the upstream was", () => {
    test("five seconds are the time to connect, unless something else is configured", () => {
      expect(DEFAULT_SETTINGS.timeouts.connectMs).toBe(5_000);
    });

    test("the next target answers when the time to connect is over", async () => {
      const other = await well();
      const limits = "{ timeouts: { connectMs: 300 } }";
      const hole = `http://127.0.0.1:${await silentPort()}`;
      const gateway = await gatewayFrom(upstreams([hole, other.url], { limits }));
      const asked = await ask(gateway, false);
      expect(asked).toMatchObject({
        status: 200,
        attempts: `${targetAt(1)}=unavailable, ${targetAt(2)}`,
        text: expect.stringContaining(CANARY),
      });
      expect(asked.ms).toBeGreaterThanOrEqual(295);
      // The next request does not wait for it again: the target rests.
      expect(await ask(gateway, true)).toMatchObject({ status: 200, attempts: targetAt(2) });
    });

    test.each(MODES)(
      "alone, it is a 504 that says so, not tried again, stream: $stream",
      async ({ stream }) => {
        const hole = `http://127.0.0.1:${await silentPort()}`;
        const gateway = await gatewayFrom(upstreams([hole], { limits: "{ timeouts: { connectMs: 300 } }" }));
        const asked = await ask(gateway, stream);
        expect(asked).toMatchObject({ status: 504, code: "upstream_connect_timeout", shouldRetry: "true" });
        expect(asked.message).toContain("300 ms");
        expect(asked.attempts).toBe(`${targetAt(1)}=unavailable`);
        expect(asked.ms).toBeLessThan(2_000);
      },
    );

    test("a handshake that is swallowed counts as no connection, and its socket is let go", async () => {
      const other = await well();
      const proxy = await startFaultProxy({ upstream: other.url, toxics: [{ type: "blackhole" }] });
      onTestFinished(() => proxy.close());
      const limits = "{ timeouts: { connectMs: 300 } }";
      const swallowed = `https://127.0.0.1:${proxy.port}`;
      const gateway = await gatewayFrom(upstreams([swallowed, other.url], { limits }));
      expect(await ask(gateway, false)).toMatchObject({
        status: 200,
        attempts: `${targetAt(1)}=unavailable, ${targetAt(2)}`,
      });
      expect(proxy.connections).toBe(0);
    });
  });

  describe("F-18 TLS that fails", () => {
    let authority: Authority;
    let before: string[];

    beforeAll(() => {
      before = getCACertificates("default");
      authority = newAuthority();
      setDefaultCACertificates([...before, authority.cert]);
    });

    afterAll(() => setDefaultCACertificates(before));

    test("a certificate that is right is accepted", async () => {
      const emulator = await well();
      const { port, begun } = await tapped(await secured(newCertificate(authority, "good.test"), emulator));
      const gateway = await gatewayFrom(upstreams([`https://good.test:${port}`]), {}, { lookup: local });
      expect(await ask(gateway, false)).toMatchObject({ status: 200, text: expect.stringContaining(CANARY) });
      expect(begun.length).toBeGreaterThan(0);
    });

    test.each<[string, () => Certificate | undefined, RegExp]>([
      ["expired", () => newCertificate(authority, "good.test", true), /not valid today/],
      ["of another host", () => newCertificate(authority, "other.test"), /for another host/],
      ["of an authority that nobody knows", () => newCertificate(newAuthority(), "good.test"), /not trusted/],
      ["none at all, but plain HTTP", () => undefined, /handshake failed/],
    ])(
      "a certificate %s: 502 at once, no loop, and nothing in the clear",
      async (_, certificate, message) => {
        const emulator = await well();
        const shown = certificate();
        const { port, begun } = await tapped(
          shown === undefined ? emulator.port : await secured(shown, emulator),
        );
        const gateway = await gatewayFrom(upstreams([`https://good.test:${port}`]), {}, { lookup: local });
        for (const { stream } of MODES) {
          begun.length = 0;
          const asked = await ask(gateway, stream);
          expect(asked).toMatchObject({ status: 502, code: "upstream_tls_error", shouldRetry: "false" });
          expect(asked.message).toMatch(message);
          expect(asked.attempts).toBe(`${targetAt(1)}=failed`);
          expect(asked.ms).toBeLessThan(1_000);
          // One handshake: 22 is the type of its records, and 1 that of a ClientHello.
          const hellos = begun.filter((bytes) => bytes[0] === 22 && bytes[5] === 1);
          expect(hellos).toHaveLength(1);
          const sent = Buffer.concat(begun).toString("latin1");
          for (const secret of [CANARY, "secret-token", "POST "]) expect(sent).not.toContain(secret);
        }
        expect(emulator.requestCount).toBe(0);
        expect(gateway.bugs).toEqual([]);
      },
    );

    test("the next target answers instead", async () => {
      const emulator = await well();
      const port = await secured(newCertificate(authority, "good.test", true), emulator);
      const gateway = await gatewayFrom(
        upstreams([`https://good.test:${port}`, emulator.url]),
        {},
        { lookup: local },
      );
      expect(await ask(gateway, true)).toMatchObject({
        status: 200,
        attempts: `${targetAt(1)}=failed, ${targetAt(2)}`,
      });
    });
  });
});
