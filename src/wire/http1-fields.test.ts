/** What the parsers that use them do not show: their tests are beside the parsers of requests and answers. */
import { describe, expect, test } from "vitest";
import { type FieldsHead, noFields, readFields, type Repeated } from "./http1-fields.ts";

function read(lines: string, repeated: Repeated = "joined", minor = 1): FieldsHead {
  const head: FieldsHead = {
    headers: noFields(),
    contentLength: -1,
    chunked: false,
    persistent: minor === 1,
  };
  const before = "x: not a line of it\r\n";
  readFields(`${before}${lines}\r\n`, before.length, minor, head, repeated);
  return head;
}

describe("a header that comes again", () => {
  const LINES = "A: 1\r\nb: 2\r\na:\r\nA:  3 \r\n";

  test("is a list", () => {
    expect({ ...read(LINES, "listed").headers }).toEqual({ a: ["1", "", "3"], b: "2" });
  });

  test("is one line", () => {
    expect({ ...read(LINES).headers }).toEqual({ a: "1, , 3", b: "2" });
  });

  test("also if it is empty the first time", () => {
    expect({ ...read("a:\r\na: 1\r\n").headers }).toEqual({ a: ", 1" });
    expect({ ...read("a:\r\na: 1\r\n", "listed").headers }).toEqual({ a: ["", "1"] });
  });

  test("and is called as an object's own parts are", () => {
    const { headers } = read("__proto__: 1\r\n__PROTO__: 2\r\nconstructor: 3\r\n", "listed");
    expect(Object.entries(headers)).toEqual([
      ["__proto__", ["1", "2"]],
      ["constructor", "3"],
    ]);
    expect(headers["toString"]).toBeUndefined();
  });
});

test("heads do not share their fields", () => {
  const [one, other] = [read("a: 1\r\n"), read("b: 2\r\n")];
  expect([{ ...one.headers }, { ...other.headers }]).toEqual([{ a: "1" }, { b: "2" }]);
  expect(Object.keys(noFields())).toEqual([]);
});

test("names are told in lower case, however many and however long", () => {
  for (let round = 0; round < 2; round += 1) {
    // More than are remembered.
    for (let count = 0; count < 1_000; count += 200) {
      const names = Array.from({ length: 200 }, (_, index) => `X-Name-${count + index}`);
      const { headers } = read(names.map((name) => `${name}: ${name}\r\n`).join(""));
      for (const name of names) expect(headers[name.toLowerCase()]).toBe(name);
    }
    const long = "X".repeat(10_000);
    expect(read(`${long}: 1\r\n`).headers[long.toLowerCase()]).toBe("1");
  }
});

test.each<[string, number, boolean]>([
  ["", 1, true],
  ["", 0, false],
  ["connection: close\r\n", 1, false],
  ["connection: CLOSE\r\n", 1, false],
  ["connection: keep-alive\r\n", 0, true],
  ["connection: Keep-Alive\r\n", 0, true],
  ["connection: keep-alive, close\r\n", 1, false],
  ["connection: close, keep-alive\r\n", 0, false],
  ["connection: a,\tclose ,b\r\n", 1, false],
  ["connection: a, keep-alive\r\n", 0, true],
  ["connection: keep-alive\r\nconnection: close\r\n", 0, false],
  ["connection: close\r\nconnection: keep-alive\r\n", 1, false],
  ["connection: close\r\nconnection: a, keep-alive\r\n", 1, false],
  ["connection: closed\r\n", 1, true],
  ["connection: not-close\r\n", 1, true],
  ["connection:\r\n", 1, true],
  ["proxy-connection: close\r\n", 1, true],
  ["connection: a\r\nconnection: keep-alive\r\n", 0, false],
])("%j in HTTP/1.%i keeps the connection: %s", (lines, minor, persistent) => {
  expect(read(lines, "joined", minor).persistent).toBe(persistent);
  expect(read(lines, "listed", minor).persistent).toBe(persistent);
});
