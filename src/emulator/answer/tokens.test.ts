import * as fc from "fast-check";
import { expect, test } from "vitest";
import * as make from "../../../test/emulator/media-bytes.ts";
import { prompt, user } from "../../../test/emulator/answering.ts";
import type { Part } from "../../wire/gemini.ts";
import { countPieces, firstPieces, pieces } from "./pieces.ts";
import { countPromptTokens, countTextTokens } from "./tokens.ts";

test.each([
  ["", 0],
  ["Hello", 1],
  ["Hello, world!", 4],
  ["The quick brown fox jumps over the lazy dog", 9],
  ["internationalization", 4],
  ["12345", 2],
  ["日本語", 2],
  ["Привет", 2],
  ["🌊🌊", 2],
])("%s is %d tokens", (text, tokens) => {
  expect(countTextTokens(text)).toBe(tokens);
});

test("English is about four characters a token", () => {
  const text =
    "Thinking tokens count inside the output limit, and the answer may therefore be shorter than expected. ".repeat(
      20,
    );
  expect(text.length / countTextTokens(text)).toBeGreaterThan(3.5);
  expect(text.length / countTextTokens(text)).toBeLessThan(6);
});

test("pieces join to the text, agree with the count and never split a surrogate pair", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), fc.nat(20), (text, limit) => {
      const found = pieces(text);
      expect(found.join("")).toBe(text);
      expect(countPieces(text)).toBe(found.length);
      expect(firstPieces(text, limit)).toBe(found.slice(0, limit).join(""));
      expect(found.every((piece) => piece !== "" && piece.isWellFormed())).toBe(true);
    }),
  );
});

const media = (bytes: Buffer, mimeType: string, rest: Part = {}): Part => ({
  inlineData: { mimeType, data: bytes.toString("base64") },
  ...rest,
});

test.each([
  ["an image", [media(make.png(64, 48, [1, 2, 3]), "image/png")], [{ modality: "IMAGE", tokenCount: 258 }]],
  [
    "an image at low resolution",
    [media(make.jpeg(9, 9), "image/jpeg", { mediaResolution: { level: "MEDIA_RESOLUTION_LOW" } })],
    [{ modality: "IMAGE", tokenCount: 64 }],
  ],
  [
    "a large image at high resolution",
    [media(make.jpeg(1536, 768), "image/jpeg", { mediaResolution: { level: "MEDIA_RESOLUTION_HIGH" } })],
    [{ modality: "IMAGE", tokenCount: 516 }],
  ],
  [
    "two seconds of sound",
    [media(make.wav(8000, 1, 2), "audio/wav")],
    [{ modality: "AUDIO", tokenCount: 64 }],
  ],
  ["three pages", [media(make.pdf(3), "application/pdf")], [{ modality: "DOCUMENT", tokenCount: 774 }]],
  [
    "four seconds of film",
    [media(make.mp4("isom", 4, "vide", 8, 8), "video/mp4")],
    [
      { modality: "VIDEO", tokenCount: 1032 },
      { modality: "AUDIO", tokenCount: 128 },
    ],
  ],
  [
    "one second of that film",
    [
      media(make.mp4("isom", 4, "vide", 8, 8), "video/mp4", {
        videoMetadata: { startOffset: "1s", endOffset: "2s" },
      }),
    ],
    [
      { modality: "VIDEO", tokenCount: 258 },
      { modality: "AUDIO", tokenCount: 32 },
    ],
  ],
  ["a text file", [media(Buffer.from("Hello, world!"), "text/plain")], [{ modality: "TEXT", tokenCount: 4 }]],
  [
    "an image by address",
    [{ fileData: { mimeType: "image/png", fileUri: "gs://b/o.png" } }],
    [{ modality: "IMAGE", tokenCount: 258 }],
  ],
  [
    "text and an image",
    ["Hello", media(make.gif(1, 1), "image/gif")],
    [
      { modality: "TEXT", tokenCount: 1 },
      { modality: "IMAGE", tokenCount: 258 },
    ],
  ],
])("%s", (_, parts, details) => {
  const counted = countPromptTokens({ contents: [user(...parts)] });
  expect(counted.details).toEqual(details);
  expect(counted.total).toBe(details.reduce((sum, { tokenCount }) => sum + tokenCount, 0));
});

test("system instruction, tools, calls and cached content weigh too", () => {
  const bare = countPromptTokens(prompt("Hello")).total;
  expect(
    countPromptTokens(prompt("Hello", { systemInstruction: { parts: [{ text: "Be kind" }] } })).total,
  ).toBe(bare + 2);
  expect(
    countPromptTokens(prompt("Hello", { tools: [{ functionDeclarations: [{ name: "tide" }] }] })).total,
  ).toBeGreaterThan(bare + 3);
  expect(
    countPromptTokens({ contents: [user({ functionCall: { name: "tide", args: { port: "Bergen" } } })] })
      .total,
  ).toBeGreaterThan(3);
  expect(
    countPromptTokens(prompt("Hello", { cachedContent: "projects/p/locations/l/cachedContents/1" })).total,
  ).toBeGreaterThanOrEqual(bare + 4096);
});
