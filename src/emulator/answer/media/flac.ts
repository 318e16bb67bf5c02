/** FLAC: everything from the STREAMINFO block, which always comes first (RFC 9639). */
import { ascii, uint16Big, uint32Big, uint8 } from "./byte-access.ts";
import type { MediaFacts } from "./media-facts.ts";

export function readFlac(bytes: Buffer): MediaFacts | undefined {
  if (ascii(bytes, 0, 4) !== "fLaC") return undefined;
  if (bytes.length < 26) return { kind: "audio", format: "FLAC" };
  const sampleRate = (uint16Big(bytes, 18) << 4) | (uint8(bytes, 20) >> 4);
  const samples = (uint8(bytes, 21) & 15) * 4294967296 + uint32Big(bytes, 22);
  return {
    kind: "audio",
    format: "FLAC",
    sampleRate,
    channels: ((uint8(bytes, 20) >> 1) & 7) + 1,
    ...(sampleRate > 0 && samples > 0 && { seconds: samples / sampleRate }),
  };
}
