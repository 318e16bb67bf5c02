import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { cutAt, fieldLines, messageBytes } from "../../test/support/http-bytes.ts";
import { FramingError } from "../wire/http1-framing-error.ts";
import { ResponseParser } from "./http1-response-parser.ts";

const MAX_HEAD = 4_096;

interface Seen {
  status: number | undefined;
  headers: Record<string, unknown>;
  body: string;
  ended: boolean;
  reusable: boolean;
  error: string | undefined;
}

/** What a reader is told of these pieces; `closed` is the end of the connection after them. */
function read(pieces: readonly Buffer[], closed = false): Seen {
  const parser = new ResponseParser(MAX_HEAD);
  const seen: Seen = {
    status: undefined,
    headers: {},
    body: "",
    ended: false,
    reusable: false,
    error: undefined,
  };
  const bodies: Buffer[] = [];
  let heads = 0;
  for (const piece of pieces) {
    // As a socket does it: the bytes are in the middle of a buffer that is overwritten afterwards.
    const lent = Buffer.concat([Buffer.from("]]"), piece, Buffer.from("HTTP/1.1 500 [[")]);
    const over = seen.ended || seen.error !== undefined;
    parser.push(lent, 2, 2 + piece.length);
    lent.fill("#");
    if (parser.head !== undefined) {
      heads += 1;
      seen.status = parser.head.status;
      seen.headers = { ...parser.head.headers };
    }
    if (parser.body !== undefined) {
      expect(heads).toBe(1);
      expect(over).toBe(false);
      expect(parser.body.length).toBeGreaterThan(0);
      bodies.push(parser.body);
    }
    seen.ended = parser.ended;
    seen.error = parser.error?.message;
    if (parser.error !== undefined) expect(parser.error).toBeInstanceOf(FramingError);
  }
  if (closed) {
    parser.finish();
    seen.ended = parser.ended;
  }
  expect(heads).toBeLessThanOrEqual(1);
  seen.body = Buffer.concat(bodies).toString("latin1");
  seen.reusable = parser.ended && parser.reusable;
  return seen;
}

function whole(text: string, closed = false): Seen {
  return read([Buffer.from(text, "latin1")], closed);
}

/** Legal answers of every kind, with what a reader must make of them. */
const LEGAL: [string, string, Partial<Seen>][] = [
  [
    "a length",
    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX: a\r\nx:\tb \r\n\r\nhello",
    { status: 200, headers: { "content-length": "5", x: ["a", "b"] }, body: "hello", reusable: true },
  ],
  ["an empty body", "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", { body: "", reusable: true }],
  ["no reason", "HTTP/1.1 404\r\ncontent-length: 1\r\n\r\nx", { status: 404, body: "x", reusable: true }],
  [
    "an empty reason, a reason in Latin-1",
    "HTTP/1.1 100 \r\n\r\nHTTP/1.1 200 Tr\xe8s bien\r\ncontent-length: 1\r\n\r\nx",
    { status: 200, body: "x" },
  ],
  [
    "chunks",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n3\r\none\r\nA\r\n0123456789\r\n0\r\n\r\n",
    { body: "one0123456789", reusable: true },
  ],
  [
    "chunk extensions and trailers",
    'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n003;a=b;c="d e"\r\none\r\n00;last\r\nx-sum: 1\r\ny: 2\r\n\r\n',
    { body: "one", reusable: true },
  ],
  ["204", "HTTP/1.1 204 No Content\r\n\r\n", { status: 204, reusable: true }],
  [
    "304 with the length of what is not sent",
    "HTTP/1.1 304 Not Modified\r\ncontent-length: 50\r\n\r\n",
    { status: 304, body: "", reusable: true },
  ],
  [
    "interim answers",
    "HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\ncontent-length: 2\r\n\r\nok",
    { status: 201, headers: { "content-length": "2" }, body: "ok", reusable: true },
  ],
  [
    "connection: close",
    "HTTP/1.1 200 OK\r\nconnection: x, Close\r\ncontent-length: 2\r\n\r\nok",
    { body: "ok", reusable: false },
  ],
  [
    "close on one of two lines",
    "HTTP/1.1 200 OK\r\nconnection: close\r\nconnection: keep-alive\r\ncontent-length: 2\r\n\r\nok",
    { body: "ok", reusable: false },
  ],
  ["HTTP/1.0", "HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\nok", { body: "ok", reusable: false }],
  [
    "HTTP/1.0 that keeps the connection",
    "HTTP/1.0 200 OK\r\nconnection: Keep-Alive\r\ncontent-length: 2\r\n\r\nok",
    { body: "ok", reusable: true },
  ],
  [
    "names that objects have",
    "HTTP/1.1 200 OK\r\n__proto__: a\r\nconstructor: b\r\ncontent-length: 0\r\n\r\n",
    { headers: { ["__proto__"]: "a", constructor: "b", "content-length": "0" } },
  ],
];

