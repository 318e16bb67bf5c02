/** Base64 as callers send it, made into the form Gemini takes. */
import { invalidRequest } from "../../errors.ts";
import { isBase64 } from "../../wire/base64.ts";
import type { InlineText } from "../../wire/base64-text.ts";

const FOREIGN_TO_BOTH = /[^A-Za-z0-9+/=_\r\n-]/;

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const PLUS = 0x2b;
const HYPHEN = 0x2d;
const SLASH = 0x2f;
const UNDERSCORE = 0x5f;

/**
 * Standard base64 with padding. Line breaks (MIME wraps lines) and the URL-safe alphabet of RFC 4648, which may go
 * unpadded, are converted; anything else is refused rather than guessed at.
 * @throws GatewayError (400) for another alphabet, spaces, wrong padding, or no bytes at all.
 */
export function toBase64<Text extends InlineText>(text: Text, path: string): Text | string {
  if (typeof text !== "string" || isBase64(text)) return text;
  if (!/[^\r\n]/.test(text))
    throw invalidRequest(path, `${path}: holds no data; send at least one byte of base64.`);
  const standard = FOREIGN_TO_BOTH.test(text) ? undefined : standardised(text);
  if (standard !== undefined && isBase64(standard)) return standard;
  throw invalidRequest(
    path,
    `${path}: is not valid base64; use the alphabet A-Z a-z 0-9 + / and pad with "=" to a multiple of four characters.`,
  );
}

/** Without line breaks, in the standard alphabet; byte by byte, as replacing every other character takes seconds. */
function standardised(text: string): string {
  const bytes = Buffer.from(text, "latin1");
  let length = 0;
  let isUrlSafe = false;
  for (let index = 0; index < bytes.length; index += 1) {
    let byte = bytes[index] ?? 0;
    if (byte === CARRIAGE_RETURN || byte === LINE_FEED) continue;
    if (byte === HYPHEN || byte === UNDERSCORE) {
      byte = byte === HYPHEN ? PLUS : SLASH;
      isUrlSafe = true;
    }
    bytes[length] = byte;
    length += 1;
  }
  const standard = bytes.toString("latin1", 0, length);
  return isUrlSafe && !standard.endsWith("=") ? standard.padEnd(Math.ceil(length / 4) * 4, "=") : standard;
}
