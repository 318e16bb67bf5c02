/**
 * Media types as Gemini wants them: full, lower-case and without the aliases it refuses (`image/jpg`, a bare `png`:
 * https://github.com/CherryHQ/cherry-studio/pull/3088, https://github.com/charmbracelet/crush/issues/995).
 */

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
]);

/** RFC 6838 names, at most 127 characters on each side. */
const FULL = /^[a-z0-9][a-z0-9!#$&^_.+-]{0,126}\/[a-z0-9*][a-z0-9!#$&^_.+-]{0,126}$/;

/** The full type for a declared one, or for a short name such as `png`; undefined for anything else. */
export function normalMimeType(declared: string, expected?: "audio"): string | undefined {
  if (declared.length > 255) return undefined;
  const name = declared.trim().toLowerCase();
  if (FULL.test(name)) return ALIASES.get(name) ?? name;
  return (expected === "audio" ? AUDIO_CONTAINERS.get(name) : undefined) ?? BY_EXTENSION.get(name);
}

/** By the extension of a file name, or of a URL without its query and fragment. */
export function mimeTypeOfName(name: string): string | undefined {
  const extension = /\.([A-Za-z0-9]{2,4})$/.exec(name.replace(/[?#].*$/s, "").slice(-8))?.[1];
  return extension === undefined ? undefined : BY_EXTENSION.get(extension.toLowerCase());
}
