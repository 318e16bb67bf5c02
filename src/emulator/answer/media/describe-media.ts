/** Media in words: what a person would check to see that the right file arrived. */
import type { FileData } from "../../../wire/gemini.ts";
import { colourName, hexColour } from "./colour-name.ts";
import type { ReceivedMedia } from "./read-media.ts";

const articles: Record<ReceivedMedia["kind"], string> = {
  image: "an image",
  audio: "an audio recording",
  video: "a video",
  document: "a document",
  text: "a text file",
  unknown: "a file",
};

/** `an image: PNG, 64 x 48 pixels, 1.2 kB, mostly red (#dc1e1e)`. */
export function describeMedia(media: ReceivedMedia): string {
  const details = [
    media.format === "unknown"
      ? "of unknown type"
      : media.format + (media.version ? ` ${media.version}` : ""),
    media.width !== undefined && media.height !== undefined && `${media.width} x ${media.height} pixels`,
    media.pages !== undefined && counted(media.pages, "page"),
    media.seconds !== undefined && `${rounded(media.seconds)} seconds`,
    media.sampleRate !== undefined && media.sampleRate > 0 && `${media.sampleRate} Hz`,
    media.channels !== undefined && channelWords(media.channels),
    media.lines !== undefined && counted(media.lines, "line"),
    media.words !== undefined && counted(media.words, "word"),
    formatBytes(media.size),
    media.colour !== undefined && `mostly ${colourName(media.colour)} (${hexColour(media.colour)})`,
  ].filter((detail) => detail !== false);
  const name = media.displayName === undefined ? "" : ` named "${media.displayName.slice(0, 100)}"`;
  return `${articles[media.kind]}${name}: ${details.join(", ")}`;
}

/** Files by address are named only: the emulator is offline and must not look as if it had read them. */
export function describeFile(file: FileData): string {
  const uri = file.fileUri ?? "";
  const name = file.displayName ?? decodedName(uri);
  const type = file.mimeType === undefined ? "" : ` (${file.mimeType})`;
  return `a file by address, ${name}${type}: ${uri.slice(0, 300)}; the emulator works offline and did not fetch it`;
}

function decodedName(uri: string): string {
  const last =
    uri
      .split(/[?#]/)[0]
      ?.split("/")
      .findLast((segment) => segment !== "") ?? uri;
  try {
    return decodeURIComponent(last).slice(0, 100);
  } catch {
    return last.slice(0, 100);
  }
}

/** Decimal units, as file managers and Google's limits use them. */
export function formatBytes(size: number): string {
  if (size < 1000) return counted(size, "byte");
  if (size < 1_000_000) return `${rounded(size / 1000)} kB`;
  return `${rounded(size / 1_000_000)} MB`;
}

function channelWords(channels: number): string {
  if (channels === 1) return "mono";
  return channels === 2 ? "stereo" : `${channels} channels`;
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

function rounded(value: number): string {
  return String(Math.round(value * 10) / 10);
}
