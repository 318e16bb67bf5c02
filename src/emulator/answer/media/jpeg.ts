/** JPEG: size from the first start-of-frame segment (ITU-T T.81, annex B). */
import { uint16Big, uint8 } from "./byte-access.ts";
import type { MediaFacts } from "./media-facts.ts";

export function readJpeg(bytes: Buffer): MediaFacts | undefined {
  if (uint8(bytes, 0) !== 0xff || uint8(bytes, 1) !== 0xd8) return undefined;
  for (let at = 2; at + 9 <= bytes.length;) {
    if (uint8(bytes, at) !== 0xff) break;
    const marker = uint8(bytes, at + 1);
    if (marker === 0xff) {
      at++;
    } else if (marker === 0x01 || (marker >= 0xd0 && marker <= 0xd7)) {
      at += 2;
    } else if (startsFrame(marker)) {
      return {
        kind: "image",
        format: "JPEG",
        height: uint16Big(bytes, at + 5),
        width: uint16Big(bytes, at + 7),
      };
    } else if (marker === 0xd9 || marker === 0xda) {
      break;
    } else {
      at += 2 + Math.max(2, uint16Big(bytes, at + 2));
    }
  }
  return { kind: "image", format: "JPEG" };
}

/** SOF0..SOF15 without DHT (C4), JPG (C8) and DAC (CC). */
function startsFrame(marker: number): boolean {
  return marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
}
