import { describe, expect, test } from "vitest";
import { addressOf, requestText, UnsendableRequest } from "./http1-request-text.ts";
import type { UpstreamRequest } from "./upstream.ts";

function request(given: Partial<UpstreamRequest>): UpstreamRequest {
  const timeouts = { connectMs: 0, firstByteMs: 0, idleMs: 0, totalMs: 0 };
  return { origin: "http://h", path: "/", method: "POST", headers: {}, timeouts, ...given };
}

test("a request in full", () => {
  const text = requestText(
    request({
      path: "/v1/m:generateContent?alt=sse",
      headers: { authorization: "Bearer t", "Accept-Encoding": "br", "x-latin": "gr\xfcn" },
      body: "gr\xfcn",
    }),
    "h:8080",
  );
  expect(text.head).toBe(
    "POST /v1/m:generateContent?alt=sse HTTP/1.1\r\nhost: h:8080\r\nconnection: keep-alive\r\n" +
      "authorization: Bearer t\r\nx-latin: gr\xfcn\r\nuser-agent: pollux\r\n" +
      "accept-encoding: identity\r\ncontent-length: 5\r\n\r\n",
  );
  expect(text).toMatchObject({ body: "gr\xfcn", length: 5 });
});

test.each<[string, Partial<UpstreamRequest>, number, boolean]>([
  ["a GET without body", { method: "GET" }, 0, false],
  ["a POST without body", {}, 0, true],
  ["bytes", { body: new Uint8Array(3) }, 3, true],
  ["pieces", { body: [new Uint8Array(3), new Uint8Array(4)] }, 7, true],
  ["no pieces", { body: [] }, 0, true],
])("the length of %s", (_name, given, length, said) => {
  const text = requestText(request(given), "h");
  expect(text.length).toBe(length);
  expect(text.head.includes(`content-length: ${length}\r\n`)).toBe(said);
});

test("the caller's own user-agent counts", () => {
  const { head } = requestText(request({ headers: { "User-Agent": "me" } }), "h");
  expect(head.match(/user-agent: .*/gi)).toEqual(["User-Agent: me"]);
});

describe("what would be a second request, or another one, is not sent", () => {
  test.each([
    "/a b",
    "/a\r\nx: y",
    "/a\nb",
    "a",
    "",
    "http://other/",
    "/\u00e9",
    "/\u{1f600}",
    "/\0",
    "/\x7f",
  ])("path %j", (path) => {
    expect(() => requestText(request({ path }), "h")).toThrow(UnsendableRequest);
  });

  test.each([
    ["x", "a\r\ny: b"],
    ["x", "a\nb"],
    ["x", "a\rb"],
    ["x", "a\0b"],
    ["x", "\x7f"],
    ["x", "\u0100"],
    ["x\r\ny", "a"],
    ["x y", "a"],
    ["x:", "a"],
    ["", "a"],
    ["gr\xfcn", "a"],
    ["Content-Length", "3"],
    ["transfer-encoding", "chunked"],
    ["Connection", "close"],
    ["host", "other"],
    ["upgrade", "h2c"],
    ["expect", "100-continue"],
    ["keep-alive", "timeout=5"],
    ["te", "trailers"],
  ])("header %j: %j", (name, value) => {
    for (let time = 0; time < 2; time += 1) {
      expect(() => requestText(request({ headers: { [name]: value } }), "h")).toThrow(UnsendableRequest);
    }
  });
});

test.each([
  ["http://h", { secure: false, hostname: "h", port: 80, host: "h", servername: "h" }],
  ["https://h", { secure: true, hostname: "h", port: 443, host: "h", servername: "h" }],
  ["https://h:8443", { secure: true, hostname: "h", port: 8443, host: "h:8443", servername: "h" }],
  [
    "https://127.0.0.1:1",
    { secure: true, hostname: "127.0.0.1", port: 1, host: "127.0.0.1:1", servername: undefined },
  ],
  ["http://[::1]:1", { secure: false, hostname: "::1", port: 1, host: "[::1]:1", servername: undefined }],
])("%s", (origin, address) => {
  expect(addressOf(origin)).toEqual(address);
});

test("an origin that is not HTTP", () => {
  expect(() => addressOf("ftp://h")).toThrow(UnsendableRequest);
});
