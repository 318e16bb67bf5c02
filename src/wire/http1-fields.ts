/**
 * The header lines of an HTTP/1.1 message, from their text, as strictly as RFC 9112 lets a reader be. Where two readers
 * could see two different messages in the same bytes (two lengths, a length and chunks, folded lines), there is none.
 */
import { FramingError } from "./http1-framing-error.ts";

/** By lower-case name. Has no prototype. */
export type HeaderFields = Record<string, string | string[] | undefined>;

/**
 * What becomes of a header that came more than once: a list, or one line as RFC 9110, section 5.2, joins them, so that
 * it has one reading only, whichever of the lines another reader would have taken.
 */
export type Repeated = "listed" | "joined";

/** What the header lines of a message say. */
export interface FieldsHead {
  headers: HeaderFields;
  /** In bytes; -1 where none is given. */
  contentLength: number;
  /** The body is in chunks. */
  chunked: boolean;
  /** The connection can take another message when this one has been answered. */
  persistent: boolean;
}

const MAX_HEADERS = 256;
/** A method, or the name of a header (RFC 9110, section 5.6.2). */
export const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** The value of a header. What ends a line would begin a header, or a message, of somebody else's. */
export const FIELD_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;
const TOKEN_BYTES = Array.from({ length: 256 }, (_, byte) => TOKEN.test(String.fromCharCode(byte)));
const CHUNKED = /^chunked$/i;
const LENGTH = /^\d{1,15}$/;

/** Nearly all messages have the same few names. Bounded: what comes after that is lower-cased each time. */
const knownNames = new Map<string, string>();
const MAX_KNOWN_NAMES = 512;

/** Objects of one shape for heads with the same fields; an object literal without a prototype would be a slow one. */
const Fields = function (): void {} as unknown as new () => HeaderFields;
Fields.prototype = Object.create(null) as object;

export function noFields(): HeaderFields {
  return new Fields();
}

/**
 * Reads lines into a head whose `persistent` is what its version says.
 * @param text with the lines from `from` on and the empty line, each ended by CRLF, without any other control character
 *   but tabs
 * @throws FramingError
 */
export function readFields(
  text: string,
  from: number,
  minor: number,
  head: FieldsHead,
  repeated: Repeated,
): void {
  parseFields(text, from, head, repeated);
  if (head.chunked && head.contentLength !== -1) throw new FramingError("it has a length and chunks");
  if (head.chunked && minor === 0) throw new FramingError("HTTP/1.0 has no chunks");
}

/** Checks the fields after the last chunk. Nothing in them counts: they came too late for that. */
export function checkTrailers(text: string): void {
  parseFields(text, 0, undefined, "listed");
}

function parseFields(text: string, from: number, head: FieldsHead | undefined, repeated: Repeated): void {
  let count = 0;
  for (let at = from; ;) {
    const end = text.indexOf("\r\n", at);
    if (end === at) return;
    if ((count += 1) > MAX_HEADERS) {
      throw new FramingError("it has too many headers", "ERR_HTTP1_HEAD_TOO_LARGE");
    }
    const colon = text.indexOf(":", at);
    if (colon === -1 || colon > end) throw new FramingError("a header has no colon");
    const name = nameOf(text.slice(at, colon));
    let first = colon + 1;
    let last = end;
    while (first < last && isBlank(text.charCodeAt(first))) first += 1;
    while (last > first && isBlank(text.charCodeAt(last - 1))) last -= 1;
    if (head !== undefined) addField(head, name, text.slice(first, last), repeated);
    at = end + 2;
  }
}

/** Whether it may stand in a method or in the name of a header (RFC 9110, section 5.6.2). */
export function isTokenByte(byte: number): boolean {
  return TOKEN_BYTES[byte] === true;
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}

function nameOf(sent: string): string {
  const known = knownNames.get(sent);
  if (known !== undefined) return known;
  // Also catches a folded line and a blank before the colon.
  if (!TOKEN.test(sent)) throw new FramingError("a header has a name that is none");
  const name = sent.toLowerCase();
  if (knownNames.size < MAX_KNOWN_NAMES && sent.length <= 64) knownNames.set(sent, name);
  return name;
}

function addField(head: FieldsHead, name: string, value: string, repeated: Repeated): void {
  const { headers } = head;
  const before = headers[name];
  if (before === undefined) headers[name] = value;
  else if (repeated === "joined") headers[name] = `${String(before)}, ${value}`;
  else if (typeof before === "string") headers[name] = [before, value];
  else before.push(value);
  switch (name) {
    case "content-length":
      if (before !== undefined || !LENGTH.test(value)) {
        throw new FramingError("it has no one valid length");
      }
      head.contentLength = Number(value);
      break;
    case "transfer-encoding":
      // No other coding was asked for, and none is offered.
      if (before !== undefined || !CHUNKED.test(value)) {
        throw new FramingError("it has a transfer encoding other than chunked");
      }
      head.chunked = true;
      break;
    case "connection":
      readConnection(head, value.toLowerCase(), before !== undefined);
      break;
  }
}

function readConnection(head: FieldsHead, value: string, again: boolean): void {
  // Nearly always one word.
  if (value === "keep-alive") {
    // What an earlier line closed stays closed.
    if (!again) head.persistent = true;
    return;
  }
  const options = value.split(",").map((option) => option.trim());
  if (options.includes("close")) head.persistent = false;
  else if (options.includes("keep-alive") && !again) head.persistent = true;
}
