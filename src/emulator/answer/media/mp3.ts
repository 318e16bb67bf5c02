/** MP3: rate and channels from the first frame; length from the Xing header or the bit rate (ISO 11172-3). */
import { ascii, uint32Big, uint8 } from "./byte-access.ts";
import type { MediaFacts } from "./media-facts.ts";

const bitRatesVersion1 = [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320];
const bitRatesVersion2 = [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160];
const rates = [44100, 48000, 32000];
const furthestFirstFrame = 65536;

export function readMp3(bytes: Buffer): MediaFacts | undefined {
  const tagged = ascii(bytes, 0, 3) === "ID3";
  const start = tagged ? 10 + tagLength(bytes) : 0;
  const last = tagged ? Math.min(bytes.length, start + furthestFirstFrame) : 1;
  for (let at = start; at < last; at++) {
    const frame = readFrame(bytes, at);
    if (frame !== undefined) return facts(bytes, at, frame);
  }
  return tagged ? { kind: "audio", format: "MP3" } : undefined;
}

interface Frame {
  kilobitsPerSecond: number;
  sampleRate: number;
  channels: number;
  samples: number;
  sideInformation: number;
}

function readFrame(bytes: Buffer, at: number): Frame | undefined {
  if (uint8(bytes, at) !== 0xff || (uint8(bytes, at + 1) & 0xe0) !== 0xe0) return undefined;
  const version = (uint8(bytes, at + 1) >> 3) & 3;
  const layer = (uint8(bytes, at + 1) >> 1) & 3;
  const rate = rates[(uint8(bytes, at + 2) >> 2) & 3];
  // Version 1 is reserved; layer 1 in these two bits is layer III.
  if (version === 1 || layer !== 1 || rate === undefined) return undefined;
  const kilobitsPerSecond = (version === 3 ? bitRatesVersion1 : bitRatesVersion2)[uint8(bytes, at + 2) >> 4];
  if (kilobitsPerSecond === undefined) return undefined;
  const channels = uint8(bytes, at + 3) >> 6 === 3 ? 1 : 2;
  return {
    kilobitsPerSecond,
    sampleRate: version === 3 ? rate : version === 2 ? rate / 2 : rate / 4,
    channels,
    samples: version === 3 ? 1152 : 576,
    sideInformation: version === 3 ? (channels === 1 ? 17 : 32) : channels === 1 ? 9 : 17,
  };
}

function facts(bytes: Buffer, at: number, frame: Frame): MediaFacts {
  const { sampleRate, channels, kilobitsPerSecond } = frame;
  const xing = at + 4 + frame.sideInformation;
  const hasFrameCount =
    ["Xing", "Info"].includes(ascii(bytes, xing, 4)) && (uint8(bytes, xing + 7) & 1) === 1;
  const seconds = hasFrameCount
    ? (uint32Big(bytes, xing + 8) * frame.samples) / sampleRate
    : kilobitsPerSecond > 0
      ? ((bytes.length - at) * 8) / (kilobitsPerSecond * 1000)
      : undefined;
  return { kind: "audio", format: "MP3", sampleRate, channels, ...(seconds !== undefined && { seconds }) };
}

/** Seven bits to the byte, so that no length looks like a frame. */
function tagLength(bytes: Buffer): number {
  return [6, 7, 8, 9].reduce((length, at) => length * 128 + (uint8(bytes, at) & 0x7f), 0);
}
