/** AAC in ADTS frames: rate, channels, and length by counting frames of 1024 samples (ISO 13818-7). */
import { uint16Big, uint8 } from "./byte-access.ts";
import type { MediaFacts } from "./media-facts.ts";

const rates = [96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350];
const mostFrames = 2_000_000;

export function readAac(bytes: Buffer): MediaFacts | undefined {
  // Twelve bits of sync, and layer 0, which MP3 never has.
  if ((uint16Big(bytes, 0) & 0xfff6) !== 0xfff0) return undefined;
  const sampleRate = rates[(uint8(bytes, 2) >> 2) & 15];
  if (sampleRate === undefined) return undefined;
  const channels = ((uint8(bytes, 2) & 1) << 2) | (uint8(bytes, 3) >> 6);
  let frames = 0;
  for (let at = 0; at + 7 <= bytes.length && frames < mostFrames; frames++) {
    if ((uint16Big(bytes, at) & 0xfff6) !== 0xfff0) break;
    const length =
      ((uint8(bytes, at + 3) & 3) << 11) | (uint8(bytes, at + 4) << 3) | (uint8(bytes, at + 5) >> 5);
    if (length < 7) break;
    at += length;
  }
  return { kind: "audio", format: "AAC", sampleRate, channels, seconds: (frames * 1024) / sampleRate };
}
