import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { cutAt, messageBytes } from "../../test/support/http-bytes.ts";
import { FramingError } from "../wire/http1-framing-error.ts";
import { RequestParser } from "./request-parser.ts";

const MAX_HEAD = 4_096;

interface SeenRequest {
  method: string;
  target: string;
  minor: number;
  headers: Record<string, unknown>;
  contentLength: number;
  chunked: boolean;
  persistent: boolean;
  body: string;
  ended: boolean;
}

interface Seen {
  requests: SeenRequest[];
  /** Why what comes after them is no request. */
  error: string | undefined;
  code: string | undefined;
  begun: boolean;
}

/** What a connection would be told of these pieces. */
function read(pieces: readonly Buffer[]): Seen {
  const requests: SeenRequest[] = [];
  const seen: Seen = { requests, error: undefined, code: undefined, begun: false };
  const parser = new RequestParser(MAX_HEAD, {
    take(bytes, from, to) {
      const request = requests.at(-1)!;
      expect(request.ended).toBe(false);
      expect(to).toBeGreaterThan(from);
      request.body += bytes.toString("latin1", from, to);
    },
  });
  for (const piece of pieces) {
    // As a socket does it: the bytes are in the middle of a buffer that is overwritten afterwards.
    const lent = Buffer.concat([Buffer.from("GET /["), piece, Buffer.from("]\r\n\r\n0\r\n\r\n")]);
    const to = 6 + piece.length;
    try {
      for (let at = 6; at < to;) {
        if (parser.head !== undefined && parser.ended) parser.next();
        const isBody = parser.head !== undefined;
        const next = parser.read(lent, at, to);
        expect(next).toBeGreaterThan(at);
        expect(next).toBeLessThanOrEqual(to);
        at = next;
        const { head } = parser;
        if (head === undefined) continue;
        if (!isBody) requests.push({ ...head, headers: { ...head.headers }, body: "", ended: false });
        requests.at(-1)!.ended = parser.ended;
      }
    } catch (error) {
      expect(error).toBeInstanceOf(FramingError);
      const { message, code } = error as FramingError;
      Object.assign(seen, { error: message, code });
      // A connection reads nothing after that.
      return seen;
    } finally {
      lent.fill("#");
    }
  }
  seen.begun = parser.begun;
  return seen;
}

/** Cut in two anywhere, and into single bytes, it says the same. */
function sameAtAnyCut(bytes: Buffer, once: Seen): void {
  const places = bytes.length > 1_000 ? [1, 2, 15, 16, 17, 40, bytes.length - 1] : bytes.keys();
  for (const place of places) expect(read(cutAt(bytes, [place]))).toEqual(once);
  expect(read(cutAt(bytes, bytes.keys()))).toEqual(once);
}

const HOST = "Host: x\r\n";
const POST = `POST /v1 HTTP/1.1\r\n${HOST}`;
const CHUNKED = `${POST}Transfer-Encoding: chunked\r\n\r\n`;
const LAST = "0\r\n\r\n";

