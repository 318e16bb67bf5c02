import { once } from "node:events";
import { get } from "node:http";
import { setImmediate as nextTurn } from "node:timers/promises";
import { fetch as undiciFetch } from "undici";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type BareServer, type BareServerOptions, startBareServer } from "../../test/support/bare-server.ts";
import { rawClient, type RawClient } from "../../test/support/raw-clients.ts";
import { GatewayError } from "../errors.ts";
import { Deadlines } from "./deadlines.ts";
import { UnsendableHeader } from "./head-text.ts";
import type { HttpReply } from "./http-reply.ts";
import { type BodyLimits, readBody } from "./read-body.ts";

let server: BareServer;
let client: RawClient;
let isClosing = false;

async function start(options: BareServerOptions = {}): Promise<void> {
  server = await startBareServer({ closing: () => isClosing, ...options });
  client = await rawClient(server.url, { allowHalfOpen: true });
}

beforeEach(async () => {
  isClosing = false;
  await start();
});

afterEach(async () => {
  client.socket.destroy();
  await server.close();
});

async function restart(options: BareServerOptions): Promise<void> {
  client.socket.destroy();
  await server.close();
  await start(options);
}

const GET = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
const GET_LAST = "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
const GET_OLD = "GET / HTTP/1.0\r\n\r\n";
const GET_OLD_KEPT = "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n";
const MEGABYTE = Buffer.alloc(1024 * 1024, "x");

async function accept(text: string): Promise<HttpReply> {
  client.socket.write(text, "latin1");
  return (await server.next()).reply;
}

/** What the client receives of an answer and the end of the connection, without the time. */
async function receivedOf(request: string, answer: (reply: HttpReply) => void): Promise<string> {
  answer(await accept(request));
  // Our side is ended too: the connection is closed when the answer is there.
  client.socket.end();
  await client.closed;
  return client.received().replace(/date: .*\r\n/, "");
}

const KEPT = "connection: keep-alive\r\nkeep-alive: timeout=75\r\n\r\n";
const CLOSED = "connection: close\r\n\r\n";
const OK = "HTTP/1.1 200 OK\r\n";
const CHUNKS = "transfer-encoding: chunked\r\n";

