import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { GatewayError } from "../errors.ts";
import { comment, DONE, encodeData, SseReader } from "./sse.ts";

interface Read {
  events: [data: string, eventName: string | undefined][];
  stray: string[];
}

function read(chunks: Buffer[], maxEventBytes = 1_000_000): Read {
  const result: Read = { events: [], stray: [] };
  const reader = new SseReader({
    onEvent: (data, eventName) => result.events.push([data, eventName]),
    onStray: (text) => result.stray.push(text),
    maxEventBytes,
  });
  for (const chunk of chunks) {
    // The reader must not rely on a chunk staying as it is after `push`.
    const lent = Buffer.from(chunk);
    reader.push(lent);
    lent.fill(0x2a);
  }
  reader.end();
  return result;
}

const text = (value: string): Buffer => Buffer.from(value, "utf8");
const data = (value: string): [string, undefined] => [value, undefined];

describe("one stream", () => {
  test.each<{ name: string; stream: string; events?: Read["events"]; stray?: string[] }>([
    { name: "nothing", stream: "" },
    { name: "one event", stream: 'data: {"a":1}\n\n', events: [data('{"a":1}')] },
    { name: "no space after the colon", stream: "data:x\n\n", events: [data("x")] },
    { name: "only one leading space is dropped", stream: "data:  x \n\n", events: [data(" x ")] },
    { name: "CRLF", stream: "data: x\r\n\r\ndata: y\r\n\r\n", events: [data("x"), data("y")] },
    { name: "CR", stream: "data: x\r\rdata: y\r\r", events: [data("x"), data("y")] },
    {
      name: "mixed line ends",
      stream: "data: 1\r\n\ndata: 2\n\r\ndata: 3\r\rdata: 4\n\rdata: 5\r\n\r\n",
      events: [data("1"), data("2"), data("3"), data("4"), data("5")],
    },
    { name: "lines join", stream: "data: a\ndata\ndata:\ndata: b\n\n", events: [data("a\n\n\nb")] },
    { name: "empty data is an event", stream: "data:\n\n", events: [data("")] },
    { name: "blank lines alone are none", stream: "\n\n\r\n\r\r\n", events: [] },
    { name: "byte order mark", stream: "\uFEFFdata: x\n\n", events: [data("x")] },
    {
      name: "byte order mark on a later line is no mark",
      stream: "\n\uFEFFdata: x\n\n",
      stray: ["\uFEFFdata: x"],
    },
    { name: "comments", stream: ": hi\n:\ndata: x\n: there\n\n", events: [data("x")] },
    {
      name: "event names last for one event",
      stream: "event: error\ndata: x\n\ndata: y\n\n",
      events: [["x", "error"], data("y")],
    },
    {
      name: "an event name after the data",
      stream: "data: x\nevent:error\n\n",
      events: [["x", "error"]],
    },
    { name: "an empty event name is none", stream: "event\ndata: x\n\n", events: [data("x")] },
    { name: "a name without data is no event", stream: "event: error\n\ndata: y\n\n", events: [data("y")] },
    { name: "id and retry", stream: "id: 7\nretry: 100\nid\ndata: x\n\n", events: [data("x")] },
    {
      name: "characters of two to four bytes",
      stream: 'data: {"t":"é漢🌊"}\n\n',
      events: [data('{"t":"é漢🌊"}')],
    },
    {
      name: "Unicode line separators do not end a line",
      stream: "data: a\u2028b\u0085c\n\n",
      events: [data("a\u2028b\u0085c")],
    },
    {
      name: "the last blank line is missing",
      stream: "data: a\n\ndata: b\n",
      events: [data("a")],
      stray: ["b"],
    },
    { name: "the last line has no end", stream: 'data: a\n\ndata: {"b', events: [data("a")], stray: ['{"b'] },
    { name: "the last line is a bare CR", stream: "data: a\n\r", events: [data("a")] },
    {
      name: "a pretty-printed error object instead of events",
      stream: '{\n  "error": {\n    "code": 503\n  }\n}\n',
      stray: ['{\n  "error": {\n    "code": 503\n  }\n}'],
    },
    {
      name: "an error array after events, without a line end",
      stream: 'data: a\n\n[{"error":{"code":429}}]',
      events: [data("a")],
      stray: ['[{"error":{"code":429}}]'],
    },
    {
      name: "stray lines and an unfinished event",
      stream: "oops\ndata: a",
      stray: ["oops\na"],
    },
    {
      name: "field names are exact",
      stream: "Data: a\n data: b\ndatax: c\ndat: d\neventful: e\n\n",
      stray: ["Data: a\n data: b\ndatax: c\ndat: d\neventful: e"],
    },
  ])("$name", ({ stream, events = [], stray = [] }) => {
    const whole = text(stream);
    const expected: Read = { events, stray };
    expect(read([whole])).toEqual(expected);
    // Cut at every byte, and at every pair of bytes; then one byte at a time.
    for (let first = 0; first <= whole.length; first += 1) {
      for (let second = first; second <= whole.length; second += 1) {
        const chunks = [whole.subarray(0, first), whole.subarray(first, second), whole.subarray(second)];
        const got = read(chunks);
        if (JSON.stringify(got) !== JSON.stringify(expected)) {
          expect(got, `cut at ${first} and ${second}`).toEqual(expected);
        }
      }
    }
    expect(read([...whole].map((byte) => Buffer.of(byte)))).toEqual(expected);
  });

  test("any events, line ends and cuts give the events back", () => {
    const lineEnd = fc.constantFrom("\n", "\r\n", "\r");
    const line = fc.string({ unit: "binary", maxLength: 30 }).map((s) => s.replace(/[\r\n]/g, " "));
    const event = fc.record({
      lines: fc.array(line, { minLength: 1, maxLength: 3 }),
      name: fc.option(fc.constantFrom("error", "message"), { nil: undefined }),
      ends: fc.array(lineEnd, { minLength: 6, maxLength: 6 }),
      comment: fc.boolean(),
    });
    fc.assert(
      fc.property(
        fc.array(event, { maxLength: 6 }),
        fc.array(fc.nat(400), { maxLength: 12 }),
        (events, cuts) => {
          let stream = "";
          for (const { lines, name, ends, comment: withComment } of events) {
            // Around the blank line CRLF: a CR that happens to meet an LF is one line end, not two.
            const parts = [
              ...(name === undefined ? [] : [`event: ${name}`]),
              ...(withComment ? [": kept alive"] : []),
              ...lines.map((value) => `data: ${value}`),
              "",
            ];
            parts.forEach((part, index) => {
              const end = ends[index] ?? "\n";
              const next = part === "" || parts[index + 1] === "" ? "\r\n" : end;
              stream += part + next;
            });
          }
          const whole = text(stream);
          const edges = [0, ...cuts.map((cut) => Math.min(cut, whole.length)), whole.length].sort(
            (a, b) => a - b,
          );
          const chunks = edges.slice(1).map((edge, index) => whole.subarray(edges[index], edge));
          // Lone surrogates cannot be sent as UTF-8.
          const sent = events.map(({ lines, name }) => [text(lines.join("\n")).toString(), name]);
          expect(read(chunks)).toEqual({ events: sent, stray: [] });
        },
      ),
    );
  });

  test("any bytes, cut anywhere, read as they do whole", () => {
    const bytes = fc.array(fc.constantFrom(...text('data: {}\r\n:e "x漢'), 0xff, 0xef, 0xbb, 0xbf), {
      maxLength: 80,
    });
    fc.assert(
      fc.property(bytes, fc.array(fc.nat(80), { maxLength: 8 }), (all, cuts) => {
        const whole = Buffer.from(all);
        const edges = [0, ...cuts.map((cut) => Math.min(cut, whole.length)), whole.length].sort(
          (a, b) => a - b,
        );
        const chunks = edges.slice(1).map((edge, index) => whole.subarray(edges[index], edge));
        expect(read(chunks)).toEqual(read([whole]));
      }),
    );
  });
});

