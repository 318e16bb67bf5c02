import { expect, test } from "vitest";
import { FAULTS, parseFaults } from "./faults.ts";

test.each([
  ["", {}],
  ["status=503", { status: 503 }],
  ["status=429; retry-after=7 ;retry-delay=27s", { status: 429, retryAfterSeconds: 7, retryDelay: "27s" }],
  ["message=a=b", { message: "a=b" }],
  ["crlf;cut-in-utf8", { newline: "\r\n", cutInUtf8: true }],
  ["error-after=2:503", { errorAfter: { events: 2, status: 503, form: "sse" } }],
  ["error-after=0:429:raw", { errorAfter: { events: 0, status: 429, form: "raw" } }],
  ["probability=0.3;status=500", { probability: 0.3, status: 500 }],
])("%s", (text, plan) => {
  expect(parseFaults(text)).toEqual(plan);
});

test.each([
  ["explode", /unknown fault "explode"; known: status, /],
  ["toString", /unknown fault "toString"/],
  ["__proto__=1", /unknown fault "__proto__"/],
  ["status=200", /status=200": expected a whole number from 400 to 599/],
  ["status", /fault "status" needs HTTP status/],
  ["crlf=1", /fault "crlf" takes no value/],
  ["retry-delay=soon", /expected seconds/],
  ["error-after=1:503:xml", /sse, raw or array/],
  ["probability=2", /from 0 to 1/],
])("%s is refused", (text, says) => {
  expect(() => parseFaults(text)).toThrow(says);
});

test("every switch says what it means", () => {
  for (const [name, fault] of Object.entries(FAULTS)) {
    expect(name).toMatch(/^[a-z0-9-]+$/);
    expect(fault.meaning.length).toBeGreaterThan(10);
  }
});
