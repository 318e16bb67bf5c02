/** Base64 as callers send it, made into the form Gemini takes. */
import { invalidRequest } from "../../errors.ts";
import { isBase64 } from "../../wire/base64.ts";
import { Base64Text, type InlineText } from "../../wire/base64-text.ts";
import { LONG_STRING_BYTES } from "../../wire/json-extent.ts";

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const PLUS = 0x2b;
const HYPHEN = 0x2d;
const SLASH = 0x2f;
const EQUALS = 0x3d;
const UNDERSCORE = 0x5f;

/**
 * Standard base64 with padding. Line breaks (MIME wraps lines) and the URL-safe alphabet of RFC 4648, which may go
 * unpadded, are converted; anything else is refused rather than guessed at.
 * @throws GatewayError (400) for another alphabet, spaces, wrong padding, or no bytes at all.
 */
export function toBase64(given: InlineText, path: string): InlineText {
  if (given instanceof Base64Text && given.head === "") return given;
  const text = given.toString();
  if (isBase64(text)) return text;
  if (!/[^\r\n]/.test(text))
    throw invalidRequest(path, `${path}: holds no data; send at least one byte of base64.`);
  const bytes = standardised(text);
  if (isBase64(bytes)) {
    return bytes.length > LONG_STRING_BYTES ? new Base64Text("", bytes) : bytes.toString("latin1");
  }
  throw invalidRequest(
    path,
    `${path}: is not valid base64; use the alphabet A-Z a-z 0-9 + / and pad with "=" to a multiple of four characters.`,
  );
}

/** Without line breaks, in the standard alphabet; byte by byte, as replacing every other character takes seconds. */
function standardised(text: string): Buffer {
  const end = Buffer.byteLength(text);
  // With room for padding. In UTF-8 no other character has a byte that could pass for base64.
  const bytes = Buffer.allocUnsafe(end + 2);
  bytes.write(text);
  let length = 0;
  let isUrlSafe = false;
  for (let index = 0; index < end; index += 1) {
    let byte = bytes[index] ?? 0;
    if (byte === CARRIAGE_RETURN || byte === LINE_FEED) continue;
    if (byte === HYPHEN || byte === UNDERSCORE) {
      byte = byte === HYPHEN ? PLUS : SLASH;
      isUrlSafe = true;
    }
    bytes[length] = byte;
    length += 1;
  }
  if (isUrlSafe && bytes[length - 1] !== EQUALS) {
    for (; length % 4 !== 0 && length < bytes.length; length += 1) bytes[length] = EQUALS;
  }
  return bytes.subarray(0, length);
}
