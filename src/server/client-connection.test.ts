import { once } from "node:events";
import { setImmediate as nextTurn } from "node:timers/promises";
import { afterEach, describe, expect, test, vi } from "vitest";
import {
  type BareServer,
  type BareServerOptions,
  keepBody,
  startBareServer,
  type TakenRequest,
} from "../../test/support/bare-server.ts";
import { type ClientOptions, rawClient, type RawClient } from "../../test/support/raw-clients.ts";

let server: BareServer;
let clients: RawClient[] = [];

afterEach(async () => {
  for (const { socket } of clients) socket.destroy();
  clients = [];
  await server.close();
});

async function connect(options: ClientOptions = { allowHalfOpen: true }): Promise<RawClient> {
  const client = await rawClient(server.url, options);
  clients.push(client);
  return client;
}

async function start(options: BareServerOptions = {}): Promise<RawClient> {
  server = await startBareServer(options);
  return connect();
}

const get = (path: string, headers = ""): string => `GET ${path} HTTP/1.1\r\nHost: x\r\n${headers}\r\n`;
const post = (path: string, length: number, body: string, headers = ""): string =>
  `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: ${length}\r\n${headers}\r\n${body}`;

function answer({ request, reply }: TakenRequest): void {
  reply.head(200, {});
  reply.end(`answer to ${request.target}`);
}

/** Answers each as soon as it is there. */
function answerWhole(taken: TakenRequest): void {
  keepBody(taken, () => answer(taken));
}

/** What the client has been told so far: status codes and targets, in order. */
function told(client: RawClient): string[] {
  return [...client.received().matchAll(/HTTP\/1\.1 (\d+)|answer to (\/\d+)/g)].map(
    ([, status, target]) => status ?? target ?? "",
  );
}

const targets = (): string[] => server.taken.map(({ request }) => request.target);

/** Resolves once the server has ended its side. */
async function ended(client: RawClient): Promise<void> {
  if (!client.socket.readableEnded) await once(client.socket, "end");
}

/** Resolves once the client has been told that much. */
const receives = (client: RawClient, text: string): Promise<void> =>
  vi.waitFor(() => expect(client.received()).toContain(text), { timeout: 20_000, interval: 5 });

const GARBAGE = "\x16\x03\x01 no request\r\n\r\n";
const MALFORMED = "malformed_http";

describe("times", () => {
  test("a connection that stands idle after an answer is closed, without a word", async () => {
    const client = await start({ limits: { idleConnectionMs: 100 }, onRequest: answerWhole });
    client.socket.write(get("/1"));
    await ended(client);
    expect(told(client)).toEqual(["200", "/1"]);
    expect(client.received()).toContain("keep-alive: timeout=0\r\n");
  });

  test.each([
    ["nothing of it", ""],
    ["an empty line", "\r\n"],
    ["half a method", "GE"],
    ["half a head", "GET / HTTP/1.1\r\nHost: x\r\n"],
  ])("408 when a first request has not come in time: %s", async (_, text) => {
    const client = await start({ limits: { headersTimeoutMs: 100 } });
    client.socket.write(text);
    await ended(client);
    expect(client.received()).toMatch(
      /^HTTP\/1\.1 408 Request Timeout\r\n[^]*connection: close\r\n[^]*request_timeout/,
    );
    expect(server.taken).toEqual([]);
    expect(server.ended).toMatchObject([{ status: 408, outcome: "slow_client.sending" }]);
  });

  test("408 when a later request has not come in time, counted from its first byte", async () => {
    const client = await start({
      limits: { headersTimeoutMs: 400, idleConnectionMs: 60_000 },
      onRequest: answerWhole,
    });
    client.socket.write(get("/1"));
    await receives(client, "answer to /1");
    client.socket.write("GET /2 HTTP/1.1\r\n");
    await ended(client);
    expect(told(client)).toEqual(["200", "/1", "408"]);
  });

  test("408 when it began before its turn, counted from its turn", async () => {
    const client = await start({ limits: { headersTimeoutMs: 400, idleConnectionMs: 60_000 } });
    client.socket.write(`${get("/1")}GET /2 HTTP/1.1\r\n`);
    const first = await server.next();
    // Longer than a head may take: none is due while an answer is under way.
    await new Promise((resolve) => setTimeout(resolve, 700));
    expect(client.received()).toBe("");
    answer(first);
    await ended(client);
    expect(told(client)).toEqual(["200", "/1", "408"]);
  });

  test("a request that is only slow to be answered is waited for", async () => {
    const client = await start({ limits: { headersTimeoutMs: 400, idleConnectionMs: 400 } });
    client.socket.write(get("/1"));
    const first = await server.next();
    await new Promise((resolve) => setTimeout(resolve, 700));
    answer(first);
    await ended(client);
    expect(told(client)).toEqual(["200", "/1"]);
  });

  test("0 switches each off, and the client is told of no time", async () => {
    const client = await start({
      limits: { headersTimeoutMs: 0, idleConnectionMs: 0 },
      onRequest: answerWhole,
    });
    client.socket.write(get("/1"));
    await receives(client, "answer to /1");
    expect(client.received()).toContain("connection: keep-alive\r\n\r\n");
    client.socket.write("GET /2 HTTP/1.1\r\n");
    await new Promise((resolve) => setTimeout(resolve, 250));
    client.socket.write("\r\n");
    await receives(client, "answer to /2");
  });
});