describe("legal answers", () => {
  test.each(LEGAL)("%s, whole and cut at every byte", (_name, text, expected) => {
    const bytes = Buffer.from(text, "latin1");
    const once = read([bytes]);
    expect(once).toMatchObject({ ended: true, error: undefined, ...expected });
    for (let place = 1; place < bytes.length; place += 1) {
      expect(read([bytes.subarray(0, place), bytes.subarray(place)])).toEqual(once);
    }
    expect(read(cutAt(bytes, [...bytes.keys()]))).toEqual(once);
  });

  test("without length and chunks, the end of the connection is the end", () => {
    const text = "HTTP/1.1 200 OK\r\n\r\nall\r\n0\r\n\r\n";
    expect(whole(text)).toMatchObject({ ended: false, body: "all\r\n0\r\n\r\n" });
    expect(whole(text, true)).toMatchObject({ ended: true, reusable: false });
  });

  test.each([
    "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhell",
    "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\none\r\n",
    "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\none\r\n0\r\n",
    "HTTP/1.1 200 OK\r\n",
    "",
  ])("cut off, %j is no answer", (text) => {
    expect(whole(text, true)).toMatchObject({ ended: false, reusable: false });
  });

  test("a server's hint how long it keeps the connection", () => {
    const hint = (value: string): number | undefined => {
      const parser = new ResponseParser(MAX_HEAD);
      const bytes = Buffer.from(`HTTP/1.1 200 OK\r\nkeep-alive: ${value}\r\ncontent-length: 0\r\n\r\n`);
      parser.push(bytes, 0, bytes.length);
      return parser.head?.keepAliveMs;
    };
    expect(hint("timeout=5, max=100")).toBe(5_000);
    expect(hint("max=100, timeout=61")).toBe(61_000);
    expect(hint("max=100")).toBe(-1);
    expect(hint("notimeout=3")).toBe(-1);
  });

  test("all chunks of one read come in one piece", () => {
    const parser = new ResponseParser(MAX_HEAD);
    const bytes = Buffer.from(
      `HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n${"4\r\nabcd\r\n".repeat(100)}`,
    );
    parser.push(bytes, 0, bytes.length);
    expect(parser.body?.toString()).toBe("abcd".repeat(100));
    parser.push(Buffer.from("1\r\nx\r\n0\r\n\r\n"), 0, 11);
    expect(parser.body?.toString()).toBe("x");
    expect(parser.ended).toBe(true);
  });

  test("one parser reads the answers of one connection in turn", () => {
    const parser = new ResponseParser(MAX_HEAD);
    for (const [, text] of LEGAL) {
      parser.reset();
      const bytes = Buffer.from(text, "latin1");
      parser.push(bytes, 0, bytes.length);
      expect(parser.ended).toBe(true);
      expect(parser.error).toBeUndefined();
    }
  });
});

const OK = "HTTP/1.1 200 OK\r\n";
const CHUNKED = `${OK}transfer-encoding: chunked\r\n\r\n`;

