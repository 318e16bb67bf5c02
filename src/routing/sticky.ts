/** Keeping related requests on one target, where Google's implicit cache of their common beginning is warm. */
import { Base64Text, type InlineText } from "../wire/base64-text.ts";
import type { ChatCompletionRequest } from "../wire/openai.ts";
import { ownField } from "../wire/own-field.ts";
import type { Route } from "./route.ts";

/** A long text is known by its ends and its middle; data URLs of one format begin and end alike. */
const SAMPLE = { start: 1024, middle: 512, end: 512 };
/** Instructions stand at the beginning; a request may hold thousands of messages. */
const MAX_MESSAGES = 32;
const MAX_PIECES = 32;

/**
 * What a request must share with another one to go to the same target; undefined if it has nothing of the kind.
 * `prompt_cache_key`: the field of that name. `conversation`: a hash of the instructions and the first user message,
 * which stay the same while a conversation grows. Reads a bounded number of characters and changes nothing.
 */
export function stickyKeyOf(body: ChatCompletionRequest, mode: Route["sticky"]): string | undefined {
  switch (mode) {
    case "off":
      return undefined;
    case "prompt_cache_key": {
      const key = ownField(body, "prompt_cache_key");
      return typeof key === "string" && key !== "" ? sample(key) : undefined;
    }
    case "conversation":
      return conversationKey(ownField(body, "messages"));
    default:
      return mode satisfies never;
  }
}

function conversationKey(messages: unknown): string | undefined {
  if (!Array.isArray(messages)) return undefined;
  const pieces: string[] = [];
  const most = Math.min(messages.length, MAX_MESSAGES);
  for (let index = 0; index < most; index += 1) {
    const message: unknown = messages[index];
    const role = ownField(message, "role");
    if (role !== "system" && role !== "developer" && role !== "user") continue;
    pieces.push(role);
    collect(ownField(message, "content"), pieces);
    if (role === "user") {
      const text = JSON.stringify(pieces);
      return hash(text, 0).toString(16).padStart(8, "0") + hash(text, 1).toString(16).padStart(8, "0");
    }
  }
  return undefined;
}

/** Text of a message: a string, or parts whose strings may lie one object deeper (`image_url.url`). */
function collect(content: unknown, pieces: string[]): void {
  if (typeof content === "string") {
    pieces.push(sample(content));
    return;
  }
  if (!Array.isArray(content)) return;
  for (let index = 0; index < Math.min(content.length, MAX_PIECES); index += 1) {
    collectStrings(content[index], 2, pieces);
  }
}

function collectStrings(value: unknown, depth: number, pieces: string[]): void {
  if (pieces.length >= MAX_PIECES) return;
  if (typeof value === "string" || value instanceof Base64Text) {
    pieces.push(sample(value));
  } else if (typeof value === "object" && value !== null && depth > 0) {
    for (const key in value) {
      if (pieces.length >= MAX_PIECES) return;
      collectStrings(ownField(value, key), depth - 1, pieces);
    }
  }
}

function sample(text: InlineText): string {
  const { start, middle, end } = SAMPLE;
  if (text.length <= start + middle + end) return text.toString();
  const half = (text.length - middle) >> 1;
  return `${text.length} ${text.slice(0, start)}${text.slice(half, half + middle)}${text.slice(-end)}`;
}

/** 32 bits: FNV-1a over UTF-16 code units, mixed at the end because keys that differ in one digit must part. */
export function hash(text: string, seed: number): number {
  let state = 0x811c9dc5 ^ seed;
  for (let index = 0; index < text.length; index += 1) {
    state = Math.imul(state ^ text.charCodeAt(index), 0x01000193);
  }
  return mix(state);
}

/** The finalizer of MurmurHash3: each bit of the input moves about half the bits of the result. */
function mix(value: number): number {
  let state = value ^ (value >>> 16);
  state = Math.imul(state, 0x85ebca6b);
  state = Math.imul(state ^ (state >>> 13), 0xc2b2ae35);
  return (state ^ (state >>> 16)) >>> 0;
}

/**
 * How strongly a key belongs to a target: weighted rendezvous hashing. The key goes to the highest score, so it moves
 * only when that target falls out, comes back with it, and each target holds its weight's share of the keys.
 * The same on every replica of the gateway, for nothing is remembered.
 */
export function rendezvousScore(key: string, targetId: string, weight: number): number {
  const unit = (mix(hash(key, 0) ^ hash(targetId, 1)) + 0.5) / 2 ** 32;
  return weight / -Math.log(unit);
}
