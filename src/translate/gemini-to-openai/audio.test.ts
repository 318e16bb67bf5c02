import * as fc from "fast-check";
import { expect, test } from "vitest";
import { AudioPieces, isPcm, isWav, samplesOfWav, toWav } from "./audio.ts";

test("pieces are whole samples and can be joined as text", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 20 })), (pieces) => {
      const audio = new AudioPieces();
      const out = pieces.map((piece) => audio.push(Buffer.from(piece).toString("base64")));
      for (const piece of out) {
        expect(piece).not.toContain("=");
        expect(Buffer.from(piece, "base64").length % 2).toBe(0);
      }
      const text = out.join("") + audio.end();
      const bytes = Buffer.concat(pieces);
      expect(text).toBe(bytes.toString("base64"));
      expect(audio.end()).toBe("");
    }),
  );
});

test("a WAV header for the rate in the MIME type", () => {
  const wav = Buffer.from(
    toWav(Buffer.from([1, 2, 3, 4]).toString("base64"), "audio/L16;codec=pcm;rate=16000"),
    "base64",
  );
  expect(wav.length).toBe(48);
  expect(wav.toString("latin1", 0, 4)).toBe("RIFF");
  expect(wav.readUInt32LE(4)).toBe(40);
  expect(wav.toString("latin1", 8, 16)).toBe("WAVEfmt ");
  expect([wav.readUInt16LE(20), wav.readUInt16LE(22), wav.readUInt16LE(34)]).toEqual([1, 1, 16]);
  expect([wav.readUInt32LE(24), wav.readUInt32LE(28), wav.readUInt16LE(32)]).toEqual([16_000, 32_000, 2]);
  expect(wav.readUInt32LE(40)).toBe(4);
  expect([...wav.subarray(44)]).toEqual([1, 2, 3, 4]);
});

test("24 kHz where the MIME type does not say", () => {
  expect(Buffer.from(toWav("", "audio/L16"), "base64").readUInt32LE(24)).toBe(24_000);
});

test.each([
  ["audio/L16;codec=pcm;rate=24000", true],
  ["audio/pcm", true],
  ["audio/mpeg", false],
  ["audio/l16x", false],
])("%s is raw PCM: %s", (mimeType, pcm) => {
  expect(isPcm(mimeType)).toBe(pcm);
});

test("the samples of a WAV file are what was put into it", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (samples) => {
      const pcm = Buffer.from(samples).toString("base64");
      expect(samplesOfWav(toWav(pcm, "audio/L16"))).toBe(pcm);
    }),
  );
});

test("chunks before the samples are passed over", () => {
  const [header, rest] = [0, 36].map((from) => Buffer.from(toWav("AQI=", ""), "base64").subarray(from));
  const list = Buffer.from("LIST\u0003\u0000\u0000\u0000abc\u0000", "latin1");
  const file = Buffer.concat([header!.subarray(0, 36), list, rest!]);
  expect(samplesOfWav(file.toString("base64"))).toBe("AQI=");
});

test("what is no WAV file stays as it is, and damage is no accident", () => {
  fc.assert(
    fc.property(fc.base64String(), fc.nat(60), (text, length) => {
      if (!text.startsWith("UklGR")) expect(samplesOfWav(text)).toBe(text);
      const wav = Buffer.from(toWav(text, ""), "base64").subarray(0, length);
      expect(typeof samplesOfWav(wav.toString("base64"))).toBe("string");
    }),
  );
});

test.each([
  ["audio/wav", true],
  ["audio/x-wav; rate=24000", true],
  ["audio/L16", false],
])("%s is a WAV file: %s", (mimeType, wav) => {
  expect(isWav(mimeType)).toBe(wav);
});