describe("HttpReply", () => {
  test("head, pieces and end reach the client", async () => {
    const reply = await accept(GET);
    expect([reply.headSent, reply.status]).toEqual([false, 0]);
    reply.head(200, { "x-test": "1", "content-length": "6" });
    expect(reply.write("zwei")).toBe(true);
    expect([reply.headSent, reply.status, reply.closed]).toEqual([true, 200, false]);
    reply.end("\u00fc");
    expect(reply.closed).toBe(true);
    client.socket.end();
    expect(await client.closed).toBe("end");
    expect(client.received()).toMatch(
      /^HTTP\/1\.1 200 OK\r\nx-test: 1\r\ncontent-length: 6\r\ndate: \w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT\r\nconnection: keep-alive\r\nkeep-alive: timeout=75\r\n\r\nzwei\xc3\xbc$/,
    );
    expect(reply.bytes).toBe(client.bytes);
    expect(server.ended).toMatchObject([{ status: 200, bytes: client.bytes, outcome: "completed" }]);
  });

  test("says that the connection will be closed where the server is closing, and closes it", async () => {
    isClosing = true;
    const reply = await accept(GET);
    reply.head(200, { "content-length": "0" });
    reply.end();
    expect(await once(client.socket, "end")).toEqual([]);
    expect(client.received()).toContain("connection: close\r\n\r\n");
  });

  test.each<[string, (reply: HttpReply) => void]>([
    ["was sent whole", (reply) => reply.end("done")],
    ["was broken off", (reply) => reply.destroy()],
    ["lost its client", () => client.socket.destroy()],
  ])("onClose is called once when the answer %s", async (_, finish) => {
    const reply = await accept(GET);
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
    client.socket.destroy();
    await server.close();
    expect([closed, late]).toEqual([1, 1]);
    expect(server.ended).toHaveLength(1);
  });

  test("nothing that is called after the client has gone does anything", async () => {
    const reply = await accept(GET);
    const gone = new Promise<void>((resolve) => reply.onClose(resolve));
    client.socket.destroy();
    await gone;
    // It may have been probed whether it is there.
    const { bytes } = reply;
    reply.head(200, { "content-length": "2" });
    expect(reply.write("x")).toBe(true);
    reply.end("y");
    reply.destroy();
    reply.probe();
    expect([reply.headSent, reply.bytes]).toEqual([false, bytes]);
    expect(server.ended).toMatchObject([{ status: 0, outcome: "client_closed.sending" }]);
  });

  test("what is written after the end is dropped", async () => {
    const received = await receivedOf(GET, (reply) => {
      reply.head(200, {});
      reply.end("all");
      expect(reply.write("more")).toBe(true);
      reply.end("more");
      reply.head(500, {});
    });
    expect(received).toBe(`${OK}content-length: 3\r\n${KEPT}all`);
  });

  test("a second head breaks the answer off, as it can be no part of the first", async () => {
    const reply = await accept(GET);
    reply.head(200, {});
    reply.write("begun");
    reply.head(500, {});
    expect(reply.write("more")).toBe(true);
    reply.end("all");
    await once(client.socket, "end");
    expect(client.received()).not.toMatch(/500|more|all/);
    expect(server.ended).toMatchObject([{ status: 200, outcome: "client_closed.sending" }]);
  });

  test("F-05 a slow reader is told of by write, and when it goes on by onDrain", async () => {
    client.socket.pause();
    const reply = await accept(GET);
    reply.head(200, {});
    const drained = new Promise<void>((resolve) => reply.onDrain(resolve));
    let written = 0;
    while (reply.write(MEGABYTE)) written += 1;
    expect(written).toBeLessThan(10);
    client.socket.resume();
    await drained;
    expect(reply.write("more")).toBe(true);
  });

  test.each<[string, (reply: HttpReply) => void]>([
    ["in a stream", (reply) => void reply.write(Buffer.concat(Array(16).fill(MEGABYTE)))],
    ["of a whole answer", (reply) => reply.end(Buffer.concat(Array(16).fill(MEGABYTE)))],
    ["of a whole answer as text", (reply) => reply.end("x".repeat(16 * 1024 * 1024))],
  ])("F-05 a reader that takes nothing is let go %s", async (_, send) => {
    await restart({ limits: { slowClientMs: 50 } });
    client.socket.pause();
    const reply = await accept(GET);
    const gone = new Promise<void>((resolve) => reply.onClose(resolve));
    reply.head(200, {});
    send(reply);
    await gone;
    expect(reply.letGo).toBe(true);
    expect(server.ended).toMatchObject([{ status: 200, outcome: expect.stringContaining("client_closed") }]);
    client.socket.resume();
    expect(await client.closed).toBe("reset");
  });

  test("a client that waits for an answer that is slow to come is not let go", async () => {
    const reply = await accept(GET);
    reply.head(200, {});
    const drained = new Promise<void>((resolve) => reply.onDrain(resolve));
    while (reply.write(MEGABYTE));
    await drained;
    reply.check(performance.now() + 600_000);
    expect(reply.closed).toBe(false);
    expect(reply.write("more")).toBe(true);
  });

  test("an answer larger than what is held at once goes out in pieces, each with its own time", async () => {
    await restart({ limits: { maxBufferedBytes: 64 * 1024 } });
    client.socket.pause();
    const reply = await accept(GET);
    const body = Buffer.alloc(40 * MEGABYTE.length, "0123456789");
    reply.head(200, { "content-length": String(body.length) });
    reply.end(body);
    await nextTurn();
    await nextTurn();
    // One piece waits, not all of it.
    expect(reply.bytes).toBeLessThan(30 * MEGABYTE.length);
    client.socket.resume();
    client.socket.end();
    expect(await client.closed).toBe("end");
    expect(reply.bytes).toBe(client.bytes);
    const text = client.received();
    expect(text.slice(text.indexOf("\r\n\r\n") + 4) === body.toString("latin1")).toBe(true);
  });
});