describe("several requests at once", () => {
  test("are begun one after the other, and answered in their order", async () => {
    const client = await start();
    client.socket.write(get("/1") + post("/2", 3, "two") + get("/3"));
    for (const target of ["/1", "/2", "/3"]) {
      const taken = await server.next();
      expect(taken.request.target).toBe(target);
      await nextTurn();
      await nextTurn();
      expect(targets().at(-1)).toBe(target);
      expect(taken.request.complete).toBe(true);
      answer(taken);
    }
    await receives(client, "answer to /3");
    expect(told(client)).toEqual(["200", "/1", "200", "/2", "200", "/3"]);
    expect(server.taken.map(({ body }) => body)).toEqual(["", "two", ""]);
  });

  test("however they are cut", async () => {
    const client = await start({ onRequest: answerWhole });
    const bytes = get("/1") + post("/2", 3, "two") + get("/3") + post("/4", 0, "");
    for (const byte of bytes) {
      client.socket.write(byte);
      await nextTurn();
    }
    await receives(client, "answer to /4");
    expect(told(client)).toEqual(["200", "/1", "200", "/2", "200", "/3", "200", "/4"]);
  });

  test("thousands that wait behind one are all served", async () => {
    const client = await start({ onRequest: (taken) => taken.request.target === "/0" || answer(taken) });
    const count = 5_000;
    const all = Array.from({ length: count }, (_, index) => get(`/${index}`)).join("");
    expect(all.length).toBeGreaterThan(2 * 64 * 1024);
    client.socket.write(all);
    await server.next();
    await nextTurn();
    expect(server.taken).toHaveLength(1);
    answer(server.taken[0]!);
    await receives(client, `answer to /${count - 1}`);
    expect(targets()).toEqual(Array.from({ length: count }, (_, index) => `/${index}`));
    expect(told(client).filter((word) => word === "200")).toHaveLength(count);
  });

  test("what waits is left to the system beyond a bound, and read when its turn comes", async () => {
    const sizes: number[] = [];
    const client = await start({
      onRequest: (taken) => {
        if (taken.request.target === "/0") return;
        let size = 0;
        taken.request.receive({
          onBytes: (_, from, to) => {
            size += to - from;
            return true;
          },
          onEnd: () => {
            sizes.push(size);
            answer(taken);
          },
          onLost: () => {},
        });
      },
    });
    const body = "x".repeat(1_000_000);
    const count = 40;
    client.socket.write(get("/0"));
    const first = await server.next();
    for (let index = 1; index <= count; index += 1) client.socket.write(post(`/${index}`, body.length, body));
    // More than what two systems keep on the way stays with the client.
    let before = -1;
    await vi.waitFor(
      () => {
        const left = client.socket.writableLength;
        const isSettled = left === before;
        before = left;
        expect(isSettled).toBe(true);
      },
      { timeout: 20_000, interval: 100 },
    );
    expect(before).toBeGreaterThan(10_000_000);
    expect(server.taken).toHaveLength(1);
    answer(first);
    await receives(client, `answer to /${count}`);
    expect(sizes).toEqual(Array.from({ length: count }, () => body.length));
  });

  test("when the client leaves, those that wait never begin", async () => {
    const client = await start();
    client.socket.write(get("/1") + get("/2") + get("/3"));
    const first = await server.next();
    const over = new Promise<void>((resolve) => first.reply.onClose(resolve));
    client.socket.resetAndDestroy();
    await over;
    expect(first.reply.closed).toBe(true);
    await nextTurn();
    expect(targets()).toEqual(["/1"]);
    expect(server.ended).toMatchObject([{ status: 0, outcome: "client_closed.sending" }]);
  });

  test.each([
    ["close", get("/1", "Connection: close\r\n")],
    ["HTTP/1.0", "GET /1 HTTP/1.0\r\n\r\n"],
  ])("after one that says %s, none is read", async (_, text) => {
    const client = await start({ onRequest: answerWhole });
    client.socket.write(text + get("/2") + GARBAGE);
    await ended(client);
    expect(told(client)).toEqual(["200", "/1"]);
    expect(targets()).toEqual(["/1"]);
  });
});

