/** The head of an answer as it goes over the wire. */
import { STATUS_CODES } from "node:http";
import { FIELD_VALUE, TOKEN } from "../wire/http1-fields.ts";

/** Names that were found good: answers have the same few. */
const goodNames = new Set<string>();
const MAX_GOOD_NAMES = 256;

/** A header that cannot be sent: a mistake of this program, as everything from outside was checked before. */
export class UnsendableHeader extends TypeError {
  readonly code = "ERR_UNSENDABLE_HEADER";
}

/**
 * Status line and header lines, without the empty line.
 * @throws UnsendableHeader
 */
export function headText(status: number, headers: Record<string, string>): string {
  let text = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? "Unknown"}\r\n`;
  for (const name in headers) {
    const value = headers[name]!;
    if (!FIELD_VALUE.test(value) || !isName(name)) {
      throw new UnsendableHeader(
        `the header ${JSON.stringify(name.slice(0, 64))} of an answer cannot be sent`,
      );
    }
    text += `${name}: ${value}\r\n`;
  }
  return text + dateLine();
}

function isName(name: string): boolean {
  if (goodNames.has(name)) return true;
  if (!TOKEN.test(name)) return false;
  if (goodNames.size < MAX_GOOD_NAMES) goodNames.add(name);
  return true;
}

let second = -1;
let line = "";

/** RFC 9110, section 6.6.1: a server with a clock says when it answered. Made once a second. */
function dateLine(): string {
  const now = Math.floor(Date.now() / 1_000);
  if (now !== second) {
    second = now;
    line = `date: ${new Date(now * 1_000).toUTCString()}\r\n`;
  }
  return line;
}
