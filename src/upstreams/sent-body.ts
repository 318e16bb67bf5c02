/** The body of a request on its way out, whichever form it has. */
import type { UpstreamBody } from "./upstream.ts";

/**
 * No larger piece is written at once: a secure connection encrypts all that it is given before anything else runs, and
 * 20 MB are some 20 ms of work and a second copy.
 */
const MAX_PIECE_BYTES = 256 * 1024;

export function isList(body: UpstreamBody): body is readonly Uint8Array[] {
  return Array.isArray(body);
}

/** The body as a list of its own; the bytes are not copied. */
export function piecesOf(body: UpstreamBody | undefined): Uint8Array[] {
  if (body === undefined) return [];
  if (typeof body === "string") return [Buffer.from(body)];
  return isList(body) ? [...body] : [body];
}

/** In bytes. */
export function lengthOf(pieces: readonly Uint8Array[]): number {
  let length = 0;
  for (const piece of pieces) length += piece.length;
  return length;
}

/**
 * The bytes in order, in small pieces. What has been handed out is forgotten: the one who sends may keep the iterator
 * for as long as the answer takes.
 */
export function* handedOut(pieces: Uint8Array[]): Generator<Uint8Array, void, undefined> {
  for (let piece = pieces.shift(); piece !== undefined; piece = pieces.shift()) {
    for (let from = 0; from < piece.length; from += MAX_PIECE_BYTES) {
      yield piece.subarray(from, from + MAX_PIECE_BYTES);
    }
  }
}