describe("how the end of an answer is known", () => {
  const pieces: [string, string | Buffer, string][] = [
    ["ASCII", "abc", "3\r\nabc\r\n"],
    ["more than ASCII", "z\u00fc\u20ac", "6\r\nz\xc3\xbc\xe2\x82\xac\r\n"],
    ["a pair of surrogates", "\u{1f600}", "4\r\n\xf0\x9f\x98\x80\r\n"],
    ["a lone surrogate", "a\ud800b", "5\r\na\xef\xbf\xbdb\r\n"],
    ["bytes", Buffer.from([0, 255, 13, 10]), "4\r\n\0\xff\r\n\r\n"],
    ["what looks like framing", "0\r\n\r\n", "5\r\n0\r\n\r\n\r\n"],
  ];

  test.each(pieces)("%s in chunks, with the head, alone, and with the end", async (_, data, chunk) => {
    const received = await receivedOf(GET, (reply) => {
      reply.head(200, {});
      reply.write(data);
      reply.write("");
      reply.write(Buffer.alloc(0));
      reply.write(data);
      reply.end(data);
    });
    expect(received).toBe(`${OK}${CHUNKS}${KEPT}${chunk}${chunk}${chunk}0\r\n\r\n`);
  });

  test.each(pieces)("%s with a length that is added when the end comes first", async (_, data) => {
    const bytes = Buffer.from(data as string);
    const received = await receivedOf(GET, (reply) => {
      reply.head(200, {});
      reply.end(data);
    });
    expect(received).toBe(`${OK}content-length: ${bytes.length}\r\n${KEPT}${bytes.toString("latin1")}`);
  });

  test.each(pieces)("%s with the length that was said", async (_, data) => {
    const bytes = Buffer.from(data as string);
    const received = await receivedOf(GET, (reply) => {
      reply.head(200, { "content-length": String(2 * bytes.length) });
      reply.write(data);
      reply.end(data);
    });
    expect(received).toBe(
      `${OK}content-length: ${2 * bytes.length}\r\n${KEPT}${bytes.toString("latin1").repeat(2)}`,
    );
  });

  test.each<[string, string, (reply: HttpReply) => void, string]>([
    ["an empty end", GET, (reply) => reply.end(), `content-length: 0\r\n${KEPT}`],
    ["an end with empty text", GET, (reply) => reply.end(""), `content-length: 0\r\n${KEPT}`],
    [
      "only empty writes",
      GET,
      (reply) => {
        reply.write("");
        reply.end();
      },
      `content-length: 0\r\n${KEPT}`,
    ],
    [
      "an end without data after a chunk",
      GET,
      (reply) => {
        reply.write("a");
        reply.end();
      },
      `${CHUNKS}${KEPT}1\r\na\r\n0\r\n\r\n`,
    ],
    ["a request that says close", GET_LAST, (reply) => reply.end("a"), `content-length: 1\r\n${CLOSED}a`],
    [
      "a request that says close, in chunks",
      GET_LAST,
      (reply) => {
        reply.write("a");
        reply.end("b");
      },
      `${CHUNKS}${CLOSED}1\r\na\r\n1\r\nb\r\n0\r\n\r\n`,
    ],
    [
      "`last`",
      GET,
      (reply) => {
        reply.last = true;
        reply.end("a");
      },
      `content-length: 1\r\n${CLOSED}a`,
    ],
    ["HTTP/1.0", GET_OLD, (reply) => reply.end("a"), `content-length: 1\r\n${CLOSED}a`],
    ["HTTP/1.0 that is kept", GET_OLD_KEPT, (reply) => reply.end("a"), `content-length: 1\r\n${KEPT}a`],
    [
      "a stream to HTTP/1.0, which knows no chunks",
      GET_OLD,
      (reply) => {
        reply.write("a\u00fc");
        reply.end("b");
      },
      `${CLOSED}a\xc3\xbcb`,
    ],
    [
      "a stream to HTTP/1.0 that would be kept",
      GET_OLD_KEPT,
      (reply) => {
        reply.write("a");
        reply.write("b");
        reply.end();
      },
      `${CLOSED}ab`,
    ],
  ])("%s", async (_, request, answer, expected) => {
    const received = await receivedOf(request, (reply) => {
      reply.head(200, {});
      answer(reply);
    });
    expect(received).toBe(OK + expected);
  });

  test.each<[string, Record<string, string>, (reply: HttpReply) => void, string]>([
    ["with a length", { "content-length": "5" }, (reply) => reply.end("hello"), "content-length: 5\r\n"],
    [
      "as a stream",
      { "content-type": "text/event-stream" },
      (reply) => {
        expect(reply.write("hello")).toBe(true);
        reply.end("more");
      },
      "content-type: text/event-stream\r\n",
    ],
    [
      "after a probe",
      {},
      (reply) => {
        reply.probe();
        reply.probe();
        reply.end("hello");
      },
      "",
    ],
  ])(
    "HEAD is answered with a head only, %s, and the connection is kept",
    async (_, headers, answer, lines) => {
      const reply = await accept("HEAD / HTTP/1.1\r\nHost: x\r\n\r\n");
      reply.head(200, headers);
      answer(reply);
      const received = await receivedOf(GET, (next) => {
        next.head(404, {});
        next.end("b");
      });
      const text = received.replace(/date: .*\r\n/, "");
      expect(text).toBe(`${OK}${lines}${KEPT}HTTP/1.1 404 Not Found\r\ncontent-length: 1\r\n${KEPT}b`);
    },
  );

  test.each<[string, (reply: HttpReply) => void, string]>([
    ["too few bytes", (reply) => reply.end("abc"), "abc"],
    [
      "too few bytes in pieces",
      (reply) => {
        reply.write("a");
        reply.write(Buffer.from("b"));
        reply.end();
      },
      "ab",
    ],
    ["none", (reply) => reply.end(), ""],
    [
      "too many bytes in pieces",
      (reply) => {
        reply.write("abcd");
        reply.write("HTTP/1.1 200 OK\r\n\r\n");
        reply.end();
      },
      "abcd",
    ],
    ["too many bytes", (reply) => reply.end("HTTP/1.1 200 OK\r\n\r\n"), ""],
  ])("a length that was promised and not kept ends the connection: %s", async (_, answer, body) => {
    const reply = await accept(GET + GET);
    reply.head(200, { "content-length": "5" });
    answer(reply);
    await once(client.socket, "end");
    expect(client.received().split("\r\n\r\n").slice(1).join("\r\n\r\n")).toBe(body);
    client.socket.end();
    await client.closed;
    // The request that waited behind it is not answered on it.
    expect(server.taken).toHaveLength(1);
  });

  test.each([
    ["before the first byte", () => {}],
    ["in the middle", (reply: HttpReply) => void reply.write("half")],
  ])("an answer in chunks that is broken off %s does not look whole", async (_, answer) => {
    const reply = await accept(GET);
    reply.head(200, {});
    answer(reply);
    await nextTurn();
    reply.destroy();
    client.socket.end();
    await client.closed;
    expect(client.received()).not.toContain("0\r\n\r\n");
  });

  test("one that ends with its connection is reset when it is broken off: an end would be one", async () => {
    const reply = await accept(GET_OLD);
    reply.head(200, {});
    reply.write("half");
    await once(client.socket, "data");
    reply.destroy();
    expect(await client.closed).toBe("reset");
  });

  test.each([
    [413, true],
    [408, true],
    [429, true],
    [503, true],
    [400, false],
    [401, false],
  ])(
    "after %i to a request that has not come whole, the connection is closed: %s",
    async (status, closes) => {
      const reply = await accept("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nab");
      reply.head(status, {});
      reply.end("no");
      await once(client.socket, "data");
      expect(client.received().includes("connection: close")).toBe(closes);
      expect(reply.last).toBe(closes);
    },
  );
});

