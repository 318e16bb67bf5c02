/** AIFF: rate, channels and length from the COMM chunk (Apple, Audio Interchange File Format 1.3). */
import { ascii, uint16Big, uint32Big } from "./byte-access.ts";
import type { MediaFacts } from "./media-facts.ts";

export function readAiff(bytes: Buffer): MediaFacts | undefined {
  if (ascii(bytes, 0, 4) !== "FORM" || !["AIFF", "AIFC"].includes(ascii(bytes, 8, 4))) return undefined;
  for (let at = 12; at + 8 <= bytes.length;) {
    const size = uint32Big(bytes, at + 4);
    if (ascii(bytes, at, 4) === "COMM") {
      const sampleRate = Math.round(extended(bytes, at + 16));
      const frames = uint32Big(bytes, at + 10);
      return {
        kind: "audio",
        format: "AIFF",
        channels: uint16Big(bytes, at + 8),
        ...(sampleRate > 0 && sampleRate < 1e7 && { sampleRate, seconds: frames / sampleRate }),
      };
    }
    at += 8 + size + (size % 2);
  }
  return { kind: "audio", format: "AIFF" };
}

/** An 80-bit extended float, to the precision a sampling rate needs. */
function extended(bytes: Buffer, at: number): number {
  const exponent = (uint16Big(bytes, at) & 0x7fff) - 16383;
  return uint32Big(bytes, at + 2) * 2 ** (exponent - 31);
}