/** Legal requests of every kind, with what a reader must make of them. */
const LEGAL: [string, string, ...Partial<SeenRequest>[]][] = [
  [
    "a length",
    `${POST}Content-Length: 5\r\n\r\nhello`,
    {
      method: "POST",
      target: "/v1",
      minor: 1,
      headers: { host: "x", "content-length": "5" },
      contentLength: 5,
      chunked: false,
      persistent: true,
      body: "hello",
    },
  ],
  ["no body", "GET / HTTP/1.1\r\n\r\n", { method: "GET", contentLength: -1, headers: {}, body: "" }],
  ["a length of zero", `${POST}Content-Length: 0\r\n\r\n`, { contentLength: 0, body: "" }],
  ["a length with zeros in front", `${POST}Content-Length: 0003\r\n\r\nabc`, { body: "abc" }],
  ["a length of fifteen digits", `${POST}Content-Length: 000000000000003\r\n\r\nabc`, { body: "abc" }],
  ["a length for a GET", "GET / HTTP/1.1\r\ncontent-length: 3\r\n\r\nabc", { method: "GET", body: "abc" }],
  [
    "chunks",
    `${POST}Transfer-Encoding: Chunked\r\n\r\n3\r\none\r\nA\r\n0123456789\r\n0\r\n\r\n`,
    { body: "one0123456789", chunked: true, contentLength: -1 },
  ],
  [
    "chunk sizes with zeros in front",
    `${CHUNKED}0000000000003\r\none\r\n0000000000000\r\n\r\n`,
    { body: "one" },
  ],
  [
    "chunk sizes in both cases",
    `${CHUNKED}a\r\n0123456789\r\nB\r\n0123456789a\r\n${LAST}`,
    { body: "01234567890123456789a" },
  ],
  ["chunk data that looks like framing", `${CHUNKED}7\r\n0\r\n\r\nGE\r\n${LAST}`, { body: "0\r\n\r\nGE" }],
  [
    "chunk extensions and trailers",
    `${CHUNKED}003;a=b;c="d e"\r\none\r\n00;last\r\nx-sum: 1\r\nHost: other\r\n\r\n`,
    { body: "one", headers: { host: "x", "transfer-encoding": "chunked" } },
  ],
  ["no chunks at all", `${CHUNKED}${LAST}`, { body: "" }],
  [
    "blanks around values",
    `GET / HTTP/1.1\r\na: \t b \t\r\nc:\r\nd:e\r\nf: g \t h\r\n\r\n`,
    { headers: { a: "b", c: "", d: "e", f: "g \t h" } },
  ],
  ["values beyond ASCII", "GET / HTTP/1.1\r\na: \xe8\xff\x80\r\n\r\n", { headers: { a: "\xe8\xff\x80" } }],
  [
    "a header that comes again is one line",
    "GET / HTTP/1.1\r\nY: a\r\nX: 1\r\ny: b\r\nx:\r\nX: 3\r\n\r\n",
    { headers: { y: "a, b", x: "1, , 3" } },
  ],
  [
    "authorization that comes again is one line",
    "GET / HTTP/1.1\r\nAuthorization: Bearer a\r\nauthorization: Bearer b\r\n\r\n",
    { headers: { authorization: "Bearer a, Bearer b" } },
  ],
  [
    "names that objects have",
    "GET / HTTP/1.1\r\n__proto__: a\r\nconstructor: b\r\n__proto__: c\r\nhasOwnProperty: d\r\ntoString: e\r\n\r\n",
    { headers: { ["__proto__"]: "a, c", constructor: "b", hasownproperty: "d", tostring: "e" } },
  ],
  [
    "all characters of names",
    "GET / HTTP/1.1\r\n!#$%&'*+-.^_`|~09AZaz: 1\r\n\r\n",
    { headers: { "!#$%&'*+-.^_`|~09azaz": "1" } },
  ],
  ["256 headers", `GET / HTTP/1.1\r\n${"a: b\r\n".repeat(256)}\r\n`, { method: "GET" }],
  [
    "a head as large as allowed",
    `GET / HTTP/1.1\r\na: ${"b".repeat(MAX_HEAD - 23)}\r\n\r\n`,
    { headers: { a: "b".repeat(MAX_HEAD - 23) } },
  ],
  ["connection: close", "GET / HTTP/1.1\r\nConnection: x, Close\r\n\r\n", { persistent: false }],
  [
    "close on one of two lines",
    "GET / HTTP/1.1\r\nConnection: close\r\nConnection: keep-alive\r\n\r\n",
    { persistent: false },
  ],
  ["HTTP/1.0", "GET / HTTP/1.0\r\n\r\n", { minor: 0, persistent: false }],
  ["HTTP/1.0 that stays", "GET / HTTP/1.0\r\nconnection: Keep-Alive\r\n\r\n", { minor: 0, persistent: true }],
  ["a query", "GET /a?b=c&d=%20#e HTTP/1.1\r\n\r\n", { target: "/a?b=c&d=%20#e" }],
  ["a whole URL", "GET http://h.example:1/a?b HTTP/1.1\r\n\r\n", { target: "http://h.example:1/a?b" }],
  ["an asterisk", "OPTIONS * HTTP/1.1\r\n\r\n", { method: "OPTIONS", target: "*" }],
  ["a target that says HTTP", "GET /HTTP/1.1 HTTP/1.1\r\n\r\n", { target: "/HTTP/1.1" }],
  ["a method that nobody knows", "M-SEARCH!~ / HTTP/1.1\r\n\r\n", { method: "M-SEARCH!~" }],
  ["a method in lower case is another", "get / HTTP/1.1\r\n\r\n", { method: "get" }],
  ["a method of 32 letters", `${"A".repeat(32)} / HTTP/1.1\r\n\r\n`, { method: "A".repeat(32) }],
  ["CONNECT", "CONNECT h:443 HTTP/1.1\r\n\r\n", { method: "CONNECT", target: "h:443" }],
  ["an empty line first", `\r\nGET / HTTP/1.1\r\n\r\n`, { method: "GET" }],
  ["empty lines first", `${"\r\n".repeat(20)}GET / HTTP/1.1\r\n\r\n`, { method: "GET" }],
  [
    "several",
    `GET /1 HTTP/1.1\r\n\r\n${POST}Content-Length: 2\r\n\r\nab${CHUNKED}1\r\nc\r\n${LAST}GET /2 HTTP/1.1\r\n\r\n`,
    { target: "/1", body: "" },
    { body: "ab", chunked: false },
    { body: "c", chunked: true, contentLength: -1 },
    { target: "/2", body: "", chunked: false, headers: {} },
  ],
  [
    "empty lines between",
    `${POST}Content-Length: 2\r\n\r\nab\r\nGET / HTTP/1.1\r\n\r\n\r\n\r\nGET /2 HTTP/1.1\r\n\r\n`,
    { body: "ab" },
    { target: "/" },
    { target: "/2" },
  ],
];