describe("headers", () => {
  const BAD: [string, Record<string, string>][] = [
    ["a line break in a value", { a: "b\r\nset-cookie: c" }],
    ["a line feed in a value", { a: "b\nc" }],
    ["a carriage return in a value", { a: "b\rc" }],
    ["a NUL in a value", { a: "\0" }],
    ["a delete in a value", { a: "\x7f" }],
    ["a character beyond Latin-1", { a: "\u0100" }],
    ["a line separator", { a: "\u2028" }],
    ["a line feed that UTF-16 hides", { a: "\u560a" }],
    ["a line break in a name", { "a\r\nb": "c" }],
    ["a colon in a name", { "a:b": "c" }],
    ["a blank in a name", { "a b": "c" }],
    ["an empty name", { "": "c" }],
    ["a name beyond ASCII", { "\u00fc": "c" }],
  ];

  test.each(BAD)("%s is refused, and another answer can be sent", async (_, headers) => {
    const received = await receivedOf(GET, (reply) => {
      expect(() => reply.head(200, headers)).toThrow(UnsendableHeader);
      // Also the second time: what was found good is remembered, not this.
      expect(() => reply.head(200, headers)).toThrow(UnsendableHeader);
      expect(reply.headSent).toBe(false);
      reply.head(500, {});
      reply.end();
    });
    expect(received).toBe(`HTTP/1.1 500 Internal Server Error\r\ncontent-length: 0\r\n${KEPT}`);
  });

  test.each([
    ["ASCII", "abc", "abc"],
    ["more than ASCII", "\u20ac", "\xe2\x82\xac"],
  ])("a value beyond ASCII does not change where an answer of %s ends", async (_, body, bytes) => {
    for (const answer of [
      (reply: HttpReply) => reply.end(body),
      (reply: HttpReply) => {
        reply.write(body);
        reply.end();
      },
    ]) {
      const reply = await accept(GET);
      reply.head(200, { a: "\u00e9" });
      answer(reply);
    }
    client.socket.end();
    await client.closed;
    // Its own bytes are Latin-1 or UTF-8, as the first of the body are: with node:http it was the same.
    const received = client
      .received()
      .replaceAll(/date: .*\r\n/g, "")
      .replaceAll(/a: (\xc3\xa9|\xe9)/g, "a: -");
    expect(received).toBe(
      `${OK}a: -\r\ncontent-length: ${bytes.length}\r\n${KEPT}${bytes}` +
        `${OK}a: -\r\n${CHUNKS}${KEPT}${bytes.length}\r\n${bytes}\r\n0\r\n\r\n`,
    );
  });

  test("a status that nobody knows has a reason all the same", async () => {
    const received = await receivedOf(GET, (reply) => {
      reply.head(599, {});
      reply.end();
    });
    expect(received).toMatch(/^HTTP\/1\.1 599 Unknown\r\n/);
  });
});

