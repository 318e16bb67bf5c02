/** HEIC, HEIF and AVIF: size from the largest image spatial extents box (ISO 23008-12). */
import { uint32Big } from "./byte-access.ts";
import { boxesAt, majorBrand } from "./iso-boxes.ts";
import type { MediaFacts } from "./media-facts.ts";

const formats = new Map([
  ["heic", "HEIC"],
  ["heix", "HEIC"],
  ["heim", "HEIC"],
  ["heis", "HEIC"],
  ["hevc", "HEIC"],
  ["mif1", "HEIF"],
  ["msf1", "HEIF"],
  ["avif", "AVIF"],
  ["avis", "AVIF"],
]);

export function readHeif(bytes: Buffer): MediaFacts | undefined {
  const format = formats.get(majorBrand(bytes) ?? "");
  if (format === undefined) return undefined;
  // Tiles and thumbnails have extents of their own; the picture is the largest.
  const largest = boxesAt(bytes, ["meta", "iprp", "ipco", "ispe"])
    .map((box) => ({ width: uint32Big(bytes, box.start + 4), height: uint32Big(bytes, box.start + 8) }))
    .toSorted((a, b) => b.width * b.height - a.width * a.height)[0];
  return { kind: "image", format, ...largest };
}
