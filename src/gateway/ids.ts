import { randomFillSync } from "node:crypto";

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
/** 24 characters of 62 carry 142 bits: ids are keys to signatures, so they must not be guessable. */
const LENGTH = 24;

// One system call fills enough for many ids.
const pool = Buffer.allocUnsafe(8192);
let used = pool.length;

function randomText(): string {
  let text = "";
  while (text.length < LENGTH) {
    if (used === pool.length) {
      randomFillSync(pool);
      used = 0;
    }
    const value = (pool[used++] ?? 0) & 63;
    // 62 and 63 have no letter; drawing again keeps every letter equally likely.
    if (value < ALPHABET.length) text += ALPHABET[value];
  }
  return text;
}

/** `req_` and 24 random characters. */
export const mintRequestId = (): string => `req_${randomText()}`;

/** `chatcmpl-` and 24 random characters, used when the upstream names no response id. */
export const mintCompletionId = (): string => `chatcmpl-${randomText()}`;

/** `call_` and 24 random characters: 29 in all, within the 40 that OpenAI's own clients allow for. */
export const mintToolCallId = (): string => `call_${randomText()}`;

/** True for every id of `mintToolCallId`. */
export function isMintedToolCallId(id: string): boolean {
  return id.length === "call_".length + LENGTH && /^call_[A-Za-z0-9]+$/.test(id);
}
