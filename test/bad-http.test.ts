/** Requests that are wrong before their JSON is: their size, their framing, their headers. Over real sockets. */
import { once } from "node:events";
import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { filler, sendRaw, sendText, type RawAnswer } from "./support/raw-http.ts";
import { post, startGateway, type RunningGateway } from "./support/running-gateway.ts";
import { servePollux, type ServedProcess } from "./support/served-process.ts";

const HELLO = { model: "google/gemini-2.5-flash", messages: [{ role: "user", content: "Hello there" }] };
const BODY = JSON.stringify(HELLO);
const MEGABYTE = 1_000_000;

function expectRefusal({ status, headers, body }: RawAnswer, expected: number, code: string | null): void {
  expect([status, headers["content-type"]]).toEqual([expected, "application/json"]);
  expect(headers["x-request-id"]).toMatch(/^req_\w{24}$/);
  expect(JSON.parse(body)).toEqual({
    error: { message: expect.any(String), type: "invalid_request_error", param: null, code },
  });
}

describe("S-30 S-31 large bodies, to a process of their own", () => {
  let pollux: ServedProcess;
  let calm: number;

  beforeAll(async () => {
    pollux = await servePollux();
    expect((await post(pollux, HELLO)).status).toBe(200);
    calm = await pollux.peakMemory();
  });

  afterAll(async () => {
    expect((await post(pollux, HELLO)).status).toBe(200);
    expect(pollux.exited).toBe(false);
    await pollux.stop();
  });

  /** How much more memory it takes than for a greeting, in bytes. */
  async function grown(): Promise<number> {
    return (await pollux.peakMemory()) - calm;
  }

  test("200 MB that are announced are not even kept", async () => {
    const length = 200 * MEGABYTE;
    const headers = { "content-length": String(length) };
    expectRefusal(await sendRaw(pollux.url, { headers, body: filler(length) }), 413, "request_too_large");
    expect(await grown()).toBeLessThan(40 * MEGABYTE);
  });

  test("the refusal of announced bytes comes before they do", async () => {
    const headers =
      "Host: localhost\r\nContent-Type: application/json\r\nContent-Length: 1000000000000\r\n\r\n";
    // Not one byte of the body is ever sent, so nothing else could be answered to.
    const socket = connect(Number(new URL(pollux.url).port), "127.0.0.1");
    socket.write(`POST /v1/chat/completions HTTP/1.1\r\n${headers}`);
    const [answer] = (await once(socket, "data")) as [Buffer];
    socket.destroy();
    expect(answer.toString()).toMatch(/^HTTP\/1\.1 413 /);
  });

  test("200 MB in chunks are kept to the limit of 50 MB", async () => {
    expectRefusal(await sendRaw(pollux.url, { body: filler(200 * MEGABYTE) }), 413, "request_too_large");
    expect(await grown()).toBeLessThan(150 * MEGABYTE);
  });

  test.each<[string, Iterable<string | Buffer>[], string]>([
    ["brackets that never close", [filler(49 * MEGABYTE, "[")], "nested deeper than 100 levels"],
    ["objects that never close", [filler(49 * MEGABYTE, '{"a":')], "nested deeper than 100 levels"],
    ["empty lists", [['{"a":['], filler(49 * MEGABYTE, "[],"), ["1]}"]], "more than 250000 values"],
    ["numbers", [['{"a":['], filler(49 * MEGABYTE, "1,"), ["1]}"]], "more than 250000 values"],
  ])("49 MB of %s are refused before they are parsed", async (_, pieces, message) => {
    const body = pieces.flatMap((piece) => [...piece]);
    const answer = await sendRaw(pollux.url, { body });
    expectRefusal(answer, 400, null);
    expect(answer.body).toContain(message);
    // The parser would need gigabytes for any of these.
    expect(await grown()).toBeLessThan(300 * MEGABYTE);
  });
});

