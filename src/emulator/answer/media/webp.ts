/** WebP: size from the VP8, VP8L or VP8X chunk (RFC 9649). */
import { ascii, uint16Little, uint24Little, uint32Little } from "./byte-access.ts";
import type { MediaFacts } from "./media-facts.ts";

export function readWebp(bytes: Buffer): MediaFacts | undefined {
  if (ascii(bytes, 0, 4) !== "RIFF" || ascii(bytes, 8, 4) !== "WEBP") return undefined;
  return { kind: "image", format: "WebP", ...size(bytes) };
}

function size(bytes: Buffer): { width: number; height: number } | undefined {
  if (bytes.length < 30 && ascii(bytes, 12, 4) !== "VP8L") return undefined;
  switch (ascii(bytes, 12, 4)) {
    case "VP8 ":
      return { width: uint16Little(bytes, 26) & 0x3fff, height: uint16Little(bytes, 28) & 0x3fff };
    case "VP8L": {
      if (bytes.length < 25) return undefined;
      const packed = uint32Little(bytes, 21);
      return { width: (packed & 0x3fff) + 1, height: ((packed >>> 14) & 0x3fff) + 1 };
    }
    case "VP8X":
      return { width: uint24Little(bytes, 24) + 1, height: uint24Little(bytes, 27) + 1 };
    default:
      return undefined;
  }
}