describe("probes", () => {
  test("before the head, interim answers; in chunks, zeros that mean nothing, and not too many", async () => {
    const received = await receivedOf(GET, (reply) => {
      reply.probe();
      reply.head(200, {});
      for (let count = 0; count < 20; count += 1) reply.probe();
      reply.write("a");
      reply.probe();
      reply.write(Buffer.from("b"));
      reply.probe();
      reply.end();
    });
    // What waits to be taken is probe enough, so that only those that find nothing waiting are sent.
    expect(received).toMatch(
      /^HTTP\/1\.1 102 Processing\r\n\r\nHTTP\/1\.1 200 OK\r\ntransfer-encoding: chunked\r\nconnection: keep-alive\r\nkeep-alive: timeout=75\r\n\r\n0{0,8}1\r\na\r\n0?1\r\nb\r\n0?0\r\n\r\n$/,
    );
  });

  test("zeros in front of a chunk's size are never more than eight", async () => {
    const reply = await accept(GET);
    reply.head(200, {});
    for (let count = 0; count < 20; count += 1) {
      reply.probe();
      await nextTurn();
    }
    reply.end("end");
    client.socket.end();
    await client.closed;
    expect(client.received()).toMatch(/\r\n\r\n0{8}3\r\nend\r\n0\r\n\r\n$/);
  });

  test("in an answer with a length there is no room for any", async () => {
    const received = await receivedOf(GET, (reply) => {
      reply.head(200, { "content-length": "2" });
      reply.probe();
      reply.write("a");
      reply.probe();
      reply.end("b");
    });
    expect(received).toBe(`${OK}content-length: 2\r\n${KEPT}ab`);
  });

  test("a client of HTTP/1.0 knows none, and is taken to have left", async () => {
    const reply = await accept(GET_OLD);
    reply.probe();
    await once(client.socket, "end");
    expect(client.received()).toBe("");
  });
});

describe("what others read", () => {
  const TEXT = `data: {"z":"\u00fc\u20ac\u{1f600}"}\n\n`;
  const large = Buffer.alloc(3 * MEGABYTE.length + 7, "0123456789");
  const answers: [string, (reply: HttpReply) => void, Buffer][] = [
    [
      "a whole answer",
      (reply) => {
        reply.head(200, { "content-length": String(Buffer.byteLength(TEXT)) });
        reply.end(TEXT);
      },
      Buffer.from(TEXT),
    ],
    [
      "a stream with probes",
      (reply) => {
        reply.probe();
        reply.head(200, { "content-type": "text/event-stream" });
        reply.probe();
        reply.write(TEXT);
        setImmediate(() => {
          reply.probe();
          reply.write(Buffer.from(TEXT));
          reply.end(TEXT);
        });
      },
      Buffer.from(TEXT.repeat(3)),
    ],
    [
      "a large answer",
      (reply) => {
        reply.head(200, {});
        reply.end(large);
      },
      large,
    ],
    [
      "a large answer in chunks",
      (reply) => {
        reply.head(200, {});
        reply.write("a");
        reply.end(large);
      },
      Buffer.concat([Buffer.from("a"), large]),
    ],
    [
      "a large answer as text in chunks",
      (reply) => {
        reply.head(200, {});
        reply.write("a");
        reply.end("\u20ac".repeat(1024 * 1024 + 5));
      },
      Buffer.from(`a${"\u20ac".repeat(1024 * 1024 + 5)}`),
    ],
  ];

  test.each(answers)("%s, by node:http", async (_, answer, expected) => {
    await restart({ onRequest: ({ reply }) => answer(reply) });
    const body = await new Promise<Buffer>((resolve, reject) => {
      get(server.url, (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("end", () => resolve(Buffer.concat(chunks)));
        response.on("error", reject);
      }).on("error", reject);
    });
    expect(body.equals(expected)).toBe(true);
  });

  test.each(answers)("%s, by undici, several times on one connection", async (_, answer, expected) => {
    await restart({ onRequest: ({ reply }) => answer(reply) });
    for (let round = 0; round < 3; round += 1) {
      const response = await undiciFetch(server.url);
      expect(Buffer.from(await response.arrayBuffer()).equals(expected)).toBe(true);
    }
  });
});