describe("what is no request", () => {
  test("at once: 400, and the connection is closed", async () => {
    const client = await start();
    client.socket.write(GARBAGE);
    await ended(client);
    expect(client.received()).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n[^]*connection: close\r\n/);
    expect(JSON.parse(client.received().split("\r\n\r\n")[1]!)).toEqual({
      error: {
        message: "The request is not valid HTTP/1.1: its method is no word.",
        type: "invalid_request_error",
        param: null,
        code: MALFORMED,
      },
    });
    expect(server.ended).toMatchObject([{ status: 400, outcome: "refused.http" }]);
  });

  test("behind a request whose answer has not begun: 400 in its place, as where it ends is in doubt", async () => {
    const client = await start();
    client.socket.write(post("/1", 3, "abc"));
    const first = await server.next();
    const over = new Promise<void>((resolve) => first.reply.onClose(resolve));
    client.socket.write(GARBAGE);
    await over;
    answer(first);
    await ended(client);
    expect(told(client)).toEqual(["400"]);
    expect(server.ended.map(({ status, outcome }) => [status, outcome]).toSorted()).toEqual([
      [0, "client_closed.sending"],
      [400, "refused.http"],
    ]);
  });

  test("behind a request whose answer has begun: that first, then 400", async () => {
    const client = await start();
    client.socket.write(get("/1"));
    const first = await server.next();
    first.reply.head(200, {});
    first.reply.write("answer ");
    client.socket.write(GARBAGE);
    await nextTurn();
    await nextTurn();
    first.reply.write("to");
    first.reply.end(" /1");
    await ended(client);
    const text = client.received();
    expect(text).toMatch(/7\r\nanswer \r\n2\r\nto\r\n3\r\n \/1\r\n0\r\n\r\nHTTP\/1\.1 400 /);
    expect(server.ended).toMatchObject([
      { status: 200, outcome: "completed" },
      { status: 400, outcome: "refused.http" },
    ]);
  });

  test("behind a request that waits: the one before is answered, and no more", async () => {
    const client = await start();
    client.socket.write(get("/1") + get("/2") + GARBAGE);
    answer(await server.next());
    await ended(client);
    expect(told(client)).toEqual(["200", "/1", "400"]);
  });

  test("in the middle of a body: 400, and nobody waits for the rest", async () => {
    const client = await start();
    client.socket.write("POST /1 HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
    const first = await server.next();
    await vi.waitFor(() => expect(first.body).toBe("abc"));
    client.socket.write("zz\r\n");
    await ended(client);
    expect(told(client)).toEqual(["400"]);
    expect(first).toMatchObject({ lost: true, reply: { closed: true } });
    expect(server.ended).toMatchObject([{ status: 400, outcome: "refused.http" }]);
  });

  test("in the middle of a body that was answered already: the connection ends, without a second answer", async () => {
    const client = await start();
    client.socket.write("POST /1 HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
    answer(await server.next());
    await receives(client, "answer to /1");
    client.socket.write("zz\r\n");
    await ended(client);
    expect(told(client)).toEqual(["200", "/1"]);
    expect(server.ended).toMatchObject([{ status: 200, outcome: "completed" }]);
  });

  test("a head over the bound: 431", async () => {
    const client = await start({ limits: { maxHeaderBytes: 1_024 } });
    client.socket.write(get("/", `a: ${"b".repeat(1_024)}\r\n`));
    await ended(client);
    expect(told(client)).toEqual(["431"]);
  });

  test("CONNECT: 405, and what follows is no request", async () => {
    const client = await start();
    client.socket.write(`CONNECT h:1 HTTP/1.1\r\nHost: h:1\r\n\r\n${get("/2")}`);
    await ended(client);
    expect(told(client)).toEqual(["405"]);
    expect(server.taken).toEqual([]);
  });

  test("a client that never closes after its 400 is closed all the same", async () => {
    vi.useFakeTimers({ toFake: ["performance"] });
    try {
      const client = await start();
      client.socket.write(GARBAGE);
      await ended(client);
      expect(client.isClosed).toBe(false);
      vi.advanceTimersByTime(11_000);
      // Something sent to a closed connection is answered with a reset.
      await vi.waitFor(() => {
        client.socket.write("more");
        expect(client.isClosed).toBe(true);
      });
    } finally {
      vi.useRealTimers();
    }
  });
});

describe("a client that ends its side", () => {
  test.each([
    ["before a request", "", [], []],
    ["in a head", "GET / HT", ["400"], []],
    ["in a body", post("/1", 5, "abc"), ["400"], ["/1"]],
    ["in chunks", "POST /1 HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", ["400"], ["/1"]],
    ["after a request", post("/1", 3, "abc"), ["200", "/1"], ["/1"]],
    ["after two", get("/1") + get("/2"), ["200", "/1", "200", "/2"], ["/1", "/2"]],
    ["in the head of a second", `${get("/1")}GET`, ["200", "/1", "400"], ["/1"]],
    ["in the body of a second", get("/1") + post("/2", 5, "abc"), ["200", "/1", "400"], ["/1", "/2"]],
    [
      "in the body of a third",
      get("/1") + get("/2") + post("/3", 5, ""),
      ["200", "/1", "200", "/2", "400"],
      ["/1", "/2", "/3"],
    ],
  ])("%s", async (_, text, expected, begun) => {
    const client = await start({ onRequest: answerWhole });
    client.socket.end(text);
    await client.closed;
    expect(told(client)).toEqual(expected);
    expect(targets()).toEqual(begun);
    for (const { request, lost } of server.taken) expect(lost).toBe(!request.complete);
    expect(server.ended).toHaveLength(expected.filter((word) => /^\d/.test(word)).length);
  });

  test.each([
    ["before the head", () => {}],
    [
      "in the answer",
      ({ reply }: TakenRequest) => {
        reply.head(200, {});
        reply.write("begun");
      },
    ],
  ])("gets its answer that is under way, %s", async (_, begin) => {
    const client = await start();
    client.socket.write(get("/1") + get("/2"));
    const first = await server.next();
    begin(first);
    client.socket.end();
    // It is probed whether it is still there.
    await receives(client, first.reply.headSent ? "\r\n0" : "102 Processing");
    if (!first.reply.headSent) first.reply.head(200, {});
    first.reply.end("answer to /1");
    answer(await server.next());
    await client.closed;
    expect(told(client).filter((word) => word !== "102")).toEqual(["200", "/1", "200", "/2"]);
    // What came last says that nothing follows.
    expect(client.received().match(/connection: \S+/g)).toEqual([
      "connection: keep-alive",
      "connection: close",
    ]);
  });

  test("while an early answer waits for its body: the connection ends", async () => {
    const client = await start();
    client.socket.write(post("/1", 5, "abc"));
    answer(await server.next());
    await receives(client, "answer to /1");
    client.socket.end();
    expect(await client.closed).toBe("end");
    expect(told(client)).toEqual(["200", "/1"]);
  });
});

describe("a body", () => {
  test("100 Continue is said before it comes, once, and at its turn", async () => {
    const client = await start();
    client.socket.write(`${get("/1")}${post("/2", 3, "", "Expect: 100-Continue\r\n")}`);
    const first = await server.next();
    await nextTurn();
    expect(client.received()).toBe("");
    answer(first);
    await receives(client, "HTTP/1.1 100 Continue\r\n\r\n");
    client.socket.write("two");
    const second = await server.next();
    await vi.waitFor(() => expect(second.request.complete).toBe(true));
    answer(second);
    await receives(client, "answer to /2");
    expect(told(client)).toEqual(["200", "/1", "100", "200", "/2"]);
  });

  test("a client of HTTP/1.0 is not told to continue", async () => {
    const client = await start({ onRequest: answerWhole });
    client.socket.write("POST /1 HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\na");
    await ended(client);
    expect(told(client)).toEqual(["200", "/1"]);
  });

  test("that still comes after its answer is read to its end, and the next request is served", async () => {
    const client = await start();
    client.socket.write(post("/1", 200_000, "x".repeat(1_000)));
    answer(await server.next());
    await receives(client, "answer to /1");
    client.socket.write("x".repeat(199_000) + get("/2"));
    const second = await server.next();
    expect(second.request.target).toBe("/2");
    answer(second);
    await receives(client, "answer to /2");
    expect(server.ended).toHaveLength(2);
  });

  test("that nobody wants is dropped, and the next request is served", async () => {
    const client = await start({ onRequest: answer });
    client.socket.write(post("/1", 100_000, "GET /evil HTTP/1.1\r\n\r\n".padEnd(100_000, "x")) + get("/2"));
    await receives(client, "answer to /2");
    expect(targets()).toEqual(["/1", "/2"]);
  });
});

test("a mistake in a handler costs its connection, and nothing else", async () => {
  const client = await start({
    onRequest: (taken) => {
      if (taken.request.target === "/bad") throw new TypeError("a mistake");
      answer(taken);
    },
  });
  client.socket.write(get("/bad"));
  await ended(client);
  expect(server.bugs).toEqual([new TypeError("a mistake"), server.taken[0]!.record.requestId]);
  expect(client.received()).toBe("");
  const next = await connect();
  next.socket.write(get("/good"));
  await receives(next, "answer to /good");
  expect(server.ended.map(({ outcome }) => outcome)[0]).toMatch(/^client_closed/);
});
