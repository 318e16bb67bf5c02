import { describe, expect, test } from "vitest";
import { GatewayError } from "../../errors.ts";
import { toBase64 } from "./media-base64.ts";

describe("accepted", () => {
  test.each([
    ["QUJD", "QUJD"],
    ["QUI=", "QUI="],
    ["QQ==", "QQ=="],
    ["+/+/", "+/+/"],
    ["-_-_", "+/+/"],
    ["-_", "+/=="],
    ["-_8", "+/8="],
    ["-_8=", "+/8="],
    ["QUJD\r\nREVG\n", "QUJDREVG"],
  ])("%j", (text, standard) => {
    expect(toBase64(text, "data")).toBe(standard);
  });
});

describe("refused", () => {
  test.each([
    "",
    "\n",
    "Q",
    "QQ",
    "QUI",
    "QUJDR",
    "QQ=",
    "QQ===",
    "Q===",
    "====",
    "=",
    "QU=D",
    "QQ==QQ==",
    "QUJ D",
    "QUJD ",
    "QU\tJD",
    "QUJ*",
    "QUJÿ",
    "QUJ\u0000",
    "-",
  ])("%j", (text) => {
    expect(() => toBase64(text, "data")).toThrow(GatewayError);
  });
});

test("20 MB are checked in one pass, and returned as they are", () => {
  const text = "QUJD".repeat(5_000_000);
  expect(toBase64(text, "data")).toBe(text);
  expect(() => toBase64(`${text}=QUJ`, "data")).toThrow(GatewayError);
});