const post = (headers: string, body = ""): string =>
  `POST / HTTP/1.1\r\nHost: x\r\n${headers}\r\n\r\n${body}`;

const LIMITS: BodyLimits = { maxBodyBytes: 5, bodyTimeoutMs: 60_000, minBodyBytesPerSecond: 0 };

describe("readBody", () => {
  const deadlines = new Deadlines();

  /** The body of a request, once its head has come. */
  async function bodyOf(
    text: string,
    limits: BodyLimits = LIMITS,
    onBytes: (bytes: number) => void = () => {},
  ): Promise<{ body: Promise<Buffer> }> {
    const bodies: Promise<Buffer>[] = [];
    await restart({
      onRequest: ({ request }) => {
        const body = readBody(request, limits, deadlines, onBytes);
        // Some reject before the test looks at them.
        body.catch(() => {});
        bodies.push(body);
      },
    });
    client.socket.write(text, "utf8");
    await server.next();
    return { body: bodies[0]! };
  }

  test.each([
    ["one piece", post("Content-Length: 5", "a\u00fcbc"), "a\u00fcbc"],
    ["nothing", post("Content-Length: 0"), ""],
    ["no length at all", GET, ""],
    ["chunks", post("Transfer-Encoding: chunked", "2\r\nab\r\n3\r\ncde\r\n0\r\n\r\n"), "abcde"],
  ])("%s", async (_, text, expected) => {
    const { body } = await bodyOf(text);
    expect((await body).toString()).toBe(expected);
  });

  test.each([
    ["announced", post("Content-Length: 6")],
    ["found out", post("Transfer-Encoding: chunked", "6\r\nabcdef\r\n")],
  ])("F-08 too large, %s: refused before the end of it", async (_, text) => {
    const { body } = await bodyOf(text);
    await expect(body).rejects.toMatchObject({ failure: { kind: "payload_too_large", maxBytes: 5 } });
  });

  test.each([
    ["announced", post("Content-Length: 5", "ab")],
    ["found out", post("Transfer-Encoding: chunked", "3\r\nabc\r\n1\r\nd\r\n")],
  ])("no room for it, %s: refused once, with the reason", async (_, text) => {
    const told: number[] = [];
    const noRoom = new GatewayError({ kind: "unavailable" }, "No room.");
    const { body } = await bodyOf(text, LIMITS, (bytes) => {
      told.push(bytes);
      if (bytes > 2) throw noRoom;
    });
    await expect(body).rejects.toBe(noRoom);
    expect(told.filter((bytes) => bytes > 2)).toHaveLength(1);
  });

  test("too slow: refused when its time is up", async () => {
    const { body } = await bodyOf(post("Content-Length: 5", "ab"), { ...LIMITS, bodyTimeoutMs: 50 });
    await expect(body).rejects.toMatchObject({ failure: { kind: "request_timeout" } });
  });

  test.each([
    ["leaves", () => client.socket.destroy(), "client_closed"],
    ["ends its side", () => client.socket.end(), "client_closed"],
    ["resets", () => client.socket.resetAndDestroy(), "client_closed"],
  ])("the client %s half way", async (_, leave, kind) => {
    const { body } = await bodyOf(post("Content-Length: 5", "ab"));
    leave();
    await expect(body).rejects.toMatchObject({ failure: { kind } });
  });

  test("bytes are kept although what was read is overwritten", async () => {
    const { body } = await bodyOf(post("Content-Length: 300000"), { ...LIMITS, maxBodyBytes: 300_000 });
    const sent = Buffer.from(Array.from({ length: 300_000 }, (_, index) => (index * 7 + (index >> 8)) % 251));
    for (let at = 0; at < sent.length; at += 50_000) {
      client.socket.write(sent.subarray(at, at + 50_000));
      await nextTurn();
    }
    expect((await body).equals(sent)).toBe(true);
  });
});