describe("legal requests", () => {
  test.each(LEGAL)("%s, whole and cut at every byte", (_name, text, ...expected) => {
    const bytes = Buffer.from(text, "latin1");
    const once = read([bytes]);
    expect(once).toMatchObject({ error: undefined, begun: false });
    expect(once.requests).toHaveLength(expected.length);
    for (const [index, request] of expected.entries()) {
      const { headers, ...rest } = request;
      expect(once.requests[index]).toMatchObject({ ended: true, ...rest });
      if (headers !== undefined) expect(once.requests[index]!.headers).toEqual(headers);
    }
    sameAtAnyCut(bytes, once);
  });

  test("all of them on one connection", () => {
    const bytes = Buffer.from(LEGAL.map(([, text]) => text).join(""), "latin1");
    const alone = LEGAL.flatMap(([, text]) => read([Buffer.from(text, "latin1")]).requests);
    expect(read([bytes]).requests).toEqual(alone);
    expect(read(cutAt(bytes, bytes.keys())).requests).toEqual(alone);
  });

  test("its headers have no prototype, and a name of one is a name", () => {
    const parser = new RequestParser(MAX_HEAD, { take() {} });
    const bytes = Buffer.from("GET / HTTP/1.1\r\n__proto__: a\r\n\r\n");
    parser.read(bytes, 0, bytes.length);
    const headers = parser.head!.headers;
    expect(headers["constructor"]).toBeUndefined();
    expect(headers["__proto__"]).toBe("a");
    expect(Object.keys(headers)).toEqual(["__proto__"]);
    expect(({} as Record<string, unknown>)["a"]).toBeUndefined();
  });

  test("bytes of a body are handed on where they stand, without a copy", () => {
    const taken: [Buffer, number, number][] = [];
    const parser = new RequestParser(MAX_HEAD, { take: (...given) => void taken.push(given) });
    const bytes = Buffer.from(`${POST}Content-Length: 3\r\n\r\nabc`);
    const body = parser.read(bytes, 0, bytes.length);
    expect([taken, parser.ended]).toEqual([[], false]);
    expect(parser.read(bytes, body, bytes.length)).toBe(bytes.length);
    expect(taken).toEqual([[bytes, bytes.length - 3, bytes.length]]);
    expect(taken[0]![0]).toBe(bytes);
  });

  test.each<[string, boolean]>([
    ["", false],
    ["\r\n", false],
    ["\r", true],
    ["G", true],
    [`${POST}`, true],
    [`${POST}Content-Length: 3\r\n\r\n`, true],
    [`${POST}Content-Length: 3\r\n\r\nab`, true],
    [`${POST}Content-Length: 3\r\n\r\nabc`, false],
    [`${POST}Content-Length: 3\r\n\r\nabc\r\n`, false],
    [`${POST}Content-Length: 3\r\n\r\nabcG`, true],
    [CHUNKED, true],
    [`${CHUNKED}1\r\na\r\n0\r\n`, true],
    [`${CHUNKED}1\r\na\r\n0\r\n\r\n`, false],
  ])("after %j something has begun: %s", (text, begun) => {
    const seen = read([Buffer.from(text)]);
    expect(seen).toMatchObject({ error: undefined, begun });
  });
});

const LINE = "it does not begin with a request line of HTTP/1.1 or HTTP/1.0";
const METHOD = "its method is no word";
const TARGET = "its target has a blank or a character beyond ASCII";
const NAME = "a header has a name that is none";
const LENGTHS = "it has no one valid length";
const CODING = "it has a transfer encoding other than chunked";
const CONTROL = "a header line has a control character";
const CRLF = "a line does not end with CRLF";
const SIZE = "a chunk has no valid size";
const LONG_SIZE = "a chunk size is too long";
const EXTENSIONS = "its chunk extensions are too long";
const TOO_LARGE = "its headers are too large";

