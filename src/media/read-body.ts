/** The body of an answer, unpacked and counted while it comes: what a server says of its length counts for nothing. */
import { pipeline, type Readable, type Transform } from "node:stream";
import { createBrotliDecompress, createGunzip, createInflate } from "node:zlib";
import { MediaRefusal } from "./media-refusal.ts";

/** Told of all bytes that are kept, of several answers together. */
export interface ByteAllowance {
  /** @throws what there is to say against that many more */
  take(bytes: number): void;
}

export interface ReadLimits {
  maxBytes: number;
  /** Shared with the other files of the request. */
  allowance: ByteAllowance;
}

/** Packed answers are not asked for, but some servers give nothing else. Undefined: as it is. */
function unpacker(encoding: string): (() => Transform) | undefined {
  switch (encoding.trim().toLowerCase()) {
    case "":
    case "identity":
      return undefined;
    case "gzip":
    case "x-gzip":
      return createGunzip;
    case "deflate":
      return createInflate;
    case "br":
      return createBrotliDecompress;
    default:
      throw new MediaRefusal("encoding");
  }
}

/**
 * Looks at the first bytes as soon as they are there, by `accept`, and gives up where it throws.
 * @param encoding `content-encoding`
 * @throws MediaRefusal for more bytes than the limits let through, before or after unpacking, and for none; and what the
 *   allowance throws
 */
export async function readBody(
  body: Readable,
  encoding: string,
  limits: ReadLimits,
  accept: { bytes: number; check: (start: Buffer) => void },
): Promise<Buffer> {
  const unpack = unpacker(encoding);
  const packed = counted(body, limits.maxBytes);
  // Pulled, so that a few packed bytes never get more than a chunk or two ahead of the count.
  const source: AsyncIterable<Buffer> = unpack === undefined ? packed : pipeline(packed, unpack(), ignore);
  const chunks: Buffer[] = [];
  let size = 0;
  let checked = false;
  for await (const chunk of source) {
    size += chunk.length;
    if (size > limits.maxBytes) throw new MediaRefusal("size");
    limits.allowance.take(chunk.length);
    chunks.push(chunk);
    if (!checked && size >= accept.bytes) {
      checked = true;
      accept.check(Buffer.concat(chunks));
    }
  }
  if (size === 0) throw new MediaRefusal("empty");
  const whole = Buffer.concat(chunks, size);
  if (!checked) accept.check(whole);
  return whole;
}

async function* counted(body: Readable, maxBytes: number): AsyncGenerator<Buffer> {
  let size = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxBytes) throw new MediaRefusal("size");
    yield chunk;
  }
}

/** The other end of the pipeline is told of the same error. */
function ignore(): void {}
