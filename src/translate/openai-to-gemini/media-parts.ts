/** The four content parts that hold media: `image_url`, `video_url`, `input_audio` and `file`. */
import { invalidRequest } from "../../errors.ts";
import { Base64Text } from "../../wire/base64-text.ts";
import type { Part } from "../../wire/gemini.ts";
import { isObject, optionalString, optionalText, requiredText, wrongType } from "../read-field.ts";
import { isDataUrl } from "./data-url.ts";
import { accountForFields } from "./field-account.ts";
import { type MediaKind, type MediaSource, toMediaPart } from "./media.ts";
import { readDetail } from "./media-resolution.ts";
import type { MessageScope } from "./message-scope.ts";
import { mimeTypeOfName, mimeTypeOnHost, normalMimeType } from "./mime-type.ts";

const URL_KEYS = new Set(["url", "detail"]);
const AUDIO_KEYS = new Set(["data", "format"]);
const FILE_KEYS = new Set(["file_data", "file_id", "filename"]);

const FILES_URI = "https://generativelanguage.googleapis.com/v1beta/";

/**
 * `part` has the key `type`, one of the four.
 * @throws GatewayError (400) naming the field at fault.
 */
export function readMediaPart(
  part: Record<string, unknown>,
  type: string,
  path: string,
  scope: MessageScope,
): Part {
  const value = Object.hasOwn(part, type) ? part[type] : undefined;
  const valuePath = `${path}.${type}`;
  if (type === "input_audio") return readAudio(objectOf(value, valuePath), valuePath, scope);
  if (type === "file") return readFile(objectOf(value, valuePath), valuePath, scope);
  return readUrl(value, type === "video_url" ? "video" : "image", valuePath, scope);
}

function objectOf(value: unknown, path: string): Record<string, unknown> {
  if (!isObject(value)) throw wrongType(path, "an object", value);
  return value;
}

/** OpenAI nests the URL in an object; Google's own samples also write the bare string. */
function readUrl(value: unknown, kind: MediaKind, path: string, scope: MessageScope): Part {
  if (typeof value === "string" || value instanceof Base64Text) {
    const part: Part = toMediaPart({ reference: value, path, kind }, scope);
    readDetail({}, path, part, scope);
    return part;
  }
  if (!isObject(value)) throw wrongType(path, "an object with a url, or a URL", value);
  accountForFields(value, path, URL_KEYS, scope);
  const reference = requiredText(value, "url", `${path}.url`);
  const part: Part = toMediaPart({ reference, path: `${path}.url`, kind }, scope);
  readDetail(value, path, part, scope);
  return part;
}

/** `format` is `wav`, `mp3` or, as Google extends it, any media type: also that of a film or a document. */
function readAudio(audio: Record<string, unknown>, path: string, scope: MessageScope): Part {
  accountForFields(audio, path, AUDIO_KEYS, scope);
  const source: MediaSource = {
    reference: requiredText(audio, "data", `${path}.data`),
    path: `${path}.data`,
    kind: "audio",
    base64: true,
  };
  const formatPath = `${path}.format`;
  const format = optionalString(audio, "format", formatPath);
  if (format === undefined || format === "") {
    if (!/^[a-z][a-z0-9+.-]*:/i.test(source.reference.slice(0, 40))) {
      throw invalidRequest(
        formatPath,
        `${formatPath}: is required beside base64; send wav, mp3 or a full media type.`,
      );
    }
    return toMediaPart(source, scope);
  }
  const declared = normalMimeType(format, "audio");
  if (declared === undefined) {
    throw invalidRequest(
      formatPath,
      `${formatPath}: must be wav, mp3 or a full media type such as audio/flac.`,
    );
  }
  const part = toMediaPart({ ...source, declared }, scope);
  const sent = (part.inlineData ?? part.fileData)?.mimeType;
  if (sent === mimeTypeOnHost(declared, scope.target.surface) || isMp3(sent, declared))
    scope.notes.used(formatPath, "part-audio");
  else
    scope.notes.add(
      "ignored",
      "part-audio",
      formatPath,
      "The data URL names another media type, which was sent.",
    );
  return part;
}

/** The registered name of mp3 is audio/mpeg, and both are in use. */
function isMp3(sent: string | undefined, declared: string): boolean {
  const names = ["audio/mp3", "audio/mpeg"];
  return sent !== undefined && names.includes(sent) && names.includes(declared);
}

function readFile(file: Record<string, unknown>, path: string, scope: MessageScope): Part {
  accountForFields(file, path, FILE_KEYS, scope);
  const data = optionalText(file, "file_data", `${path}.file_data`);
  const id = optionalString(file, "file_id", `${path}.file_id`);
  const filename = optionalString(file, "filename", `${path}.filename`) ?? "";
  const named = filename === "" ? {} : { filename };
  if (data !== undefined && data !== "") {
    if (id !== undefined && id !== "") {
      throw invalidRequest(
        `${path}.file_id`,
        `${path}.file_id: cannot be sent together with file_data; send one of them.`,
      );
    }
    const source: MediaSource = {
      reference: data,
      path: `${path}.file_data`,
      kind: "file",
      base64: true,
      ...named,
    };
    return withName(toMediaPart(source, scope), source, path, scope);
  }
  if (id === undefined || id === "") {
    throw invalidRequest(path, `${path}: needs file_data (a data URL or base64) or file_id.`);
  }
  scope.notes.used(`${path}.file_id`, "part-file-id");
  const source: MediaSource = {
    reference: fileUri(id, `${path}.file_id`, scope),
    path: `${path}.file_id`,
    kind: "file",
    ...named,
  };
  return withName(toMediaPart(source, scope), source, path, scope);
}

/** @throws GatewayError (400) for an id the upstream could not look up. */
function fileUri(id: string, path: string, scope: MessageScope): string {
  if (id.startsWith("gs://")) return id;
  if (scope.target.surface === "vertex") {
    throw invalidRequest(path, `${path}: must be a gs:// URL, because Vertex AI has no Files API.`);
  }
  if (/^files\/[\w-]{1,128}$/.test(id)) return FILES_URI + id;
  if (/^https:\/\/generativelanguage\.googleapis\.com\/\w+\/files\/[\w-]{1,128}$/.test(id)) return id;
  throw invalidRequest(
    path,
    `${path}: must be a Gemini API file, written files/... or as its full URI; files uploaded to OpenAI cannot be read here.`,
  );
}

/** Vertex AI takes a display name for a blob; the Gemini API refuses the field. Source: Blob in js-genai. */
function withName(part: Part, source: MediaSource, path: string, scope: MessageScope): Part {
  const { filename } = source;
  if (filename === undefined) return part;
  const filenamePath = `${path}.filename`;
  const blob = part.inlineData ?? part.fileData;
  if (blob !== undefined && scope.target.surface === "vertex") {
    blob.displayName = filename;
    scope.notes.used(filenamePath, "part-file-name");
  } else if (namesItsType(source) || !decidesType(filename, blob?.mimeType, scope)) {
    scope.notes.add(
      "ignored",
      "part-file-name",
      filenamePath,
      "The Gemini API takes no name for a file in a prompt.",
    );
  } else scope.notes.used(filenamePath, "part-file-name");
  return part;
}

function decidesType(filename: string, sent: string | undefined, scope: MessageScope): boolean {
  const mimeType = mimeTypeOfName(filename);
  return mimeType !== undefined && mimeTypeOnHost(mimeType, scope.target.surface) === sent;
}

function namesItsType({ reference }: MediaSource): boolean {
  return isDataUrl(reference) && !/^[,;]/.test(reference.slice("data:".length, "data:".length + 1));
}
