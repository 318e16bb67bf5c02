import { randomFillSync } from "node:crypto";

const ALPHABET = Buffer.from("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789");
/** 24 characters of 62 carry 142 bits: ids are keys to signatures, so they must not be guessable. */
const LENGTH = 24;

// One system call fills enough for many ids.
const pool = Buffer.allocUnsafe(8192);
let used = pool.length;

/** Room for the longest id while it is made. */
const letters = Buffer.alloc("chatcmpl-".length + LENGTH);

/** Made as bytes: a string put together letter by letter is kept as a chain of its pieces, ten times as large. */
function mint(prefix: string): string {
  let length = letters.write(prefix, "latin1");
  const end = length + LENGTH;
  while (length < end) {
    if (used === pool.length) {
      randomFillSync(pool);
      used = 0;
    }
    const value = (pool[used++] ?? 0) & 63;
    // 62 and 63 have no letter; drawing again keeps every letter equally likely.
    if (value < ALPHABET.length) letters[length++] = ALPHABET[value] ?? 0;
  }
  return letters.toString("latin1", 0, end);
}

/** `req_` and 24 random characters. */
export const mintRequestId = (): string => mint("req_");

/** `chatcmpl-` and 24 random characters, used when the upstream names no response id. */
export const mintCompletionId = (): string => mint("chatcmpl-");

/** `call_` and 24 random characters: 29 in all, within the 40 that OpenAI's own clients allow for. */
export const mintToolCallId = (): string => mint("call_");

/** True for every id of `mintToolCallId`. */
export function isMintedToolCallId(id: string): boolean {
  return id.length === "call_".length + LENGTH && /^call_[A-Za-z0-9]+$/.test(id);
}
