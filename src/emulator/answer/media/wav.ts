/** WAV: rate and channels from `fmt `, length from `data` (RIFF, Microsoft's Multimedia Programming Interface). */
import { ascii, uint16Little, uint32Little } from "./byte-access.ts";
import type { MediaFacts } from "./media-facts.ts";

export function readWav(bytes: Buffer): MediaFacts | undefined {
  if (ascii(bytes, 0, 4) !== "RIFF" || ascii(bytes, 8, 4) !== "WAVE") return undefined;
  let format: { channels: number; sampleRate: number; bytesPerSecond: number } | undefined;
  let dataBytes: number | undefined;
  for (let at = 12; at + 8 <= bytes.length && dataBytes === undefined;) {
    const type = ascii(bytes, at, 4);
    const size = uint32Little(bytes, at + 4);
    if (type === "fmt ") {
      format = {
        channels: uint16Little(bytes, at + 10),
        sampleRate: uint32Little(bytes, at + 12),
        bytesPerSecond: uint32Little(bytes, at + 16),
      };
    } else if (type === "data") {
      // Recorders that stream write 0 or 0xFFFFFFFF here; what is there counts.
      const present = bytes.length - at - 8;
      dataBytes = size === 0 || size === 0xffffffff ? present : size;
    }
    at += 8 + size + (size % 2);
  }
  if (format === undefined) return { kind: "audio", format: "WAV" };
  const known = dataBytes !== undefined && format.bytesPerSecond > 0;
  return {
    kind: "audio",
    format: "WAV",
    sampleRate: format.sampleRate,
    channels: format.channels,
    ...(known && { seconds: (dataBytes ?? 0) / format.bytesPerSecond }),
  };
}
