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
    expect(toBase64(text, "data").toString()).toBe(standard);
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

describe("long text in another form", () => {
  const long = "+/8".repeat(20_000);
  test.each([
    ["wrapped", long.replace(/.{76}/g, "$&\r\n"), long],
    ["URL-safe", long.replaceAll("+", "-").replaceAll("/", "_"), long],
    ["URL-safe without padding", `${long.replaceAll("+", "-").replaceAll("/", "_")}QQ`, `${long}QQ==`],
    ["URL-safe with padding", `${long.replaceAll("+", "-").replaceAll("/", "_")}QQ==`, `${long}QQ==`],
  ])("%s", (_, text, standard) => {
    expect(JSON.stringify(toBase64(text, "data"))).toBe(JSON.stringify(standard));
  });

  test.each(["é", "Ł", "😀", "=", " ", "\0"])("is refused for %j in it", (character) => {
    expect(() => toBase64(`${long}${character}-_-_${long}`, "data")).toThrow(GatewayError);
    expect(() => toBase64(`${long}\n${character}${long}`, "data")).toThrow(GatewayError);
  });
});
