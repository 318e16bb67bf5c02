import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { TokenText } from "./token-text.ts";

/** Every token is one byte, or the bytes of an entry of `vocabulary` from 256 on. */
function model(vocabulary: readonly Buffer[] = []) {
  const bytes = (token: number): Buffer => vocabulary[token - 256] ?? Buffer.from([token]);
  return { detokenize: (tokens: readonly number[]) => Buffer.concat(tokens.map(bytes)).toString() };
}

function pieces(tokens: readonly number[], vocabulary?: readonly Buffer[]): string[] {
  const text = new TokenText(model(vocabulary), [], false);
  return [...tokens.map((token) => text.push(token)), text.end()];
}

describe("TokenText", () => {
  test("holds a character back until its last byte is there", () => {
    expect(pieces([...Buffer.from("aé🦙b")])).toEqual(["a", "", "é", "", "", "", "🦙", "b", ""]);
  });

  test("gives what is whole of a token that ends inside a character", () => {
    const llama = Buffer.from("🦙");
    const vocabulary = [
      Buffer.concat([Buffer.from("x"), llama.subarray(0, 2)]),
      Buffer.concat([llama.subarray(2), llama.subarray(0, 2)]),
      llama.subarray(2),
    ];
    const long = Array.from({ length: 20 }, () => 257);
    expect(pieces([256, ...long, 258], vocabulary)).toEqual(["x", ...long.map(() => "🦙"), "🦙", ""]);
  });

  test("gives bytes that are no character as U+FFFD, and goes on", () => {
    expect(pieces([0xff, 0x61, 0xc3]).join("")).toBe("\uFFFDa\uFFFD");
  });

  test("does not wait for ever", () => {
    const text = new TokenText(model(), [], false);
    const given = Array.from({ length: 200 }, () => text.push(0xff)).join("");
    expect(given.length).toBeGreaterThan(100);
  });

  test("any text comes out as it went in, whole characters at a time", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 40 }), (text) => {
        fc.pre(text.isWellFormed());
        const given = pieces([...Buffer.from(text)]);
        expect(given.join("")).toBe(text);
        for (const piece of given) expect(piece.isWellFormed()).toBe(true);
      }),
    );
  });
});
