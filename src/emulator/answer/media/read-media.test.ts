import { deflateSync } from "node:zlib";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import * as make from "../../../../test/emulator/media-bytes.ts";
import { answerTo, firstCandidate, textOf, user } from "../../../../test/emulator/answering.ts";
import { describeMedia } from "./describe-media.ts";
import { readMedia } from "./read-media.ts";

const read = (bytes: Buffer, mimeType = "application/octet-stream") =>
  readMedia({ mimeType, data: bytes.toString("base64") });

test.each([
  [
    "PNG",
    make.png(64, 48, [220, 30, 30]),
    { kind: "image", format: "PNG", width: 64, height: 48, colour: { red: 220, green: 30, blue: 30 } },
  ],
  ["JPEG", make.jpeg(640, 480), { kind: "image", format: "JPEG", width: 640, height: 480 }],
  ["GIF", make.gif(320, 200), { kind: "image", format: "GIF", width: 320, height: 200 }],
  ["lossless WebP", make.webpLossless(300, 17), { kind: "image", format: "WebP", width: 300, height: 17 }],
  ["extended WebP", make.webpExtended(5000, 20), { kind: "image", format: "WebP", width: 5000, height: 20 }],
  ["HEIC", make.heic(4032, 3024), { kind: "image", format: "HEIC", width: 4032, height: 3024 }],
  [
    "WAV",
    make.wav(16000, 1, 1.5),
    { kind: "audio", format: "WAV", sampleRate: 16000, channels: 1, seconds: 1.5 },
  ],
  [
    "AIFF",
    make.aiff(44100, 2, 88200),
    { kind: "audio", format: "AIFF", sampleRate: 44100, channels: 2, seconds: 2 },
  ],
  [
    "FLAC",
    make.flac(48000, 2, 144000),
    { kind: "audio", format: "FLAC", sampleRate: 48000, channels: 2, seconds: 3 },
  ],
  [
    "Ogg Opus",
    make.oggOpus(1, 2),
    { kind: "audio", format: "Ogg Opus", sampleRate: 16000, channels: 1, seconds: 2 },
  ],
  [
    "M4A",
    make.mp4("M4A ", 4, "soun", 0, 0),
    { kind: "audio", format: "M4A", sampleRate: 44100, channels: 2, seconds: 4 },
  ],
  [
    "MP4",
    make.mp4("isom", 2.5, "vide", 1280, 720),
    { kind: "video", format: "MP4", width: 1280, height: 720, seconds: 2.5 },
  ],
  [
    "QuickTime",
    make.mp4("qt  ", 1, "vide", 8, 6),
    { kind: "video", format: "QuickTime", width: 8, height: 6, seconds: 1 },
  ],
  ["WebM", make.webm(7, 640, 360), { kind: "video", format: "WebM", width: 640, height: 360, seconds: 7 }],
  ["PDF", make.pdf(3), { kind: "document", format: "PDF", version: "1.7", pages: 3 }],
  [
    "PDF with object streams",
    make.compressedPdf(5),
    { kind: "document", format: "PDF", version: "1.5", pages: 5 },
  ],
])("%s is read from its bytes, whatever type is declared", (_, bytes, facts) => {
  expect(read(bytes)).toEqual({ ...facts, mimeType: "application/octet-stream", size: bytes.length });
});

test.each([false, true])("MP3 (tagged: %s): rate, channels, length from the bit rate", (tagged) => {
  const media = read(make.mp3(38, tagged));
  expect(media).toMatchObject({ kind: "audio", format: "MP3", sampleRate: 44100, channels: 2 });
  expect(media.seconds).toBeCloseTo(0.99, 2);
});

test("AAC: length by counting frames", () => {
  const media = read(make.aac(43));
  expect(media).toMatchObject({ kind: "audio", format: "AAC", sampleRate: 44100, channels: 2 });
  expect(media.seconds).toBeCloseTo(0.998, 3);
});

test("text files: lines, words and the beginning", () => {
  const media = read(Buffer.from("one two\nthree\n"), "text/plain");
  expect(media).toMatchObject({ kind: "text", format: "text", lines: 2, words: 3, text: "one two\nthree\n" });
});

test("raw samples take their rate from the type", () => {
  expect(read(Buffer.alloc(16000), "audio/L16; rate=8000")).toMatchObject({
    format: "PCM",
    sampleRate: 8000,
    seconds: 1,
  });
});