const TE = `${POST}Transfer-Encoding:`;
const CL = `${POST}Content-Length:`;

/** Where two readers could see two different requests, or none can see one. */
const SMUGGLING: [string, string, string][] = [
  [
    "a length and chunks",
    `${CL} 3\r\nTransfer-Encoding: chunked\r\n\r\n${LAST}`,
    "it has a length and chunks",
  ],
  ["chunks and a length", `${TE} chunked\r\nContent-Length: 3\r\n\r\n${LAST}`, "it has a length and chunks"],
  [
    "chunks and a length of zero",
    `${TE} chunked\r\nContent-Length: 0\r\n\r\n${LAST}`,
    "it has a length and chunks",
  ],
  ["two lengths", `${CL} 3\r\nContent-Length: 5\r\n\r\nabcde`, LENGTHS],
  ["the same length twice", `${CL} 3\r\ncontent-length: 3\r\n\r\nabc`, LENGTHS],
  ["a list of lengths", `${CL} 3, 3\r\n\r\nabc`, LENGTHS],
  ["a length and an empty one", `${CL} 3\r\nContent-Length:\r\n\r\nabc`, LENGTHS],
  ["an empty length and a length", `${CL}\r\nContent-Length: 3\r\n\r\nabc`, LENGTHS],
  ["a signed length", `${CL} +3\r\n\r\nabc`, LENGTHS],
  ["a negative length", `${CL} -3\r\n\r\nabc`, LENGTHS],
  ["a length in hexadecimal", `${CL} 0x3\r\n\r\nabc`, LENGTHS],
  ["a length with an exponent", `${CL} 3e0\r\n\r\nabc`, LENGTHS],
  ["a length with a fraction", `${CL} 3.0\r\n\r\nabc`, LENGTHS],
  ["a length with an underscore", `${CL} 0_3\r\n\r\nabc`, LENGTHS],
  ["a length with a blank within", `${CL} 0 3\r\n\r\nabc`, LENGTHS],
  ["a length in quotes", `${CL} "3"\r\n\r\nabc`, LENGTHS],
  ["a length in digits of others", `${CL} \xb3\r\n\r\nabc`, LENGTHS],
  ["an empty length", `${CL} \r\n\r\nabc`, LENGTHS],
  ["a length beyond counting", `${CL} 9999999999999999\r\n\r\nabc`, LENGTHS],
  ["a length that overflows 64 bits", `${CL} 18446744073709551619\r\n\r\nabc`, LENGTHS],
  ["another transfer encoding", `${TE} gzip\r\n\r\nabc`, CODING],
  ["chunks within another encoding", `${TE} gzip, chunked\r\n\r\n${LAST}`, CODING],
  ["chunks around another encoding", `${TE} chunked, gzip\r\n\r\n${LAST}`, CODING],
  ["identity", `${TE} identity\r\n\r\n${LAST}`, CODING],
  ["an empty transfer encoding", `${TE}\r\n\r\n${LAST}`, CODING],
  ["an empty one and chunked", `${TE}\r\nTransfer-Encoding: chunked\r\n\r\n${LAST}`, CODING],
  ["chunked twice", `${TE} chunked\r\nTransfer-Encoding: chunked\r\n\r\n${LAST}`, CODING],
  ["chunked twice on a line", `${TE} chunked, chunked\r\n\r\n${LAST}`, CODING],
  ["chunked with a comma", `${TE} chunked,\r\n\r\n${LAST}`, CODING],
  ["chunked with a parameter", `${TE} chunked;a=b\r\n\r\n${LAST}`, CODING],
  ["quoted chunked", `${TE} "chunked"\r\n\r\n${LAST}`, CODING],
  ["xchunked", `${TE} xchunked\r\n\r\n${LAST}`, CODING],
  ["chunked behind a no-break space", `${TE} \xa0chunked\r\n\r\n${LAST}`, CODING],
  ["chunked with a Kelvin sign, in lower case a k", `${TE} chun\xe2\x84\xaaed\r\n\r\n${LAST}`, CODING],
  ["chunked behind a vertical tab", `${TE} \x0bchunked\r\n\r\n${LAST}`, CONTROL],
  [
    "chunks in HTTP/1.0",
    `POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n${LAST}`,
    "HTTP/1.0 has no chunks",
  ],
  ["two Hosts", `${POST}host: y\r\n\r\n`, "it has no one valid Host"],
  ["the same Host twice", `${POST}${HOST}\r\n`, "it has no one valid Host"],
  ["a Host with a blank", "GET / HTTP/1.1\r\nHost: a b\r\n\r\n", "it has no one valid Host"],
  ["a folded line", `${POST}x: a\r\n b\r\ncontent-length: 3\r\n\r\nabc`, "a header has no colon"],
  ["a folded line with a colon", `${POST}x: a\r\n b: c\r\ncontent-length: 3\r\n\r\nabc`, NAME],
  ["a folded line with a tab", `${POST}x: a\r\n\tb: c\r\ncontent-length: 3\r\n\r\nabc`, NAME],
  ["a folded coding", `${TE}\r\n chunked:\r\n\r\n${LAST}`, CODING],
  ["a folded first line", `GET / HTTP/1.1\r\n Host: x\r\n\r\n`, NAME],
  ["a blank before the colon", `${POST}Content-Length : 3\r\n\r\nabc`, NAME],
  ["a tab before the colon", `${POST}Transfer-Encoding\t: chunked\r\n\r\n${LAST}`, NAME],
  ["no name", `${POST}: 3\r\n\r\n`, NAME],
  ["no colon", `${POST}Content-Length\r\n\r\nabc`, "a header has no colon"],
  ["no colon on the last line but in the body", `${POST}x\r\n\r\na: b`, "a header has no colon"],
  ["a name that is none", `${POST}content(length): 3\r\n\r\nabc`, NAME],
  ["a name in Latin-1", `${POST}content-l\xe8ngth: 3\r\n\r\nabc`, NAME],
  ["a bare LF after a header", `${POST}x: a\ncontent-length: 3\r\n\r\nabc`, CONTROL],
  ["bare LFs only", "GET / HTTP/1.1\nHost: x\n\n", CONTROL],
  ["a bare LF as the empty line", `${CL} 3\r\n\nabc`, CONTROL],
  ["a bare LF after the request line", "GET / HTTP/1.1\nHost: x\r\n\r\n", CONTROL],
  ["a bare LF before a request", "\nGET / HTTP/1.1\r\n\r\n", METHOD],
  ["a bare CR before a request", "\rGET / HTTP/1.1\r\n\r\n", CRLF],
  ["a bare CR within a header", `${POST}x: a\rcontent-length: 3\r\n\r\nabc`, CRLF],
  ["a bare CR in the request line", "GET /\rHTTP/1.1\r\n\r\n", CRLF],
  ["two CRs", `${CL} 3\r\r\n\r\nabc`, CRLF],
  ["a CR as the empty line", `${CL} 3\r\n\rabc`, CRLF],
  ["a NUL in a header", `${POST}x: a\0b\r\n\r\n`, CONTROL],
  ["a NUL in a name", `${POST}x\0: b\r\n\r\n`, CONTROL],
  ["a NUL in the target", "GET /\0 HTTP/1.1\r\n\r\n", CONTROL],
  ["a NUL in the method", "G\0T / HTTP/1.1\r\n\r\n", METHOD],
  ["an escape in a header", `${POST}x: \x1b[2J\r\n\r\n`, CONTROL],
  ["a delete in a header", `${POST}x: \x7f\r\n\r\n`, CONTROL],
  ["a delete in the target", "GET /\x7f HTTP/1.1\r\n\r\n", CONTROL],
  ["a tab in the target", "GET /\t HTTP/1.1\r\n\r\n", TARGET],
  ["a blank in the target", "GET /a b HTTP/1.1\r\n\r\n", TARGET],
  ["UTF-8 in the target", "GET /\xc3\xa9 HTTP/1.1\r\n\r\n", TARGET],
  ["Latin-1 in the target", "GET /\xe9 HTTP/1.1\r\n\r\n", TARGET],
  ["two blanks before the target", "GET  / HTTP/1.1\r\n\r\n", TARGET],
  ["two blanks before the version", "GET /  HTTP/1.1\r\n\r\n", TARGET],
  ["a tab before the target", "GET\t/ HTTP/1.1\r\n\r\n", METHOD],
  ["a tab before the version", "GET /\tHTTP/1.1\r\n\r\n", LINE],
  ["a blank after the version", "GET / HTTP/1.1 \r\n\r\n", LINE],
  ["a blank before the method", " GET / HTTP/1.1\r\n\r\n", METHOD],
  ["a blank line before a request", " \r\nGET / HTTP/1.1\r\n\r\n", METHOD],
  ["two request lines", "GET / HTTP/1.1\r\nGET / HTTP/1.1\r\n\r\n", "a header has no colon"],
  ["no target", "GET HTTP/1.1\r\n\r\n", LINE],
  ["an empty target", "GET  HTTP/1.1\r\n\r\n", TARGET],
  ["no method", "/ HTTP/1.1\r\n\r\n", METHOD],
  ["no version", "GET /\r\n\r\n", LINE],
  ["a word", "GET\r\n\r\n", METHOD],
  ["HTTP/0.9", "GET / HTTP/0.9\r\n\r\n", LINE],
  ["HTTP/1.2", "GET / HTTP/1.2\r\n\r\n", LINE],
  ["HTTP/1.10", "GET / HTTP/1.10\r\n\r\n", LINE],
  ["HTTP/1", "GET / HTTP/1\r\n\r\n", LINE],
  ["HTTP/01.1", "GET / HTTP/01.1\r\n\r\n", LINE],
  ["HTTP/1,1", "GET / HTTP/1,1\r\n\r\n", LINE],
  ["HTTP/2.0", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", LINE],
  ["HTTP/3.1", "GET / HTTP/3.1\r\n\r\n", LINE],
  ["lower case", "GET / http/1.1\r\n\r\n", LINE],
  ["HTTPS/1.1", "GET / HTTPS/1.1\r\n\r\n", LINE],
  ["a version in other digits", "GET / HTTP/1.\xb9\r\n\r\n", LINE],
  ["TLS", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", METHOD],
  ["SSH", "SSH-2.0-OpenSSH_9.2\r\n", METHOD],
  ["an answer", "HTTP/1.1 200 OK\r\n\r\n", METHOD],
  ["JSON", '{"model":', METHOD],
  ["a method in Latin-1", "G\xc8T / HTTP/1.1\r\n\r\n", METHOD],
  ["a method of 33 letters", `${"A".repeat(33)} / HTTP/1.1\r\n\r\n`, METHOD],
  ["letters without end", "A".repeat(100), METHOD],
  ["too many headers", `${POST}${"a: b\r\n".repeat(256)}\r\n`, "it has too many headers"],
  ["a head too large by one byte", `GET / HTTP/1.1\r\na: ${"b".repeat(MAX_HEAD - 22)}\r\n\r\n`, TOO_LARGE],
  ["a head without end", `GET / HTTP/1.1\r\na: ${"b".repeat(MAX_HEAD)}`, TOO_LARGE],
  ["a target without end", `GET /${"b".repeat(MAX_HEAD)}`, TOO_LARGE],
  ["no chunk size", `${CHUNKED}\r\nabc\r\n${LAST}`, SIZE],
  ["a chunk size that is none", `${CHUNKED}g\r\nabc\r\n${LAST}`, SIZE],
  ["only an extension", `${CHUNKED};a\r\nabc\r\n${LAST}`, SIZE],
  ["a signed chunk size", `${CHUNKED}+3\r\nabc\r\n${LAST}`, SIZE],
  ["a negative chunk size", `${CHUNKED}-3\r\nabc\r\n${LAST}`, SIZE],
  ["a negative last chunk", `${CHUNKED}-0\r\n\r\n`, SIZE],
  ["a chunk size with 0x", `${CHUNKED}0x3\r\nabc\r\n${LAST}`, SIZE],
  ["a chunk size with an underscore", `${CHUNKED}0_3\r\nabc\r\n${LAST}`, SIZE],
  ["a chunk size with a full stop", `${CHUNKED}3.0\r\nabc\r\n${LAST}`, SIZE],
  ["a blank before a chunk size", `${CHUNKED} 3\r\nabc\r\n${LAST}`, SIZE],
  ["a blank after a chunk size", `${CHUNKED}3 \r\nabc\r\n${LAST}`, SIZE],
  ["a tab after a chunk size", `${CHUNKED}3\t;a\r\nabc\r\n${LAST}`, SIZE],
  ["a NUL after a chunk size", `${CHUNKED}3\0\r\nabc\r\n${LAST}`, SIZE],
  ["a chunk size in other digits", `${CHUNKED}\xb3\r\nabc\r\n${LAST}`, SIZE],
  ["a chunk size that overflows 64 bits", `${CHUNKED}10000000000000003\r\nabc\r\n${LAST}`, LONG_SIZE],
  ["a chunk size of fourteen digits", `${CHUNKED}00000000000003\r\nabc\r\n${LAST}`, LONG_SIZE],
  ["a last chunk of fourteen zeros", `${CHUNKED}00000000000000\r\n\r\n`, LONG_SIZE],
  ["a bare LF after a chunk size", `${CHUNKED}3\nabc\r\n${LAST}`, SIZE],
  ["a bare CR after a chunk size", `${CHUNKED}3\rabc\r\n${LAST}`, CRLF],
  [
    "a bare LF in a chunk extension",
    `${CHUNKED}3;a\nabc\r\n${LAST}`,
    "a chunk extension has a control character",
  ],
  ["a bare CR in a chunk extension", `${CHUNKED}3;a\rb\r\nabc\r\n${LAST}`, CRLF],
  [
    "a NUL in a chunk extension",
    `${CHUNKED}3;a\0\r\nabc\r\n${LAST}`,
    "a chunk extension has a control character",
  ],
  ["a chunk extension too long", `${CHUNKED}3;${"a".repeat(20_000)}\r\nabc\r\n${LAST}`, EXTENSIONS],
  [
    "chunk extensions too long together",
    `${CHUNKED}${`1;${"a".repeat(1_000)}\r\nx\r\n`.repeat(20)}`,
    EXTENSIONS,
  ],
  ["a chunk longer than its size", `${CHUNKED}3\r\nabcd\r\n${LAST}`, CRLF],
  ["a chunk shorter than its size", `${CHUNKED}4\r\nabc\r\n${LAST}`, CRLF],
  ["a bare LF after a chunk", `${CHUNKED}3\r\nabc\n${LAST}`, CRLF],
  ["a bare CR after a chunk", `${CHUNKED}3\r\nabc\r${LAST}`, CRLF],
  ["a trailer without a colon", `${CHUNKED}0\r\nabc\r\n\r\n`, "a header has no colon"],
  ["a folded trailer", `${CHUNKED}0\r\na: b\r\n c: d\r\n\r\n`, NAME],
  ["a blank before a trailer's colon", `${CHUNKED}0\r\na : b\r\n\r\n`, NAME],
  ["a NUL in a trailer", `${CHUNKED}0\r\na: \0\r\n\r\n`, CONTROL],
  ["a bare LF after a trailer", `${CHUNKED}0\r\na: b\n\r\n`, CONTROL],
  ["a bare LF after the last chunk", `${CHUNKED}0\r\n\n`, CONTROL],
  ["a request in place of the last line", `${CHUNKED}0\r\nGET / HTTP/1.1\r\n\r\n`, "a header has no colon"],
  ["trailers too large", `${CHUNKED}0\r\na: ${"b".repeat(MAX_HEAD)}`, TOO_LARGE],
  ["too many trailers", `${CHUNKED}0\r\n${"a: b\r\n".repeat(257)}\r\n`, "it has too many headers"],
];

describe("what is no request", () => {
  test.each(SMUGGLING)("%s", (_name, text, why) => {
    const bytes = Buffer.from(text, "latin1");
    const once = read([bytes]);
    const code =
      why === TOO_LARGE || why.includes("too many") ? "ERR_HTTP1_HEAD_TOO_LARGE" : "ERR_HTTP1_FRAMING";
    expect(once).toMatchObject({ error: why, code });
    expect(once.requests.every(({ ended }) => !ended)).toBe(true);
    // Cut anywhere, it is refused for the same reason, after the same bytes of body.
    sameAtAnyCut(bytes, once);
  });

  test.each(SMUGGLING)(
    "after a legal request, that one is read and this one refused: %s",
    (_name, text, why) => {
      const before = Buffer.from(`${CHUNKED}1\r\na\r\n${LAST}`);
      const seen = read([Buffer.concat([before, Buffer.from(text, "latin1")])]);
      expect(seen.requests[0]).toMatchObject({ body: "a", ended: true });
      expect(seen.requests.filter(({ ended }) => ended)).toHaveLength(1);
      expect(seen.error).toBe(why);
    },
  );

  test("a body longer than its length is another request, and mostly none", () => {
    const seen = read([Buffer.from(`${CL} 3\r\n\r\nabcdef: x\r\n\r\n`)]);
    expect(seen.requests).toMatchObject([{ body: "abc", ended: true }]);
    expect(seen.error).toBe(METHOD);
  });
});

const token = fc.stringMatching(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,12}$/);
const value = fc.stringMatching(/^([!-~\xa0-\xff]([\t -~\xa0-\xff]{0,20}[!-~])?)?$/);
const FRAMING = new Set(["content-length", "transfer-encoding", "connection"]);
const fields = fc.array(
  fc.tuple(
    token.filter((name) => !FRAMING.has(name.toLowerCase())),
    value,
  ),
  { maxLength: 6 },
);

/** A legal request, and what a reader must make of it. */
const request = fc
  .record({
    empty: fc.constantFrom("", "", "\r\n", "\r\n\r\n"),
    method: fc.oneof(fc.constantFrom("GET", "POST"), token),
    target: fc.oneof(fc.constant("/v1/chat/completions"), fc.stringMatching(/^[!-~]{1,30}$/)),
    minor: fc.constantFrom(1, 1, 0),
    fields,
    blank: fc.constantFrom("", " ", "\t", "  "),
    body: fc.array(fc.uint8Array({ minLength: 1, maxLength: 40 }), { maxLength: 8 }),
    framing: fc.constantFrom("none", "length", "chunks"),
    extension: fc.constantFrom("", ";a", ';a="b c"'),
    trailers: fields,
    connection: fc.constantFrom("", "close", "keep-alive"),
  })
  .map((given) => {
    const isChunked = given.framing === "chunks" && given.minor === 1;
    const framing = given.framing === "chunks" && !isChunked ? "length" : given.framing;
    const bytes = messageBytes({
      ...given,
      framing,
      start: `${given.empty}${given.method} ${given.target} HTTP/1.${given.minor}\r\n`,
    });
    const whole = Buffer.concat(given.body);
    const headers = new Map<string, string[]>();
    for (const [name, text] of given.fields) {
      const lower = name.toLowerCase();
      headers.set(lower, [...(headers.get(lower) ?? []), text]);
    }
    const bodyless = framing === "none";
    return {
      bytes,
      headers,
      seen: {
        method: given.method,
        target: given.target,
        minor: given.minor,
        chunked: isChunked,
        contentLength: isChunked || bodyless ? -1 : whole.length,
        persistent: given.connection === "" ? given.minor === 1 : given.connection === "keep-alive",
        body: bodyless ? "" : whole.toString("latin1"),
        ended: true,
      },
    };
  });

const cuts = fc.array(fc.nat(600), { maxLength: 12 });

describe("whatever comes", () => {
  test("random legal requests, one after the other, at random cuts say what they were made of", () => {
    fc.assert(
      fc.property(fc.array(request, { minLength: 1, maxLength: 4 }), cuts, (made, places) => {
        const seen = read(cutAt(Buffer.concat(made.map(({ bytes }) => bytes)), places));
        expect(seen).toMatchObject({ error: undefined, begun: false });
        expect(seen.requests).toMatchObject(made.map((one) => one.seen));
        for (const [index, { headers }] of made.entries()) {
          for (const [name, values] of headers) {
            expect(seen.requests[index]!.headers[name]).toBe(values.join(", "));
          }
        }
      }),
      { numRuns: 400 },
    );
  });

  test("garbage, and requests with a few bytes changed, are refused or read, the same at any cut", () => {
    const damaged = fc
      .tuple(
        fc.array(request, { minLength: 1, maxLength: 3 }),
        fc.array(fc.tuple(fc.nat(400), fc.oneof(fc.nat(255), fc.constantFrom(0, 9, 10, 13, 32, 58, 48))), {
          minLength: 1,
          maxLength: 4,
        }),
      )
      .map(([made, changes]) => {
        const bytes = Buffer.concat(made.map((one) => one.bytes));
        for (const [place, byte] of changes) if (place < bytes.length) bytes[place] = byte;
        return bytes;
      });
    const garbage = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes));
    const begun = garbage.map((bytes) => Buffer.concat([Buffer.from(POST), bytes]));
    const chunks = garbage.map((bytes) => Buffer.concat([Buffer.from(CHUNKED), bytes]));
    fc.assert(
      fc.property(fc.oneof(damaged, garbage, begun, chunks), cuts, (bytes, places) => {
        const once = read([bytes]);
        const taken = once.requests.map(({ body }) => body.length).reduce((sum, length) => sum + length, 0);
        expect(taken).toBeLessThanOrEqual(bytes.length);
        expect(read(cutAt(bytes, places))).toEqual(once);
      }),
      { numRuns: 1_000 },
    );
  });

  test("what is cut off has begun, and nothing of it is a whole request", () => {
    fc.assert(
      fc.property(request, fc.double({ min: 0, max: 1, noNaN: true }), ({ bytes }, share) => {
        const length = Math.floor(share * bytes.length);
        const seen = read([bytes.subarray(0, length)]);
        expect(seen.error).toBeUndefined();
        if (length < bytes.length) expect(seen.requests.every(({ ended }) => !ended)).toBe(true);
      }),
    );
  });
});