const tooLarge = (chunks: Buffer[], max: number): unknown => {
  try {
    read(chunks, max);
  } catch (error) {
    return error instanceof GatewayError ? error.failure : error;
  }
  return undefined;
};
describe("limits", () => {
  const failure = {
    kind: "upstream",
    status: 502,
    type: "server_error",
    code: "upstream_event_too_large",
    param: null,
  };

  test.each([
    { name: "a line", stream: `data: ${"x".repeat(95)}\n\n`, large: true },
    { name: "a line just short enough", stream: `data: ${"x".repeat(94)}\n\n`, large: false },
    { name: "many lines of one event", stream: `${"data: xxxx\n".repeat(12)}\n`, large: true },
    { name: "empty data lines", stream: `${"data\n".repeat(12)}\n`, large: true },
    { name: "a comment", stream: `:${"x".repeat(100)}\n`, large: true },
    { name: "a stray line", stream: "x".repeat(101), large: true },
    { name: "many small events", stream: "data: xxxx\n\n".repeat(50), large: false },
  ])("$name: too large is $large, however it is cut", ({ stream, large }) => {
    const whole = text(stream);
    const expected = large ? failure : undefined;
    expect(tooLarge([whole], 100)).toEqual(expected);
    expect(
      tooLarge(
        [...whole].map((byte) => Buffer.of(byte)),
        100,
      ),
    ).toEqual(expected);
    for (let cut = 0; cut <= whole.length; cut += 1) {
      expect(tooLarge([whole.subarray(0, cut), whole.subarray(cut)], 100)).toEqual(expected);
    }
  });

  test("a line that never ends is refused before it is collected", () => {
    const chunk = Buffer.alloc(64 * 1024, "x");
    const reader = new SseReader({ onEvent: () => undefined, maxEventBytes: 1024 * 1024 });
    let taken = 0;
    expect(() => {
      for (let index = 0; index < 1000; index += 1) {
        reader.push(chunk);
        taken += chunk.length;
      }
    }).toThrow(GatewayError);
    expect(taken).toBe(1024 * 1024);
  });

  test("stray lines are kept up to the limit and no further", () => {
    const { stray } = read(
      Array.from({ length: 1000 }, () => text("stray line\n")),
      500,
    );
    expect(stray).toHaveLength(1);
    expect(stray[0]).toMatch(/^stray line\nstray line\n/);
    expect(stray[0]?.length).toBeLessThanOrEqual(520);
  });

  test("nobody listening for stray text", () => {
    const events: string[] = [];
    const reader = new SseReader({ onEvent: (value) => events.push(value), maxEventBytes: 100 });
    reader.push(text("oops\ndata: x\n\ndata: y"));
    reader.end();
    expect(events).toEqual(["x"]);
  });
});

test("what is written reads back", () => {
  const stream = comment() + encodeData('{"a":"b"}') + comment("two\r\nlines") + DONE;
  expect(stream).toBe(': \n\ndata: {"a":"b"}\n\n: two lines\n\ndata: [DONE]\n\n');
  expect(read([text(stream)])).toEqual({ events: [data('{"a":"b"}'), data("[DONE]")], stray: [] });
});
