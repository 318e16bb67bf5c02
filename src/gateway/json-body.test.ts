import { describe, expect, test } from "vitest";
import { GatewayError } from "../errors.ts";
import { checkBodyHeaders, parseBody } from "./json-body.ts";

function refusal(run: () => unknown): GatewayError {
  try {
    run();
  } catch (error) {
    expect(error).toBeInstanceOf(GatewayError);
    return error as GatewayError;
  }
  throw new Error("nothing was thrown");
}

describe("parseBody", () => {
  test.each([
    ["plain", '{"a":1}', { a: 1 }],
    ["with a byte order mark", '\ufeff{"a":"ü"}', { a: "ü" }],
    ["S-33 a key twice: the last counts", '{"a":1,"a":2}', { a: 2 }],
    [
      "lines ended by a backslash, as printed in Google's curl samples",
      '{ \\\n "a": [ \\\r\n 1 ] }',
      { a: [1] },
    ],
    ["S-35 a lone surrogate survives", '{"a":"\\ud800"}', { a: "\ud800" }],
  ])("%s", (_, text, value) => {
    expect(parseBody(Buffer.from(text))).toEqual(value);
  });

  test.each([
    ["nothing", ""],
    ["no JSON", "hello"],
    ["cut JSON", '{"a":'],
    ["a number", "7"],
    ["an array", "[]"],
    ["null", "null"],
    ["S-34 NaN", '{"a":NaN}'],
    ["a backslash and a line break inside a string", '{"a":"x\\\ny"}'],
    ["101 levels", '{"a":'.repeat(101) + "1" + "}".repeat(101)],
  ])("refuses %s", (_, text) => {
    const error = refusal(() => parseBody(Buffer.from(text)));
    expect(error.failure).toMatchObject({ kind: "invalid_request", param: null });
  });

  test.each([
    ["overlong", [0xc0, 0xaf]],
    ["cut", [0x7b, 0xe2, 0x82]],
    ["not UTF-8", [0x22, 0xff, 0x22]],
  ])("S-35 refuses bytes that are %s", (_, bytes) => {
    expect(refusal(() => parseBody(Buffer.from(bytes))).message).toContain("UTF-8");
  });

  test.each(["[", '{"a":'])("S-31 refuses 100,000 levels of %s without recursion", (open) => {
    const close = open === "[" ? "]" : "}";
    const body = Buffer.from(`{"x":${open.repeat(100_000)}1${close.repeat(100_000)}}`);
    expect(refusal(() => parseBody(body)).message).toContain("nested deeper");
  });

  test("S-32 keys named like prototypes harm nothing", () => {
    parseBody(Buffer.from('{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}'));
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
  });

  test("refuses more values than any request has", () => {
    const body = Buffer.from(`{"x":[${"1,".repeat(1_000_001)}1]}`);
    expect(refusal(() => parseBody(body)).message).toContain("values");
  });

  test("the excerpt of the body that V8 puts into its message is not repeated", () => {
    expect(refusal(() => parseBody(Buffer.from('{"password": hunter2}'))).message).not.toContain("hunter");
  });
});

describe("checkBodyHeaders", () => {
  test.each<[Record<string, string>, boolean]>([
    [{}, true],
    [{ "content-type": "application/json" }, true],
    [{ "content-type": 'Application/JSON; Charset="UTF-8"' }, true],
    [{ "content-type": "application/x-www-form-urlencoded" }, true],
    [{ "content-type": "application/x-www-form-urlencoded", origin: "https://a.example" }, false],
    [{ origin: "https://a.example" }, false],
    [{ "content-type": "application/json", origin: "https://a.example" }, true],
    [{ "content-type": "text/plain" }, false],
    [{ "content-type": "application/json; charset=utf-16" }, false],
    [{ "content-type": "application/json", "content-encoding": "br" }, false],
    [{ "content-type": "application/json", "content-encoding": "identity" }, true],
  ])("%j: %s", (headers, accepted) => {
    if (accepted) expect(() => checkBodyHeaders(headers)).not.toThrow();
    else expect(refusal(() => checkBodyHeaders(headers)).failure.kind).toBe("unsupported_media_type");
  });
});