describe("the average colour of a PNG", () => {
  const filtered = deflateSync(Buffer.from([0, 10, 20, 30, 2, 0, 0, 0, 1, 5, 5, 5]));
  test.each([
    [
      "with every row filtered differently",
      make.pngOf(1, 3, 8, 2, filtered),
      { red: 8, green: 15, blue: 22 },
    ],
    [
      "in one-bit grey",
      make.pngOf(8, 1, 1, 0, deflateSync(Buffer.from([0, 0b11110000]))),
      { red: 128, green: 128, blue: 128 },
    ],
    [
      "with a palette",
      make.pngOf(2, 1, 8, 3, deflateSync(Buffer.from([0, 1, 1])), Buffer.from([0, 0, 0, 9, 8, 7])),
      { red: 9, green: 8, blue: 7 },
    ],
    [
      "leaving out what is transparent",
      make.pngOf(2, 1, 8, 6, deflateSync(Buffer.from([0, 200, 100, 50, 255, 1, 2, 3, 0]))),
      { red: 200, green: 100, blue: 50 },
    ],
    [
      "in sixteen bits",
      make.pngOf(1, 1, 16, 0, deflateSync(Buffer.from([0, 77, 0]))),
      { red: 77, green: 77, blue: 77 },
    ],
  ])("%s", (_, bytes, colour) => {
    expect(read(bytes).colour).toEqual(colour);
  });

  test("is left out when the pixels are broken or a bomb", () => {
    expect(read(make.pngOf(1000, 1000, 8, 2, Buffer.from("junk"))).colour).toBeUndefined();
    expect(read(make.pngOf(60_000, 60_000, 8, 2, deflateSync(Buffer.alloc(1000)))).colour).toBeUndefined();
    expect(read(make.pngOf(4, 4, 8, 2, deflateSync(Buffer.alloc(50_000_000)))).colour).toBeUndefined();
  });
});

const samples = [
  make.png(4, 4, [1, 2, 3]),
  make.jpeg(4, 4),
  make.gif(1, 1),
  make.webpLossless(3, 3),
  make.webpExtended(3, 3),
  make.heic(5, 5),
  make.wav(8000, 1, 0.01),
  make.aiff(8000, 1, 4),
  make.flac(8000, 1, 9),
  make.oggOpus(1, 1),
  make.mp4("M4A ", 1, "soun", 0, 0),
  make.mp4("isom", 1, "vide", 2, 2),
  make.webm(1, 2, 2),
  make.pdf(2),
  make.compressedPdf(2),
  make.mp3(1, true),
  make.aac(2),
];

test("cut or damaged bytes never throw and read as something describable", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...samples),
      fc.nat(),
      fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 6 }),
      (sample, length, damage) => {
        const bytes = Buffer.from(sample.subarray(0, length % (sample.length + 1)));
        for (const [at, value] of damage) if (bytes.length > 0) bytes[at % bytes.length] = value;
        expect(describeMedia(read(bytes, "image/png"))).not.toMatch(/NaN|undefined|Infinity/);
      },
    ),
    { numRuns: 1000 },
  );
});

const part = (bytes: Buffer, mimeType: string) => ({
  inlineData: { mimeType, data: bytes.toString("base64") },
});

describe("answers name what arrived", () => {
  test.each([
    [
      "What is in this image?",
      part(make.png(64, 48, [40, 80, 210]), "image/png"),
      "I received an image: PNG, 64 x 48 pixels, ",
    ],
    ["What is in this image?", part(make.png(64, 48, [40, 80, 210]), "image/png"), "mostly blue (#2850d2)"],
    [
      "Transcribe this audio",
      part(make.wav(16000, 1, 2), "audio/wav"),
      "an audio recording: WAV, 2 seconds, 16000 Hz, mono, 64 kB",
    ],
    ["Summarise", part(make.pdf(3), "application/pdf"), "a document: PDF 1.7, 3 pages"],
    ["Read it", part(Buffer.from("dear diary"), "text/plain"), 'It begins: "dear diary"'],
  ])("%s", (ask, media, words) => {
    expect(textOf(firstCandidate({ contents: [user(ask, media)] }))).toContain(words);
  });

  test("a file by address is named as not fetched", () => {
    const fileData = {
      mimeType: "image/jpeg",
      fileUri: "gs://cloud-samples-data/generative-ai/image/scones.jpg",
    };
    const text = textOf(firstCandidate({ contents: [user("Describe this image", { fileData })] }));
    expect(text).toContain("scones.jpg (image/jpeg): gs://cloud-samples-data/generative-ai/image/scones.jpg");
    expect(text).toContain("did not fetch it");
  });

  test("a picture from an earlier turn is remembered when asked about", () => {
    const contents = [
      user("Look", part(make.gif(3, 4), "image/gif")),
      { role: "model", parts: [{ text: "Seen." }] },
      user("How big was the image?"),
    ];
    expect(textOf(firstCandidate({ contents }))).toContain("Earlier you sent an image: GIF, 3 x 4 pixels");
    expect(answerTo("Hello!")).not.toContain("Earlier");
  });
});
