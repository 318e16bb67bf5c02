/** GIF: size of the logical screen (GIF89a specification, section 18). */
import { ascii, uint16Little } from "./byte-access.ts";
import type { MediaFacts } from "./media-facts.ts";

export function readGif(bytes: Buffer): MediaFacts | undefined {
  const name = ascii(bytes, 0, 6);
  if (name !== "GIF87a" && name !== "GIF89a") return undefined;
  if (bytes.length < 10) return { kind: "image", format: "GIF" };
  return { kind: "image", format: "GIF", width: uint16Little(bytes, 6), height: uint16Little(bytes, 8) };
}