/** Where two readers could see two different answers, or none can see one. */
const SMUGGLING: [string, string][] = [
  ["a length and chunks", `${OK}content-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`],
  ["chunks and a length", `${OK}transfer-encoding: chunked\r\ncontent-length: 3\r\n\r\n0\r\n\r\n`],
  ["two lengths", `${OK}content-length: 3\r\ncontent-length: 5\r\n\r\nabcde`],
  ["the same length twice", `${OK}content-length: 3\r\nContent-Length: 3\r\n\r\nabc`],
  ["a list of lengths", `${OK}content-length: 3, 3\r\n\r\nabc`],
  ["a signed length", `${OK}content-length: +3\r\n\r\nabc`],
  ["a negative length", `${OK}content-length: -3\r\n\r\nabc`],
  ["a length in hexadecimal", `${OK}content-length: 0x3\r\n\r\nabc`],
  ["a length with a fraction", `${OK}content-length: 3.0\r\n\r\nabc`],
  ["an empty length", `${OK}content-length: \r\n\r\nabc`],
  ["a length beyond counting", `${OK}content-length: 99999999999999999999\r\n\r\nabc`],
  ["another transfer encoding", `${OK}transfer-encoding: gzip\r\n\r\nabc`],
  ["chunks within another encoding", `${OK}transfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n`],
  ["identity", `${OK}transfer-encoding: identity\r\n\r\nabc`],
  ["chunked twice", `${OK}transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`],
  ["chunked with a parameter", `${OK}transfer-encoding: chunked;a=b\r\n\r\n0\r\n\r\n`],
  ["quoted chunked", `${OK}transfer-encoding: "chunked"\r\n\r\n0\r\n\r\n`],
  ["chunked behind a vertical tab", `${OK}transfer-encoding: \x0bchunked\r\n\r\n0\r\n\r\n`],
  ["chunks in HTTP/1.0", "HTTP/1.0 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"],
  ["a folded line", `${OK}x: a\r\n b\r\ncontent-length: 3\r\n\r\nabc`],
  ["a folded line with a tab", `${OK}x: a\r\n\tb: c\r\ncontent-length: 3\r\n\r\nabc`],
  ["a folded first line", `${OK} x: a\r\ncontent-length: 3\r\n\r\nabc`],
  ["a blank before the colon", `${OK}content-length : 3\r\n\r\nabc`],
  ["a tab before the colon", `${OK}transfer-encoding\t: chunked\r\n\r\n0\r\n\r\n`],
  ["no name", `${OK}: 3\r\n\r\nabc`],
  ["no colon", `${OK}content-length\r\n\r\nabc`],
  ["a name that is none", `${OK}content(length): 3\r\n\r\nabc`],
  ["a name in Latin-1", `${OK}content-l\xe8ngth: 3\r\n\r\nabc`],
  ["a bare LF after a header", `${OK}x: a\ncontent-length: 3\r\n\r\nabc`],
  ["bare LFs only", "HTTP/1.1 200 OK\ncontent-length: 3\n\nabc"],
  ["a bare LF as the empty line", `${OK}content-length: 3\r\n\nabc`],
  ["a bare CR within a header", `${OK}x: a\rcontent-length: 3\r\n\r\nabc`],
  ["two CRs", `${OK}content-length: 3\r\r\n\r\nabc`],
  ["a NUL in a header", `${OK}x: a\0b\r\ncontent-length: 3\r\n\r\nabc`],
  ["an escape in a header", `${OK}x: \x1b[2J\r\ncontent-length: 3\r\n\r\nabc`],
  ["a delete in a header", `${OK}x: \x7f\r\ncontent-length: 3\r\n\r\nabc`],
  ["an empty line first", `\r\n${OK}content-length: 3\r\n\r\nabc`],
  ["another protocol", "SSH-2.0-OpenSSH_9.2\r\n"],
  ["HTTP/2", "HTTP/2 200 OK\r\n\r\n"],
  ["HTTP/1.2", "HTTP/1.2 200 OK\r\n\r\n"],
  ["HTTP/0.9", "<html></html>"],
  ["lower case", "http/1.1 200 OK\r\n\r\n"],
  ["two blanks before the status", "HTTP/1.1  200 OK\r\n\r\n"],
  ["a tab before the status", "HTTP/1.1\t200 OK\r\n\r\n"],
  ["a status of two digits", "HTTP/1.1 20 OK\r\n\r\n"],
  ["a status of four digits", "HTTP/1.1 2000 OK\r\n\r\n"],
  ["a status that is none", "HTTP/1.1 2x0 OK\r\n\r\n"],
  ["status 000", "HTTP/1.1 000 OK\r\n\r\n"],
  ["no status", "HTTP/1.1\r\n\r\n"],
  ["a change of protocol", "HTTP/1.1 101 Switching Protocols\r\nupgrade: h2c\r\n\r\n"],
  ["an interim answer with a length", "HTTP/1.1 100 Continue\r\ncontent-length: 3\r\n\r\nabc"],
  ["an interim answer in chunks", "HTTP/1.1 100 Continue\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"],
  ["an interim answer in HTTP/1.0", `HTTP/1.0 100 Continue\r\n\r\n${OK}content-length: 0\r\n\r\n`],
  ["endless interim answers", "HTTP/1.1 100 Continue\r\n\r\n".repeat(40)],
  ["too many headers", `${OK}${"a: b\r\n".repeat(257)}\r\n`],
  ["a head too large", `${OK}a: ${"b".repeat(MAX_HEAD)}`],
  ["a status line too long", `HTTP/1.1 200 ${"b".repeat(MAX_HEAD)}`],
  ["no chunk size", `${CHUNKED}\r\nabc\r\n0\r\n\r\n`],
  ["a chunk size that is none", `${CHUNKED}g\r\nabc\r\n0\r\n\r\n`],
  ["a signed chunk size", `${CHUNKED}+3\r\nabc\r\n0\r\n\r\n`],
  ["a negative chunk size", `${CHUNKED}-3\r\nabc\r\n0\r\n\r\n`],
  ["a chunk size with 0x", `${CHUNKED}0x3\r\nabc\r\n0\r\n\r\n`],
  ["a blank before a chunk size", `${CHUNKED} 3\r\nabc\r\n0\r\n\r\n`],
  ["a blank after a chunk size", `${CHUNKED}3 \r\nabc\r\n0\r\n\r\n`],
  ["a chunk size beyond counting", `${CHUNKED}10000000000000003\r\nabc\r\n0\r\n\r\n`],
  ["a chunk size of zeros beyond end", `${CHUNKED}${"0".repeat(64)}3\r\nabc\r\n0\r\n\r\n`],
  ["a bare LF after a chunk size", `${CHUNKED}3\nabc\r\n0\r\n\r\n`],
  ["a bare CR after a chunk size", `${CHUNKED}3\rabc\r\n0\r\n\r\n`],
  ["a bare LF in a chunk extension", `${CHUNKED}3;a\nabc\r\n0\r\n\r\n`],
  ["a NUL in a chunk extension", `${CHUNKED}3;a\0\r\nabc\r\n0\r\n\r\n`],
  ["a chunk extension too long", `${CHUNKED}3;${"a".repeat(20_000)}\r\nabc\r\n0\r\n\r\n`],
  ["chunk extensions too long together", `${CHUNKED}${`1;${"a".repeat(1_000)}\r\nx\r\n`.repeat(20)}`],
  ["a chunk longer than its size", `${CHUNKED}3\r\nabcd\r\n0\r\n\r\n`],
  ["a bare LF after a chunk", `${CHUNKED}3\r\nabc\n0\r\n\r\n`],
  ["a trailer without a colon", `${CHUNKED}0\r\nabc\r\n\r\n`],
  ["a folded trailer", `${CHUNKED}0\r\na: b\r\n c\r\n\r\n`],
  ["a bare LF after the last chunk", `${CHUNKED}0\r\n\n`],
  ["trailers too large", `${CHUNKED}0\r\na: ${"b".repeat(MAX_HEAD)}`],
];

