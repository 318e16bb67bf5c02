/**
 * One piece of media, however the caller wrote it, as Gemini's `inlineData` or `fileData`. Nothing is fetched here:
 * Google reads gs, http and https URLs itself, unless the gateway was told to and has done so before.
 */
import { invalidRequest } from "../../errors.ts";
import type { InlineText } from "../../wire/base64-text.ts";
import type { Part } from "../../wire/gemini.ts";
import { isDataUrl, parseDataUrl } from "./data-url.ts";
import { toBase64 } from "./media-base64.ts";
import type { MessageScope } from "./message-scope.ts";
import { mimeTypeOfName, mimeTypeOnHost, normalMimeType } from "./mime-type.ts";

export type MediaKind = "image" | "audio" | "video" | "file";

export interface MediaSource {
  /** A data, gs, http or https URL; bare base64 where `base64` says so. */
  reference: InlineText;
  /** Where the reference stands in the request. */
  path: string;
  kind: MediaKind;
  /** Bare base64 is accepted too. */
  base64?: boolean;
  /** A full media type the caller declared beside the reference. */
  declared?: string;
  /** A file name the type can be read from. */
  filename?: string;
}

type MediaPart = Pick<Part, "inlineData" | "fileData">;

/** Generous for a signed URL; data URLs are not meant. */
const MAX_URL_CHARACTERS = 8_192;

/** What a URL without a telling name most likely is, by the part it stands in. */
const LIKELY: Record<MediaKind, string> = {
  image: "image/jpeg",
  audio: "audio/mp3",
  video: "video/mp4",
  file: "application/pdf",
};

/** Google has its own way to films on YouTube, and to files of the Gemini API, which are no public pages. */
const YOUTUBE = /^https?:\/\/(?:(?:www|m|music)\.)?(?:youtube\.com|youtu\.be)\//i;
const GEMINI_FILE = /^https:\/\/generativelanguage\.googleapis\.com\/v1(?:beta)?\/files\//i;

/** True for a URL that leads nobody but Google to the media itself. */
export function onlyGoogleReads(url: string): boolean {
  return YOUTUBE.test(url) || GEMINI_FILE.test(url);
}

/** Line breaks, which URL parsers drop or not, and backslashes, which end a host or not. */
// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const READ_DIFFERENTLY = /[\u0000-\u001f\u007f\\]/;

/** @throws GatewayError (400) for another scheme, a malformed URL or base64, or a media type that cannot be known. */
export function toMediaPart(source: MediaSource, scope: MessageScope): MediaPart {
  const { reference, path } = source;
  if (reference === "")
    throw invalidRequest(path, `${path}: is empty; send a URL${source.base64 === true ? " or base64" : ""}.`);
  if (isDataUrl(reference)) return fromDataUrl(source, scope);
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(reference.slice(0, 40))?.[1]?.toLowerCase();
  if (scheme === "gs" || scheme === "http" || scheme === "https")
    return fromUrl(source, reference.toString(), scheme, scope);
  if (scheme === undefined && source.base64 === true) return fromBase64(source, scope);
  throw invalidRequest(path, `${path}: must be a data:, gs://, https:// or http:// URL.`);
}

function fromDataUrl(source: MediaSource, scope: MessageScope): MediaPart {
  const { mediaType, parameters, data } = parseDataUrl(source.reference, source.path);
  if (mediaType === "") return inline(mimeTypeBeside(source), data, source, scope);
  const mimeType = normalMimeType(mediaType);
  if (mimeType === undefined) {
    throw invalidRequest(
      source.path,
      `${source.path}: names no valid media type; write one such as image/png.`,
    );
  }
  // Sample rate and channels of raw audio are parameters, and the bytes mean nothing without them.
  if (mimeType.startsWith("audio/")) return inline([mimeType, ...parameters].join(";"), data, source, scope);
  const lost = parameters.filter((parameter) => !/^charset="?(?:utf-8|us-ascii)"?$/i.test(parameter));
  if (lost.length > 0) {
    scope.notes.add(
      "approximated",
      "part-mime-type",
      source.path,
      "The parameters of the data URL's media type were not sent.",
    );
  }
  return inline(mimeType, data, source, scope);
}

function fromBase64(source: MediaSource, scope: MessageScope): MediaPart {
  return inline(mimeTypeBeside(source), toBase64(source.reference, source.path), source, scope);
}

function fromUrl(source: MediaSource, reference: string, scheme: string, scope: MessageScope): MediaPart {
  const { path } = source;
  if (reference.length > MAX_URL_CHARACTERS) {
    throw invalidRequest(
      path,
      `${path}: is longer than ${MAX_URL_CHARACTERS} characters; shorten the URL or send the data inline.`,
    );
  }
  const valid =
    scheme === "gs"
      ? /^gs:\/\/[^/\s]+\/[^\s]/i.test(reference)
      : URL.canParse(reference) && !READ_DIFFERENTLY.test(reference);
  if (!valid) {
    throw invalidRequest(
      path,
      `${path}: is not a valid URL${scheme === "gs" ? "; write gs://bucket/object" : ""}.`,
    );
  }
  const read = scope.resolveMedia(reference, path);
  if (read !== undefined) {
    scope.notes.add(
      "approximated",
      "part-media-read",
      path,
      "The gateway read the URL, and its bytes were sent inline.",
    );
    return { inlineData: { mimeType: onHost(read.mimeType, path, scope), data: read.data } };
  }
  scope.notes.used(path, "part-media");
  const mimeType =
    source.declared ??
    (source.filename === undefined ? undefined : mimeTypeOfName(source.filename)) ??
    (YOUTUBE.test(reference) ? "video/mp4" : mimeTypeOfName(reference));
  if (mimeType !== undefined)
    return { fileData: { mimeType: onHost(mimeType, path, scope), fileUri: reference } };
  // The Gemini API recorded the type of its own file when it was uploaded.
  if (scope.target.surface === "gemini-api" && GEMINI_FILE.test(reference))
    return { fileData: { fileUri: reference } };
  const likely = LIKELY[source.kind];
  scope.notes.add(
    "approximated",
    "part-mime-type",
    path,
    `The URL does not tell its media type; ${likely} was assumed.`,
  );
  return { fileData: { mimeType: likely, fileUri: reference } };
}

function inline(mimeType: string, data: InlineText, source: MediaSource, scope: MessageScope): MediaPart {
  scope.notes.used(source.path, "part-media");
  return { inlineData: { mimeType: onHost(mimeType, source.path, scope), data } };
}

function onHost(mimeType: string, path: string, scope: MessageScope): string {
  const name = mimeTypeOnHost(mimeType, scope.target.surface);
  if (name === "text/plain" && mimeType !== name) {
    scope.notes.add(
      "approximated",
      "part-mime-type",
      path,
      `This host takes no ${mimeType}; it was sent as text/plain.`,
    );
  }
  return name;
}

/** For data that does not carry its own type. */
function mimeTypeBeside(source: MediaSource): string {
  const mimeType =
    source.declared ?? (source.filename === undefined ? undefined : mimeTypeOfName(source.filename));
  if (mimeType !== undefined) return mimeType;
  throw invalidRequest(
    source.path,
    `${source.path}: the media type is not known; send a data URL that names it, such as data:${LIKELY[source.kind]};base64,...`,
  );
}
