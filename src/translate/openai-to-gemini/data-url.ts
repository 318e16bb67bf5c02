/** `data:` URLs (RFC 2397) with any media type, any parameters, and either encoding. */
import { invalidRequest } from "../../errors.ts";
import { Base64Text, type InlineText } from "../../wire/base64-text.ts";
import { hexByte } from "../../wire/hex-digits.ts";
import { toBase64 } from "./media-base64.ts";

export interface DataUrl {
  /** As written, without parameters; empty when the URL names none. */
  mediaType: string;
  /** For example `charset=utf-8`, in order, without `base64`. */
  parameters: string[];
  /** Standard base64 with padding. */
  data: InlineText;
}

/** Longer than any media type with its parameters. */
const MAX_HEADER_CHARACTERS = 1_000;

export function isDataUrl(text: InlineText): boolean {
  return text.slice(0, 5).toLowerCase() === "data:";
}

/** @throws GatewayError (400) when `text` is no data URL, holds no bytes, or its base64 is wrong. */
export function parseDataUrl(text: InlineText, path: string): DataUrl {
  const comma = text.slice(0, MAX_HEADER_CHARACTERS).indexOf(",");
  if (!isDataUrl(text) || comma === -1) {
    throw invalidRequest(path, `${path}: is not a data URL; write data:<media type>;base64,<data>.`);
  }
  const fields = text.slice("data:".length, comma).split(";");
  const [mediaType = "", ...parameters] = fields.map((field) => field.trim());
  const encoded = parameters.at(-1)?.toLowerCase() === "base64";
  return {
    mediaType,
    parameters: (encoded ? parameters.slice(0, -1) : parameters).filter((parameter) => parameter !== ""),
    data:
      typeof text === "string"
        ? decoded(text.slice(comma + 1), encoded, path)
        : new Base64Text("", text.base64),
  };
}

function decoded(body: string, encoded: boolean, path: string): InlineText {
  return toBase64(encoded ? unescaped(body) : percentDecoded(body).toString("base64"), path);
}

/** Base64 inside a URL may have its `+`, `/` and `=` escaped. */
function unescaped(body: string): string {
  return body.includes("%") ? percentDecoded(body).toString("latin1") : body;
}

/** Bytes of a percent-encoded body; a `%` that escapes nothing stands for itself, as in the URL Standard. */
function percentDecoded(body: string): Buffer {
  const bytes = Buffer.from(body, "utf8");
  let length = 0;
  for (let index = 0; index < bytes.length; index += 1) {
    let byte = bytes[index] ?? 0;
    if (byte === 0x25) {
      const escaped = hexByte(bytes, index + 1);
      if (escaped !== -1) {
        byte = escaped;
        index += 2;
      }
    }
    bytes[length] = byte;
    length += 1;
  }
  return bytes.subarray(0, length);
}