describe("what is no answer", () => {
  test.each(SMUGGLING)("%s", (_name, text) => {
    const bytes = Buffer.from(text, "latin1");
    const once = read([bytes]);
    expect(once).toMatchObject({ ended: false, reusable: false, error: expect.any(String) });
    // Cut anywhere, it is refused for the same reason, after the same bytes of body.
    const places = bytes.length > 400 ? [1, 16, 17, 40, bytes.length - 1] : bytes.keys();
    for (const place of places) {
      expect(read([bytes.subarray(0, place), bytes.subarray(place)])).toEqual(once);
    }
    expect(read(cutAt(bytes, [...bytes.keys()]))).toEqual(once);
  });

  test.each<[string, string]>([
    ["after a length", `${OK}content-length: 3\r\n\r\nabc${OK}`],
    ["after the last chunk", `${CHUNKED}0\r\n\r\nX`],
    ["after nothing", "HTTP/1.1 204 No Content\r\n\r\n\r\n"],
    ["after 304", "HTTP/1.1 304 Not Modified\r\ncontent-length: 3\r\n\r\nabc"],
    ["of a 204 with a length", "HTTP/1.1 204 No Content\r\ncontent-length: 3\r\n\r\n"],
    ["of a 204 in chunks", "HTTP/1.1 204 No Content\r\ntransfer-encoding: chunked\r\n\r\n"],
  ])("bytes %s spoil the connection, not the answer", (_name, text) => {
    const bytes = Buffer.from(text, "latin1");
    const once = read([bytes]);
    expect(once).toMatchObject({ ended: true, reusable: false, error: undefined });
    expect(read(cutAt(bytes, [...bytes.keys()]))).toEqual(once);
  });
});