describe("refusals that come before the body has arrived", () => {
  let guarded: RunningGateway;

  beforeAll(async () => {
    guarded = await startGateway({ POLLUX_API_KEYS: "right", POLLUX_MAX_BODY_BYTES: "1000000" });
  });

  afterAll(async () => {
    await guarded.close();
    expect(guarded.bugs).toEqual([]);
  });

  // The system's socket buffers take a few MB: only a larger body is still being sent when the answer comes.
  test.each([
    ["a wrong key", "/v1/chat/completions", { authorization: "Bearer wrong" }, 401],
    [
      "a wrong type",
      "/v1/chat/completions",
      { authorization: "Bearer right", "content-type": "text/plain" },
      415,
    ],
    ["a size over the limit", "/v1/chat/completions", { authorization: "Bearer right" }, 413],
    ["no such path", "/v1/nothing", {}, 404],
    ["no such method", "/v1/models", {}, 405],
  ])("reach a client that is still sending: %s", async (_, path, headers, status) => {
    const length = 20 * MEGABYTE;
    for (let round = 0; round < 5; round += 1) {
      const sent = { ...headers, "content-length": String(length) };
      const answer = await sendRaw(guarded.url, { path, headers: sent, body: filler(length) });
      expect(answer.status).toBe(status);
      expect(JSON.parse(answer.body)).toHaveProperty("error.message");
    }
    // fetch reads the answer only if its own sending did not fail first.
    const response = await fetch(guarded.url + path, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: Buffer.alloc(length),
    });
    expect(response.status).toBe(status);
    expect(await response.json()).toHaveProperty("error.message");
  });

  test("the connection serves the next request", async () => {
    const refused = `POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${BODY.length}\r\n\r\n${BODY}`;
    const next = "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    const answer = await sendText(guarded.url, refused + next);
    expect(answer.match(/HTTP\/1\.1 \d+/g)).toEqual(["HTTP/1.1 401", "HTTP/1.1 200"]);
  });
});

const chat = (headers: string, body = "", line = "POST /v1/chat/completions HTTP/1.1"): string =>
  `${line}\r\nHost: localhost\r\nContent-Type: application/json\r\nConnection: close\r\n${headers}\r\n\r\n${body}`;
const get = (path: string, headers = ""): string =>
  `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n${headers}\r\n`;
const lines = (count: number): string =>
  Array.from({ length: count }, (_, index) => `h${index}: 1\r\n`).join("");

