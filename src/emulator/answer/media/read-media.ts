/** Inline data in: what it is, how large, what could be read from it. The bytes decide, not the declared type. */
import type { Blob } from "../../../wire/gemini.ts";
import { readAac } from "./aac.ts";
import { readAiff } from "./aiff.ts";
import { readFlac } from "./flac.ts";
import { readGif } from "./gif.ts";
import { readHeif } from "./heif.ts";
import { readJpeg } from "./jpeg.ts";
import type { MediaFacts, MediaReader } from "./media-facts.ts";
import { readMp3 } from "./mp3.ts";
import { readMp4 } from "./mp4.ts";
import { readOgg } from "./ogg.ts";
import { readPdf } from "./pdf.ts";
import { readPng } from "./png.ts";
import { isTextType, readTextFile } from "./text-file.ts";
import { readWav } from "./wav.ts";
import { readWebm } from "./webm.ts";
import { readWebp } from "./webp.ts";

export interface ReceivedMedia extends MediaFacts {
  mimeType: string;
  displayName?: string;
  /** Bytes after base64. */
  size: number;
}

/** More than any inline part Google takes today would still be sized, but only this much is looked into. */
const mostReadBytes = 32 * 1024 * 1024;
const readers: readonly MediaReader[] = [
  readPng,
  readJpeg,
  readGif,
  readWebp,
  readWav,
  readAiff,
  readFlac,
  readOgg,
  readHeif,
  readMp4,
  readWebm,
  readPdf,
  readAac,
  readMp3,
];

// Counting tokens and describing look at the same part; large media should be decoded once.
const alreadyRead = new WeakMap<Blob, ReceivedMedia>();

/** Never throws, whatever the bytes; the same object is read once. */
export function readMedia(blob: Blob): ReceivedMedia {
  const known = alreadyRead.get(blob);
  if (known !== undefined) return known;
  const media = read(blob);
  alreadyRead.set(blob, media);
  return media;
}

function read(blob: Blob): ReceivedMedia {
  const data = typeof blob.data === "string" ? blob.data : "";
  const fullType = typeof blob.mimeType === "string" ? blob.mimeType.toLowerCase() : "";
  const mimeType = fullType.split(";")[0]?.trim() ?? "";
  const bytes = Buffer.from(data.slice(0, Math.ceil(mostReadBytes / 3) * 4), "base64");
  const size = data.length > bytes.length * 2 ? Math.floor((data.length * 3) / 4) : bytes.length;
  const facts = factsOf(bytes, fullType, mimeType);
  return {
    ...facts,
    mimeType,
    size,
    ...(typeof blob.displayName === "string" && { displayName: blob.displayName }),
  };
}

function factsOf(bytes: Buffer, fullType: string, mimeType: string): MediaFacts {
  const isText = isTextType(mimeType);
  for (const reader of isText ? [] : readers) {
    const facts = reader(bytes);
    if (facts !== undefined) return facts;
  }
  if (isText) return readTextFile(bytes, mimeType);
  if (/^audio\/(l16|pcm|x-pcm)$/.test(mimeType)) return rawSamples(bytes, fullType);
  const [family, name] = mimeType.split("/");
  return { kind: kindOf(family, mimeType), format: (name ?? "").toUpperCase() || "unknown" };
}

/** Samples without a header: 16 bit, mono, the rate from the type, else the 24 kHz of Google's speech models. */
function rawSamples(bytes: Buffer, fullType: string): MediaFacts {
  const sampleRate = Number(/rate=(\d{1,6})/.exec(fullType)?.[1] ?? 24000) || 24000;
  return { kind: "audio", format: "PCM", sampleRate, channels: 1, seconds: bytes.length / 2 / sampleRate };
}

function kindOf(family: string | undefined, mimeType: string): MediaFacts["kind"] {
  if (family === "image" || family === "audio" || family === "video") return family;
  return mimeType === "application/pdf" ? "document" : "unknown";
}