const token = fc.stringMatching(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,12}$/);
const value = fc.stringMatching(/^[!-~\xa0-\xff]([\t -~\xa0-\xff]{0,20}[!-~])?$/);
const FRAMING = new Set(["content-length", "transfer-encoding", "connection", "keep-alive"]);
const fields = fc.array(
  fc.tuple(
    token.filter((name) => !FRAMING.has(name.toLowerCase())),
    value,
  ),
  { maxLength: 6 },
);
const blank = fc.constantFrom("", " ", "\t", "  ");

/** A legal answer, and what a reader must make of it. */
const answer = fc
  .record({
    interim: fc.array(fields, { maxLength: 2 }),
    status: fc.integer({ min: 200, max: 999 }).filter((status) => status !== 204 && status !== 304),
    reason: fc.stringMatching(/^[\t -~\xa0-\xff]{0,12}$/),
    fields,
    blank,
    body: fc.array(fc.uint8Array({ minLength: 1, maxLength: 40 }), { maxLength: 8 }),
    chunked: fc.boolean(),
    extension: fc.constantFrom("", ";a", ';a="b c"'),
    trailers: fields,
    close: fc.boolean(),
  })
  .map((given) => {
    const interim = given.interim.map((list) => `HTTP/1.1 103 Hints\r\n${fieldLines(list, given.blank)}\r\n`);
    const bytes = messageBytes({
      ...given,
      start: `${interim.join("")}HTTP/1.1 ${given.status} ${given.reason}\r\n`,
      connection: given.close ? "close" : "",
      framing: given.chunked ? "chunks" : "length",
    });
    const whole = Buffer.concat(given.body);
    const headers = new Map<string, string[]>();
    for (const [name, text] of given.fields) {
      const lower = name.toLowerCase();
      headers.set(lower, [...(headers.get(lower) ?? []), text.replace(/^[\t ]+|[\t ]+$/g, "")]);
    }
    return { bytes, status: given.status, headers, body: whole.toString("latin1"), close: given.close };
  });

describe("whatever comes", () => {
  test("random legal answers at random cuts say what they were made of", () => {
    fc.assert(
      fc.property(answer, fc.array(fc.nat(600), { maxLength: 12 }), (made, places) => {
        const seen = read(cutAt(made.bytes, places));
        expect(seen).toMatchObject({
          status: made.status,
          body: made.body,
          ended: true,
          reusable: !made.close,
          error: undefined,
        });
        for (const [name, values] of made.headers) {
          expect(seen.headers[name]).toEqual(values.length === 1 ? values[0] : values);
        }
      }),
      { numRuns: 500 },
    );
  });

  test("two answers in one read: the first counts, and the connection does not", () => {
    fc.assert(
      fc.property(answer, answer, fc.array(fc.nat(600), { maxLength: 6 }), (one, other, places) => {
        const seen = read(cutAt(Buffer.concat([one.bytes, other.bytes]), places));
        expect(seen).toMatchObject({ status: one.status, body: one.body, ended: true, reusable: false });
      }),
    );
  });

  test("garbage, and answers with a few bytes changed, are refused or read, the same at any cut", () => {
    const damaged = fc
      .tuple(answer, fc.array(fc.tuple(fc.nat(400), fc.nat(255)), { minLength: 1, maxLength: 4 }))
      .map(([made, changes]) => {
        const bytes = Buffer.from(made.bytes);
        for (const [place, byte] of changes) if (place < bytes.length) bytes[place] = byte;
        return bytes;
      });
    const garbage = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes));
    const begun = garbage.map((bytes) => Buffer.concat([Buffer.from("HTTP/1.1 200 OK\r\n"), bytes]));
    const chunks = garbage.map((bytes) => Buffer.concat([Buffer.from(CHUNKED), bytes]));
    fc.assert(
      fc.property(
        fc.oneof(damaged, garbage, begun, chunks),
        fc.array(fc.nat(400), { maxLength: 8 }),
        fc.boolean(),
        (bytes, places, closed) => {
          const once = read([bytes], closed);
          expect(once.body.length).toBeLessThanOrEqual(bytes.length);
          if (once.error !== undefined) expect(once.reusable).toBe(false);
          expect(read(cutAt(bytes, places), closed)).toEqual(once);
        },
      ),
      { numRuns: 1_000 },
    );
  });
});