describe("on the wire", () => {
  let gateway: RunningGateway;

  beforeAll(async () => {
    gateway = await startGateway();
  });

  afterAll(async () => {
    expect(gateway.composed.emulator!.requestCount).toBe(0);
    expect((await post(gateway, HELLO)).status).toBe(200);
    await gateway.close();
    expect(gateway.bugs).toEqual([]);
  });

  test.each([
    ["S-30 10,000 headers", get("/v1/models", lines(10_000)), 431, "headers_too_large"],
    ["S-30 a header of 64 KB", get("/v1/models", `h: ${"x".repeat(65_536)}\r\n`), 431, "headers_too_large"],
    ["S-30 100,000 query parameters", get(`/v1/models?${"a&".repeat(100_000)}`), 431, "headers_too_large"],
    [
      "S-41 both lengths",
      chat("Content-Length: 2\r\nTransfer-Encoding: chunked", "0\r\n\r\n"),
      400,
      "malformed_http",
    ],
    ["S-41 two lengths", chat("Content-Length: 2\r\nContent-Length: 3", "{}"), 400, "malformed_http"],
    ["S-41 a negative length", chat("Content-Length: -1"), 400, "malformed_http"],
    ["S-41 a length with an exponent", chat("Content-Length: 1e3"), 400, "malformed_http"],
    ["S-41 an unknown coding", chat("Transfer-Encoding: xchunked", "0\r\n\r\n"), 400, "malformed_http"],
    ["S-41 chunked twice", chat("Transfer-Encoding: chunked, chunked", "0\r\n\r\n"), 400, "malformed_http"],
    ["S-41 a chunk that has no size", chat("Transfer-Encoding: chunked", "zz\r\n"), 400, "malformed_http"],
    [
      "S-41 a flood of chunk extensions",
      chat("Transfer-Encoding: chunked", `2;${"x".repeat(20_000)}\r\n{}\r\n0\r\n\r\n`),
      400,
      "malformed_http",
    ],
    ["S-41 a folded header", chat(`Content-Length: 2\r\nX-A: b\r\n c`, "{}"), 400, "malformed_http"],
    ["S-41 bare line feeds", "GET /v1/models HTTP/1.1\nHost: localhost\n\n", 400, "malformed_http"],
    ["a NUL in the target", get("/v1/models\0"), 400, "malformed_http"],
    ["no Host", "GET /v1/models HTTP/1.1\r\n\r\n", 400, "malformed_http"],
    ["another version", "GET / HTTP/9.9\r\nHost: localhost\r\n\r\n", 400, "malformed_http"],
    ["TLS", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400, "malformed_http"],
    ["HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400, "malformed_http"],
    ["an escape that is none", get("/v1/models/%zz"), 400, null, "model"],
    [
      "S-42 an expectation nobody knows",
      chat("Content-Length: 2\r\nExpect: miracles", "{}"),
      417,
      "expectation_failed",
    ],
    ["S-42 CONNECT", "CONNECT a.example:443 HTTP/1.1\r\nHost: a.example\r\n\r\n", 405, "method_not_allowed"],
    ["S-42 TRACE", chat("", "", "TRACE /v1/chat/completions HTTP/1.1"), 405, "method_not_allowed"],
    [
      "S-42 Upgrade to a web socket",
      chat("Upgrade: websocket", "", "GET /v1/chat/completions HTTP/1.1"),
      405,
      "method_not_allowed",
    ],
    ["S-42 OPTIONS", chat("", "", "OPTIONS /v1/chat/completions HTTP/1.1"), 405, "method_not_allowed"],
    [
      "S-09 a method in a header",
      get("/v1/chat/completions", "X-HTTP-Method-Override: POST\r\n"),
      405,
      "method_not_allowed",
    ],
    [
      "S-09 a path in a header",
      get("/v1/nothing", "X-Original-URL: /v1/models\r\nX-Rewrite-URL: /v1/models\r\n"),
      404,
      "unknown_url",
    ],
    ["S-08 a path that climbs", get("/v1/chat/../../etc/passwd"), 404, "unknown_url"],
  ])("%s", async (_, text, status, code, param?) => {
    const [head = "", ...rest] = (await sendText(gateway.url, text)).split("\r\n\r\n");
    expect(head).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(head).toMatch(/^x-request-id: req_\w{24}$/m);
    const body = rest.join("\r\n\r\n");
    const { error } = JSON.parse(body.slice(body.indexOf("{"), body.lastIndexOf("}") + 1));
    expect(error).toEqual({
      message: expect.any(String),
      type: expect.any(String),
      param: param ?? null,
      code,
    });
  });

  test.each(["gzip", "deflate", "br", "zstd", "gzip, gzip", "x"])(
    "S-40 content-encoding %s",
    async (encoding) => {
      const answer = await sendRaw(gateway.url, { headers: { "content-encoding": encoding }, body: [BODY] });
      expectRefusal(answer, 415, "unsupported_media_type");
    },
  );

  test.each([
    "text/plain",
    "multipart/form-data; boundary=x",
    "application/xml",
    "application/json; charset=utf-16",
    "application/json; charset=latin1",
    "application/jsonp",
  ])("S-43 content-type %s", async (type) => {
    const answer = await sendRaw(gateway.url, { headers: { "content-type": type }, body: [BODY] });
    expectRefusal(answer, 415, "unsupported_media_type");
  });
});

test("S-42 Expect: 100-continue is answered as other requests are", async () => {
  const gateway = await startGateway();
  const headers = `Host: localhost\r\nConnection: close\r\nExpect: 100-continue\r\nContent-Length: ${BODY.length}\r\n`;
  const answer = await sendText(gateway.url, `POST /v1/chat/completions HTTP/1.1\r\n${headers}\r\n${BODY}`);
  expect(answer.match(/HTTP\/1\.1 \d+/g)).toEqual(["HTTP/1.1 100", "HTTP/1.1 200"]);
  await gateway.close();
});

test("S-43 what curl users leave out or do not mean is forgiven them, and no web page", async () => {
  const gateway = await startGateway();
  const forgiven = ["", "Content-Type: application/x-www-form-urlencoded\r\n", "Content-Type:\r\n"];
  for (const type of forgiven) {
    for (const [origin, status] of [
      ["", 200],
      ["Origin: https://evil.example\r\n", 415],
      ["Origin: null\r\n", 415],
    ] as const) {
      const headers = `Host: localhost\r\nConnection: close\r\n${type}${origin}Content-Length: ${BODY.length}\r\n`;
      const answer = await sendText(
        gateway.url,
        `POST /v1/chat/completions HTTP/1.1\r\n${headers}\r\n${BODY}`,
      );
      expect([type, origin, answer.slice(9, 12)]).toEqual([type, origin, String(status)]);
    }
  }
  await gateway.close();
  expect(gateway.bugs).toEqual([]);
});
