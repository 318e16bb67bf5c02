/**
 * Media types as Gemini wants them: full, lower-case and without the aliases it refuses (`image/jpg`, a bare `png`:
 * https://github.com/CherryHQ/cherry-studio/pull/3088, https://github.com/charmbracelet/crush/issues/995).
 */
import type { Surface } from "../target.ts";

/** Types Gemini documents, under the extensions files have. */
const BY_EXTENSION = new Map<string, string>([
  ["png", "image/png"],
  ["jpg", "image/jpeg"],
  ["jpeg", "image/jpeg"],
  ["webp", "image/webp"],
  ["heic", "image/heic"],
  ["heif", "image/heif"],
  ["gif", "image/gif"],
  ["bmp", "image/bmp"],
  ["avif", "image/avif"],
  ["pdf", "application/pdf"],
  ["txt", "text/plain"],
  ["log", "text/plain"],
  ["md", "text/markdown"],
  ["html", "text/html"],
  ["htm", "text/html"],
  ["css", "text/css"],
  ["csv", "text/csv"],
  ["xml", "text/xml"],
  ["rtf", "text/rtf"],
  ["json", "application/json"],
  ["js", "text/javascript"],
  ["py", "text/x-python"],
  ["mp4", "video/mp4"],
  ["m4v", "video/mp4"],
  ["mov", "video/quicktime"],
  ["webm", "video/webm"],
  ["mpeg", "video/mpeg"],
  ["mpg", "video/mpg"],
  ["avi", "video/avi"],
  ["flv", "video/x-flv"],
  ["wmv", "video/wmv"],
  ["3gp", "video/3gpp"],
  ["3gpp", "video/3gpp"],
  ["mp3", "audio/mp3"],
  ["wav", "audio/wav"],
  ["flac", "audio/flac"],
  ["ogg", "audio/ogg"],
  ["oga", "audio/ogg"],
  ["opus", "audio/ogg"],
  ["m4a", "audio/m4a"],
  ["aac", "audio/aac"],
  ["aiff", "audio/aiff"],
  ["aif", "audio/aiff"],
  ["mpga", "audio/mpga"],
  ["pcm", "audio/pcm"],
]);

/** Containers that hold sound or pictures: the short name means sound where audio is expected. */
const AUDIO_CONTAINERS = new Map<string, string>([
  ["mp4", "audio/mp4"],
  ["mpeg", "audio/mpeg"],
  ["webm", "audio/webm"],
]);

const ALIASES = new Map<string, string>([
  ["image/jpg", "image/jpeg"],
  ["image/pjpeg", "image/jpeg"],
  ["image/x-png", "image/png"],
  ["audio/x-wav", "audio/wav"],
  ["audio/wave", "audio/wav"],
  ["audio/vnd.wave", "audio/wav"],
  ["audio/x-mp3", "audio/mp3"],
  ["audio/x-m4a", "audio/m4a"],
  ["audio/x-flac", "audio/flac"],
  ["audio/x-aiff", "audio/aiff"],
  ["application/x-pdf", "application/pdf"],
  ["video/x-msvideo", "video/avi"],
  ["text/x-markdown", "text/markdown"],
]);

/** The same format under the name each host lists. Source: the two hosts' pages on audio and documents. */
const HOST_NAMES: Record<Surface, ReadonlyMap<string, string>> = {
  vertex: new Map([["audio/aac", "audio/x-aac"]]),
  "gemini-api": new Map([
    ["audio/x-aac", "audio/aac"],
    ["text/markdown", "text/md"],
  ]),
};

/** Text the Gemini API lists by its own type; Vertex AI lists `text/plain` alone. */
const GEMINI_API_TEXT = new Set(
  ["plain", "html", "css", "csv", "xml", "rtf", "md", "javascript", "x-python"].map((name) => `text/${name}`),
);
const TEXT_BEYOND_TEXT = new Set(["application/json", "application/xml", "application/javascript"]);

/** RFC 6838 names, at most 127 characters on each side. */
const FULL = /^[a-z0-9][a-z0-9!#$&^_.+-]{0,126}\/[a-z0-9*][a-z0-9!#$&^_.+-]{0,126}$/;

/** The full type for a declared one, or for a short name such as `png`; undefined for anything else. */
export function normalMimeType(declared: string, expected?: "audio"): string | undefined {
  if (declared.length > 255) return undefined;
  const name = declared.trim().toLowerCase();
  if (FULL.test(name)) return ALIASES.get(name) ?? name;
  return (expected === "audio" ? AUDIO_CONTAINERS.get(name) : undefined) ?? BY_EXTENSION.get(name);
}

/**
 * The name under which a host takes the format. Documents that are text but not of a type the host lists would be
 * refused, so they go as `text/plain`, which is a loss only of the label.
 */
export function mimeTypeOnHost(mimeType: string, surface: Surface): string {
  const name = HOST_NAMES[surface].get(mimeType) ?? mimeType;
  const listed = surface === "vertex" ? name === "text/plain" : GEMINI_API_TEXT.has(name);
  const isText = name.startsWith("text/") || TEXT_BEYOND_TEXT.has(name);
  return isText && !listed ? "text/plain" : name;
}

/** By the extension of a file name, or of a URL without its query and fragment. */
export function mimeTypeOfName(name: string): string | undefined {
  const extension = /\.([A-Za-z0-9]{2,4})$/.exec(name.replace(/[?#].*$/s, "").slice(-8))?.[1];
  return extension === undefined ? undefined : BY_EXTENSION.get(extension.toLowerCase());
}
