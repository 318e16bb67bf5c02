/** The head of a request, from its text. */
import { type FieldsHead, noFields, readFields, TOKEN } from "../wire/http1-fields.ts";
import { FramingError } from "../wire/http1-framing-error.ts";

export interface RequestHead extends FieldsHead {
  method: string;
  /** As it was sent: a path, a whole URL, or `*`. */
  target: string;
  /** Of HTTP/1: 0 or 1. */
  minor: number;
}

const TARGET = /^[\x21-\x7e]+$/;
const LAST_LINE = " HTTP/1.x".length;

/**
 * @param text request line, fields and the empty line, each ended by CRLF, without any other control character but tabs
 * @throws FramingError
 */
export function parseRequestHead(text: string): RequestHead {
  const end = text.indexOf("\r\n");
  const space = text.indexOf(" ");
  const version = end - LAST_LINE;
  const minor = text.charCodeAt(end - 1) - 48;
  if (space >= version || !text.startsWith(" HTTP/1.", version) || (minor !== 0 && minor !== 1)) {
    throw new FramingError("it does not begin with a request line of HTTP/1.1 or HTTP/1.0");
  }
  const method = text.slice(0, space);
  const target = text.slice(space + 1, version);
  if (!TOKEN.test(method)) throw new FramingError("its method is no word");
  // A URL has no other characters (RFC 3986, section 2): what is beyond ASCII is sent percent-encoded.
  if (!TARGET.test(target)) throw new FramingError("its target has a blank or a character beyond ASCII");
  const head: RequestHead = {
    method,
    target,
    minor,
    headers: noFields(),
    contentLength: -1,
    chunked: false,
    persistent: minor === 1,
  };
  readFields(text, end + 2, minor, head, "joined");
  // More than one are refused (RFC 9112, section 3.2), and no name has a blank, which those that are joined have.
  if (head.headers["host"]?.includes(" ") === true) throw new FramingError("it has no one valid Host");
  return head;
}
