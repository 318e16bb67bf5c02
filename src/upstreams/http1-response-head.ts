/** The head of a response, from its text. */
import { type FieldsHead, noFields, readFields } from "../wire/http1-fields.ts";
import { FramingError } from "../wire/http1-framing-error.ts";

export interface ResponseHead extends FieldsHead {
  status: number;
  /** How long the server says it keeps the connection unused, in milliseconds; -1 where it does not say. */
  keepAliveMs: number;
}

const KEEP_ALIVE_TIMEOUT = /(?:^|[,;\s])timeout\s*=\s*"?(\d{1,9})/i;

/**
 * @param text status line, fields and the empty line, each ended by CRLF, without any other control character but tabs
 * @throws FramingError
 */
export function parseHead(text: string): ResponseHead {
  const minor = text.charCodeAt(7) - 48;
  const status = statusOf(text, minor);
  const head: ResponseHead = {
    status,
    headers: noFields(),
    contentLength: -1,
    chunked: false,
    persistent: minor === 1,
    keepAliveMs: -1,
  };
  readFields(text, text.indexOf("\r\n") + 2, minor, head, "listed");
  if (status < 200 && minor === 0) throw new FramingError("HTTP/1.0 has no interim answers");
  const hint = head.headers["keep-alive"];
  if (hint !== undefined) head.keepAliveMs = timeoutIn(hint);
  return head;
}

function statusOf(text: string, minor: number): number {
  const after = text.charCodeAt(12);
  const hundreds = text.charCodeAt(9) - 48;
  const tens = text.charCodeAt(10) - 48;
  const units = text.charCodeAt(11) - 48;
  if (
    !text.startsWith("HTTP/1.") ||
    (minor !== 0 && minor !== 1) ||
    text.charCodeAt(8) !== 0x20 ||
    !isDigit(hundreds) ||
    !isDigit(tens) ||
    !isDigit(units) ||
    hundreds === 0 ||
    (after !== 0x20 && after !== 0x0d)
  ) {
    throw new FramingError("it does not begin with a status line");
  }
  return hundreds * 100 + tens * 10 + units;
}

function isDigit(value: number): boolean {
  return value >= 0 && value <= 9;
}

/** Of several lines the last that says it. */
function timeoutIn(hint: string | string[]): number {
  const lines = typeof hint === "string" ? [hint] : hint.toReversed();
  for (const line of lines) {
    const seconds = KEEP_ALIVE_TIMEOUT.exec(line)?.[1];
    if (seconds !== undefined) return Number(seconds) * 1_000;
  }
  return -1;
}
