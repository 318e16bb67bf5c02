/** The box structure of ISO 14496-12 that MP4, QuickTime, M4A, 3GP, HEIC and AVIF share. */
import { ascii, uint32Big, uint64Big } from "./byte-access.ts";

export interface Box {
  type: string;
  /** Where the box's own content begins and ends in the file. */
  start: number;
  end: number;
}

const mostBoxes = 4096;

/** The boxes between two offsets, in order; stops quietly where the bytes stop making sense. */
export function boxes(bytes: Buffer, from: number, to: number): Box[] {
  const found: Box[] = [];
  const last = Math.min(to, bytes.length);
  for (let at = from; at + 8 <= last && found.length < mostBoxes;) {
    const size32 = uint32Big(bytes, at);
    const header = size32 === 1 ? 16 : 8;
    const size = size32 === 1 ? uint64Big(bytes, at + 8) : size32 === 0 ? last - at : size32;
    if (size < header) break;
    found.push({ type: ascii(bytes, at + 4, 4), start: at + header, end: Math.min(at + size, last) });
    at += size;
  }
  return found;
}

/** The boxes found by descending through the named types; every match at each level. */
export function boxesAt(bytes: Buffer, path: readonly string[]): Box[] {
  let level: Box[] = [{ type: "", start: 0, end: bytes.length }];
  for (const type of path) {
    level = level
      .flatMap((parent) => boxes(bytes, contentStart(parent), parent.end))
      .filter((box) => box.type === type);
    if (level.length > mostBoxes) level = level.slice(0, mostBoxes);
  }
  return level;
}

/** The major brand of the `ftyp` box, or undefined when the file does not begin with one. */
export function majorBrand(bytes: Buffer): string | undefined {
  return ascii(bytes, 4, 4) === "ftyp" ? ascii(bytes, 8, 4) : undefined;
}

/** `meta` carries four bytes of version and flags before its children. */
function contentStart(box: Box): number {
  return box.type === "meta" ? box.start + 4 : box.start;
}
