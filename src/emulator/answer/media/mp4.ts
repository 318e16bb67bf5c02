/** MP4, QuickTime, 3GP and M4A: length from `mvhd`, picture size from `tkhd` (ISO 14496-12). */
import { ascii, uint16Big, uint32Big, uint64Big, uint8 } from "./byte-access.ts";
import { boxes, boxesAt, majorBrand } from "./iso-boxes.ts";
import type { MediaFacts } from "./media-facts.ts";

export function readMp4(bytes: Buffer): MediaFacts | undefined {
  const brand = majorBrand(bytes);
  if (brand === undefined) return undefined;
  const tracks = boxesAt(bytes, ["moov", "trak"]).map((track) => readTrack(bytes, track.start, track.end));
  const picture = tracks.find((track) => track.handler === "vide");
  const sound = tracks.find((track) => track.handler === "soun");
  const soundOnly =
    picture === undefined && (sound !== undefined || brand.startsWith("M4A") || brand.startsWith("M4B"));
  const seconds = movieSeconds(bytes);
  return {
    kind: soundOnly ? "audio" : "video",
    format: soundOnly ? "M4A" : formatOf(brand),
    ...(seconds !== undefined && { seconds }),
    ...(picture !== undefined && picture.width > 0 && { width: picture.width, height: picture.height }),
    ...(soundOnly && sound?.sampleRate !== undefined && { sampleRate: sound.sampleRate }),
    ...(soundOnly && sound?.channels !== undefined && { channels: sound.channels }),
  };
}

function formatOf(brand: string): string {
  if (brand === "qt  ") return "QuickTime";
  return brand.startsWith("3g") ? "3GP" : "MP4";
}

function movieSeconds(bytes: Buffer): number | undefined {
  const header = boxesAt(bytes, ["moov", "mvhd"])[0];
  if (header === undefined) return undefined;
  const long = uint8(bytes, header.start) === 1;
  const timescale = uint32Big(bytes, header.start + (long ? 20 : 12));
  const duration = long ? uint64Big(bytes, header.start + 24) : uint32Big(bytes, header.start + 16);
  return timescale > 0 && duration !== 0xffffffff ? duration / timescale : undefined;
}

interface Track {
  handler: string;
  width: number;
  height: number;
  sampleRate?: number;
  channels?: number;
}

function readTrack(bytes: Buffer, start: number, end: number): Track {
  const track: Track = { handler: "", width: 0, height: 0 };
  for (const box of boxes(bytes, start, end)) {
    if (box.type === "tkhd") {
      // 16.16 fixed point, the last eight bytes of the box.
      track.width = uint16Big(bytes, box.end - 8);
      track.height = uint16Big(bytes, box.end - 4);
    } else if (box.type === "mdia") {
      const media = boxes(bytes, box.start, box.end);
      const handler = media.find((inner) => inner.type === "hdlr");
      if (handler !== undefined) track.handler = ascii(bytes, handler.start + 8, 4);
      const minf = media.find((inner) => inner.type === "minf");
      if (minf !== undefined && track.handler === "soun")
        Object.assign(track, soundEntry(bytes, minf.start, minf.end));
    }
  }
  return track;
}

function soundEntry(bytes: Buffer, start: number, end: number): Pick<Track, "sampleRate" | "channels"> {
  const table = boxes(bytes, start, end).find((box) => box.type === "stbl");
  const entries = table && boxes(bytes, table.start, table.end).find((box) => box.type === "stsd");
  if (entries === undefined || entries.end - entries.start < 44) return {};
  const entry = entries.start + 8 + 8;
  return { channels: uint16Big(bytes, entry + 16), sampleRate: uint16Big(bytes, entry + 24) };
}
