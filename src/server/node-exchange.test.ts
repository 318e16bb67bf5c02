import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { GatewayError } from "../errors.ts";
import { Deadlines } from "./deadlines.ts";
import { NodeReply, type ReplyTerms } from "./node-exchange.ts";
import { type BodyLimits, readBody } from "./read-body.ts";

const DEADLINES = new Deadlines();

function replyTo(response: ServerResponse, slowClientMs = 60_000, closing = false): NodeReply {
  const terms: ReplyTerms = { closing: () => closing, limits: { slowClientMs } };
  return new NodeReply(response, terms, DEADLINES);
}

let server: Server;
let socket: Socket;

beforeEach(async () => {
  server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  socket = connect((server.address() as AddressInfo).port, "127.0.0.1");
  socket.on("error", () => {});
});

afterEach(() => {
  socket.destroy();
  server.close();
  server.closeAllConnections();
});

async function accept(text: string): Promise<[IncomingMessage, ServerResponse]> {
  const request = once(server, "request");
  socket.write(text);
  return (await request) as [IncomingMessage, ServerResponse];
}

const GET = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";

async function readAll(): Promise<string> {
  let text = "";
  socket.setEncoding("utf8");
  socket.on("data", (data: string) => (text += data));
  await once(socket, "close");
  return text;
}

describe("NodeReply", () => {
  test("head, pieces and end reach the client", async () => {
    const [, response] = await accept(GET.replace("1.1", "1.0"));
    const reply = replyTo(response);
    expect(reply.headSent).toBe(false);
    reply.head(200, { "x-test": "1", "content-length": "6" });
    expect(reply.write("zwei")).toBe(true);
    expect(reply.headSent).toBe(true);
    reply.end("ü");
    expect(reply.closed).toBe(true);
    expect(await readAll()).toMatch(/^HTTP\/1\.1 200 OK\r\nx-test: 1\r\n[^]*\r\n\r\nzweiü$/);
  });

  test("says that the connection will be closed where the server is closing", async () => {
    const [, response] = await accept(GET);
    const reply = replyTo(response, 60_000, true);
    reply.head(200, { "content-length": "0" });
    reply.end();
    expect(await readAll()).toContain("connection: close\r\n");
  });

  test.each([
    ["was sent whole", (reply: NodeReply) => reply.end("done")],
    ["was broken off", (reply: NodeReply) => reply.destroy()],
    ["lost its client", () => socket.destroy()],
  ])("onClose is called once when the answer %s", async (_, finish) => {
    const [, response] = await accept(GET);
    const reply = replyTo(response);
    let closed = 0;
    const over = new Promise<void>((resolve) =>
      reply.onClose(() => {
        closed += 1;
        resolve();
      }),
    );
    reply.head(200, {});
    finish(reply);
    await over;
    expect(reply.closed).toBe(true);
    let late = 0;
    reply.onClose(() => (late += 1));
    expect([closed, late]).toEqual([1, 1]);
  });

  test("nothing that is called after the client has gone does anything", async () => {
    const [, response] = await accept(GET);
    const reply = replyTo(response);
    const gone = new Promise<void>((resolve) => reply.onClose(resolve));
    socket.destroy();
    await gone;
    reply.head(200, { "content-length": "2" });
    expect(reply.write("x")).toBe(true);
    reply.end("y");
    reply.destroy();
    expect(reply.headSent).toBe(false);
  });

  const MEGABYTE = Buffer.alloc(1024 * 1024, "x");

  test("F-05 a slow reader is told of by write, and when it goes on by onDrain", async () => {
    const [, response] = await accept(GET);
    const reply = replyTo(response);
    reply.head(200, {});
    const drained = new Promise<void>((resolve) => reply.onDrain(resolve));
    let written = 0;
    while (reply.write(MEGABYTE)) written += 1;
    expect(written).toBeLessThan(10);
    socket.resume();
    await drained;
    expect(response.writableLength).toBe(0);
  });

  test.each([
    ["in a stream", (reply: NodeReply) => void reply.write(Buffer.concat(Array(16).fill(MEGABYTE)))],
    ["of a whole answer", (reply: NodeReply) => reply.end(Buffer.concat(Array(16).fill(MEGABYTE)))],
  ])("F-05 a reader that takes nothing is let go %s", async (_, send) => {
    const [, response] = await accept(GET);
    const reply = replyTo(response, 50);
    const gone = new Promise<void>((resolve) => reply.onClose(resolve));
    reply.head(200, {});
    send(reply);
    await gone;
    expect(response.writableFinished).toBe(false);
  });

  test("a client that waits for an answer that is slow to come is not let go", async () => {
    const [, response] = await accept(GET);
    const reply = replyTo(response);
    reply.head(200, {});
    const drained = new Promise<void>((resolve) => reply.onDrain(resolve));
    while (reply.write(MEGABYTE));
    socket.resume();
    await drained;
    reply.check(performance.now() + 600_000);
    expect(reply.closed).toBe(false);
    expect(reply.write("more")).toBe(true);
  });
});

const post = (headers: string, body = ""): string =>
  `POST / HTTP/1.1\r\nHost: x\r\n${headers}\r\n\r\n${body}`;

const LIMITS: BodyLimits = { maxBodyBytes: 5, bodyTimeoutMs: 60_000, minBodyBytesPerSecond: 0 };

describe("readBody", () => {
  test.each([
    ["one piece", post("Content-Length: 5", "a\u00fcbc"), "a\u00fcbc"],
    ["nothing", post("Content-Length: 0"), ""],
    ["chunks", post("Transfer-Encoding: chunked", "2\r\nab\r\n3\r\ncde\r\n0\r\n\r\n"), "abcde"],
  ])("%s", async (_, text, body) => {
    const [request] = await accept(text);
    expect((await readBody(request, LIMITS, DEADLINES, () => {})).toString()).toBe(body);
  });

  test.each([
    ["announced", post("Content-Length: 6")],
    ["found out", post("Transfer-Encoding: chunked", "6\r\nabcdef\r\n")],
  ])("F-08 too large, %s: refused before the end of it", async (_, text) => {
    const [request] = await accept(text);
    await expect(readBody(request, LIMITS, DEADLINES, () => {})).rejects.toMatchObject({
      failure: { kind: "payload_too_large", maxBytes: 5 },
    });
  });

  test.each([
    ["announced", post("Content-Length: 5", "ab")],
    ["found out", post("Transfer-Encoding: chunked", "3\r\nabc\r\n1\r\nd\r\n")],
  ])("no room for it, %s: refused once, with the reason", async (_, text) => {
    const [request] = await accept(text);
    const told: number[] = [];
    const noRoom = new GatewayError({ kind: "unavailable" }, "No room.");
    const body = readBody(request, LIMITS, DEADLINES, (bytes) => {
      told.push(bytes);
      if (bytes > 2) throw noRoom;
    });
    await expect(body).rejects.toBe(noRoom);
    expect(told.filter((bytes) => bytes > 2)).toHaveLength(1);
  });

  test("the client leaves half way", async () => {
    const [request] = await accept(post("Content-Length: 5", "ab"));
    const body = readBody(request, LIMITS, DEADLINES, () => {});
    socket.destroy();
    await expect(body).rejects.toMatchObject({ failure: { kind: "client_closed" } });
  });
});
