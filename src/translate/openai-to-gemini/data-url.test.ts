import { describe, expect, test } from "vitest";
import * as fc from "fast-check";
import { GatewayError } from "../../errors.ts";
import { parseDataUrl } from "./data-url.ts";

const base64 = (text: string) => Buffer.from(text).toString("base64");

describe("accepted", () => {
  test.each([
    ["data:image/png;base64,QUJD", "image/png", [], "QUJD"],
    ["DATA:image/png;BASE64,QUJD", "image/png", [], "QUJD"],
    ["data:image/png;charset=x;base64,QUJD", "image/png", ["charset=x"], "QUJD"],
    [
      "data:audio/L16; rate=24000 ; channels=1;base64,QUJD",
      "audio/L16",
      ["rate=24000", "channels=1"],
      "QUJD",
    ],
    ["data:;base64,QUJD", "", [], "QUJD"],
    ["data:text/plain,hello", "text/plain", [], base64("hello")],
    ["data:text/plain;charset=utf-8,%C3%A9t%C3%A9", "text/plain", ["charset=utf-8"], base64("été")],
    ["data:text/plain,été", "text/plain", [], base64("été")],
    ["data:text/plain,100%,a+b", "text/plain", [], base64("100%,a+b")],
    ["data:text/plain,%4", "text/plain", [], base64("%4")],
    ["data:,x", "", [], base64("x")],
    ["data:image/png;base64,QQ%3D%3D", "image/png", [], "QQ=="],
    ["data:application/octet-stream,%ff%00", "application/octet-stream", [], "/wA="],
  ])("%s", (url, mediaType, parameters, data) => {
    expect(parseDataUrl(url, "url")).toEqual({ mediaType, parameters, data });
  });
});

describe("refused", () => {
  test.each([
    "data:",
    "data:image/png;base64",
    "data:image/png;base64,",
    "data:image/png;base64,***",
    "data:image/png,",
    "https://example.org/a,b",
    `data:${"x".repeat(2_000)},y`,
  ])("%s", (url) => {
    expect(() => parseDataUrl(url, "url")).toThrow(GatewayError);
  });
});

test("percent-encoded bytes come back whatever they are", () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 50 }), (bytes) => {
      const encoded = [...bytes].map((byte) => `%${byte.toString(16).padStart(2, "0")}`).join("");
      const { data } = parseDataUrl(`data:application/octet-stream,${encoded}`, "url");
      expect(new Uint8Array(Buffer.from(data.toString(), "base64"))).toEqual(bytes);
    }),
  );
});
