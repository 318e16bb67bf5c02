import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import { handedOut, piecesOf } from "./sent-body.ts";
import { createUndiciClient } from "./undici-client.ts";
import type { UpstreamBody } from "./upstream.ts";

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

/** A server that keeps the bodies it was sent; `refuse` says which connections break before they answer. */
async function keeping(refuse: (request: number) => boolean = () => false) {
  const received: { length: string | undefined; bytes: Buffer }[] = [];
  let requests = 0;
  const server = createServer((request: IncomingMessage, response) => {
    const refused = refuse((requests += 1));
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      received.push({ length: request.headers["content-length"], bytes: Buffer.concat(chunks) });
      if (refused) request.socket.destroy();
      else response.end("ok");
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  cleanups.push(() => {
    server.closeAllConnections();
    server.close();
  });
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const client = createUndiciClient();
  cleanups.push(() => client.close());
  const send = (body: UpstreamBody): Promise<string> =>
    new Promise((resolve) => {
      const timeouts = { connectMs: 0, firstByteMs: 0, idleMs: 0, totalMs: 0 };
      client.send(
        { origin, path: "/", method: "POST", headers: {}, body, timeouts },
        {
          onHead: () => {},
          onData: () => {},
          onEnd: () => resolve("end"),
          onError: (error) => resolve(error.message),
        },
      );
    });
  return { received, send };
}

const LARGE = Buffer.alloc(700_001, "0123456789");

test.each<[string, UpstreamBody, string]>([
  ["a string", '{"ä":1}', '{"ä":1}'],
  ["a large string", `{${"ä".repeat(20_000)}`, `{${"ä".repeat(20_000)}`],
  ["bytes", Buffer.from("{}"), "{}"],
  ["small pieces", [Buffer.from("{"), new Uint8Array(), Buffer.from("}")], "{}"],
  ["large pieces", [Buffer.from("<"), LARGE, Buffer.from(">")], `<${LARGE.toString()}>`],
  ["no pieces", [], ""],
])("%s arrives whole, with its length", async (_form, body, text) => {
  const { received, send } = await keeping();
  expect(await send(body)).toBe("end");
  expect(received).toEqual([{ length: String(Buffer.byteLength(text)), bytes: Buffer.from(text) }]);
});

test("pieces are sent again whole when a reused connection turns out to be dead, and on the next call", async () => {
  const { received, send } = await keeping((request) => request === 2);
  const body = [Buffer.from("<"), LARGE, Buffer.from(">")] as const;
  expect(await send("first")).toBe("end");
  expect(await send(body)).toBe("end");
  expect(await send(body)).toBe("end");
  const whole = Buffer.concat(body);
  expect(received.map(({ bytes }) => bytes.equals(whole))).toEqual([false, true, true, true]);
});

test("what has been handed out is forgotten, and no piece is large", () => {
  const pieces = piecesOf([Buffer.from("a"), LARGE]);
  const out = handedOut(pieces);
  expect(Buffer.from(out.next().value ?? []).toString()).toBe("a");
  expect(pieces).toEqual([LARGE]);
  const rest = [...out];
  expect(Math.max(...rest.map(({ length }) => length))).toBe(256 * 1024);
  expect(Buffer.concat(rest).equals(LARGE)).toBe(true);
  expect(pieces).toEqual([]);
});
