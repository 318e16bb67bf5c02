/** WebM and Matroska: length, picture size and sampling rate from the EBML header elements (RFC 9559). */
import { ascii, uint8 } from "./byte-access.ts";
import type { MediaFacts } from "./media-facts.ts";

const ids = {
  docType: 0x4282,
  timestampScale: 0x2ad7b1,
  duration: 0x4489,
  width: 0xb0,
  height: 0xba,
  samplingFrequency: 0xb5,
  channels: 0x9f,
  cluster: 0x1f43b675,
} as const;

/** EBML header, Segment, Info, Tracks, TrackEntry, Video, Audio: what has to be entered to find the rest. */
const containers = new Set([0x1a45dfa3, 0x18538067, 0x1549a966, 0x1654ae6b, 0xae, 0xe0, 0xe1]);
const mostElements = 5000;

export function readWebm(bytes: Buffer): MediaFacts | undefined {
  if (ascii(bytes, 0, 4) !== "\x1a\x45\xdf\xa3") return undefined;
  const found = elements(bytes);
  const number = (id: number): number | undefined => {
    const element = found.get(id);
    return element && numberIn(bytes, element, id === ids.duration || id === ids.samplingFrequency);
  };
  const docType = found.get(ids.docType);
  const width = number(ids.width);
  const height = number(ids.height);
  const ticks = number(ids.duration);
  const sampleRate = number(ids.samplingFrequency);
  const channels = number(ids.channels);
  const soundOnly = width === undefined && sampleRate !== undefined;
  const matroska =
    docType !== undefined && ascii(bytes, docType.start, docType.end - docType.start) === "matroska";
  return {
    kind: soundOnly ? "audio" : "video",
    format: matroska ? "Matroska" : "WebM",
    ...(width !== undefined && height !== undefined && { width, height }),
    ...(ticks !== undefined &&
      Number.isFinite(ticks) &&
      ticks >= 0 && { seconds: (ticks * (number(ids.timestampScale) ?? 1_000_000)) / 1e9 }),
    ...(soundOnly && { sampleRate: Math.round(sampleRate) || 0 }),
    ...(soundOnly && channels !== undefined && { channels }),
  };
}

interface Span {
  start: number;
  end: number;
}

/** The first occurrence of every element up to the first cluster. */
function elements(bytes: Buffer): Map<number, Span> {
  const found = new Map<number, Span>();
  let at = 0;
  for (let count = 0; at < bytes.length && count < mostElements; count++) {
    const idLength = Math.clz32(uint8(bytes, at)) - 23;
    if (idLength < 1 || idLength > 4) break;
    let id = 0;
    for (let index = 0; index < idLength; index++) id = id * 256 + uint8(bytes, at + index);
    const sizeAt = at + idLength;
    const sizeLength = Math.clz32(uint8(bytes, sizeAt)) - 23;
    if (sizeLength < 1 || sizeLength > 8 || id === ids.cluster) break;
    let size = uint8(bytes, sizeAt) & (0xff >> sizeLength);
    for (let index = 1; index < sizeLength; index++) size = size * 256 + uint8(bytes, sizeAt + index);
    const start = sizeAt + sizeLength;
    if (!found.has(id)) found.set(id, { start, end: Math.min(start + size, bytes.length) });
    at = containers.has(id) ? start : start + size;
  }
  return found;
}

function numberIn(bytes: Buffer, { start, end }: Span, isFloat: boolean): number | undefined {
  const length = end - start;
  if (isFloat) {
    if (length === 4) return bytes.readFloatBE(start);
    return length === 8 ? bytes.readDoubleBE(start) : undefined;
  }
  if (length < 1 || length > 6) return undefined;
  return bytes.readUIntBE(start, length);
}
