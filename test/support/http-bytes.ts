/** Messages of HTTP/1.1 as bytes, and bytes cut into pieces. */

export type FieldList = readonly (readonly [name: string, value: string])[];

export interface MessageParts {
  /** All that comes before the fields: lines, each ended by CRLF. */
  start: string;
  fields: FieldList;
  /** Around each value. */
  blank: string;
  /** `""` for none. */
  connection: string;
  framing: "none" | "length" | "chunks";
  /** Chunk by chunk. */
  body: readonly Uint8Array[];
  /** Of each chunk. */
  extension: string;
  trailers: FieldList;
}

export function fieldLines(fields: FieldList, blank: string): string {
  return fields.map(([name, value]) => `${name}:${blank}${value}${blank}\r\n`).join("");
}

export function messageBytes(message: MessageParts): Buffer {
  const { blank, body, connection, extension } = message;
  const parts: (string | Uint8Array)[] = [message.start, fieldLines(message.fields, blank)];
  if (connection !== "") parts.push(`Connection: ${connection}\r\n`);
  if (message.framing === "chunks") {
    parts.push("Transfer-Encoding: chunked\r\n\r\n");
    for (const chunk of body) parts.push(`${chunk.length.toString(16)}${extension}\r\n`, chunk, "\r\n");
    parts.push(`0${extension}\r\n${fieldLines(message.trailers, blank)}\r\n`);
  } else if (message.framing === "length") {
    const whole = Buffer.concat(body);
    parts.push(`Content-Length: ${whole.length}\r\n\r\n`, whole);
  } else {
    parts.push("\r\n");
  }
  return Buffer.concat(parts.map((part) => (typeof part === "string" ? Buffer.from(part, "latin1") : part)));
}

/** The bytes cut before each of these places. */
export function cutAt(bytes: Buffer, places: Iterable<number>): Buffer[] {
  const pieces: Buffer[] = [];
  let from = 0;
  for (const place of [...new Set(places)].toSorted((a, b) => a - b)) {
    if (place <= from || place >= bytes.length) continue;
    pieces.push(bytes.subarray(from, place));
    from = place;
  }
  return [...pieces, bytes.subarray(from)];
}
