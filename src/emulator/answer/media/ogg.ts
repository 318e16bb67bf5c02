/** Ogg: codec from the first page, length from the last page's granule position (RFC 3533, RFC 7845). */
import { ascii, uint16Little, uint32Little, uint64Little, uint8 } from "./byte-access.ts";
import type { MediaFacts } from "./media-facts.ts";

export function readOgg(bytes: Buffer): MediaFacts | undefined {
  if (ascii(bytes, 0, 4) !== "OggS") return undefined;
  const packet = 27 + uint8(bytes, 26);
  const samples = lastGranule(bytes);
  if (ascii(bytes, packet, 8) === "OpusHead") {
    // Opus counts in 48 kHz whatever was recorded, and its first samples are padding.
    const seconds = (samples - uint16Little(bytes, packet + 10)) / 48000;
    return {
      kind: "audio",
      format: "Ogg Opus",
      channels: uint8(bytes, packet + 9),
      sampleRate: uint32Little(bytes, packet + 12),
      ...(seconds > 0 && { seconds }),
    };
  }
  if (ascii(bytes, packet, 7) === "\x01vorbis") {
    const sampleRate = uint32Little(bytes, packet + 12);
    return {
      kind: "audio",
      format: "Ogg Vorbis",
      channels: uint8(bytes, packet + 11),
      sampleRate,
      ...(sampleRate > 0 && samples > 0 && { seconds: samples / sampleRate }),
    };
  }
  return { kind: "audio", format: "Ogg" };
}

function lastGranule(bytes: Buffer): number {
  const page = bytes.lastIndexOf("OggS");
  const granule = uint64Little(bytes, page + 6);
  return granule < Number.MAX_SAFE_INTEGER ? granule : 0;
}
