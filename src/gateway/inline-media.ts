/**
 * Large images, sound and files of a request, told apart from its text before that is parsed. A 20 MB image in a parsed
 * body would be decoded, scanned, copied and encoded again, with all other streams waiting for it.
 */
import { isBase64 } from "../wire/base64.ts";
import { Base64Text, placeholder, placeholderIndex } from "../wire/base64-text.ts";
import type { StringRange } from "../wire/json-extent.ts";
import { ownField } from "../wire/own-field.ts";

/** Longer than any media type with its parameters. */
const MAX_HEAD_BYTES = 1_000;

/** Characters that JSON writes as they are. */
const PLAIN_HEAD = /^data:[ !#-[\]-~]*$/i;

/**
 * The body, with `Base64Text` wherever a content part holds a long base64 string. Undefined where there is nothing of
 * the kind, or anything out of the ordinary: then the body is to be parsed as it is.
 *
 * @param body UTF-8
 * @param from where the JSON begins
 * @param strings long strings of the body, in order
 * @param parse gives undefined for what is not JSON
 */
export function parseAroundMedia(
  body: Buffer,
  from: number,
  strings: readonly StringRange[],
  parse: (text: string) => unknown,
): unknown {
  const media: Base64Text[] = [];
  let text = "";
  let done = from;
  for (const { start, end } of strings) {
    const found = base64Text(body.subarray(start, end));
    if (found === undefined) continue;
    text += body.toString("utf8", done, start) + placeholder(media.length);
    media.push(found);
    done = end;
  }
  if (media.length === 0) return undefined;
  const value = parse(text + body.toString("utf8", done));
  // One that stands anywhere else, or is lost to a second key of the same name, is for the ordinary way.
  return placed(value, media) === media.length ? value : undefined;
}

/** A string as it stands in the JSON text, bare base64 or a data URL of it; undefined if it is anything else. */
function base64Text(string: Buffer): Base64Text | undefined {
  const head = headOf(string);
  if (head === undefined) return undefined;
  const base64 = string.subarray(head.length);
  return isBase64(base64) ? new Base64Text(head, base64) : undefined;
}

/** All of a data URL up to its base64, empty for what is none; undefined if something else may follow. */
function headOf(string: Buffer): string | undefined {
  const beginning = string.toString("latin1", 0, MAX_HEAD_BYTES);
  const comma = beginning.indexOf(",");
  if (comma === -1) return "";
  const head = beginning.slice(0, comma);
  const lastField = head.slice(head.lastIndexOf(";") + 1);
  const isBase64Url =
    head.includes(";") && lastField.trim().toLowerCase() === "base64" && PLAIN_HEAD.test(head);
  return isBase64Url ? `${head},` : undefined;
}

/** What each kind of content part has its data in. */
const FIELDS = new Map([
  ["image_url", "url"],
  ["video_url", "url"],
  ["input_audio", "data"],
  ["file", "file_data"],
]);

/** Puts media where its placeholders stand in content parts. How many were put. */
function placed(body: unknown, media: readonly Base64Text[]): number {
  let count = 0;
  const put = (holder: unknown, key: string): void => {
    const text = ownField(holder, key);
    const index = typeof text === "string" ? placeholderIndex(text) : undefined;
    const found = index === undefined ? undefined : media[index];
    if (found === undefined) return;
    (holder as Record<string, unknown>)[key] = found;
    count += 1;
  };
  for (const message of list(ownField(body, "messages"))) {
    for (const part of list(ownField(message, "content"))) {
      const type = ownField(part, "type");
      const field = typeof type === "string" ? FIELDS.get(type) : undefined;
      if (typeof type !== "string" || field === undefined) continue;
      // The bare URL of Google's own samples.
      if (field === "url") put(part, type);
      put(ownField(part, type), field);
    }
    // Media of a tool result, in Gemini's own form.
    for (const part of list(ownField(ownField(ownField(message, "extra_content"), "google"), "parts"))) {
      put(ownField(part, "inlineData"), "data");
      put(ownField(part, "inline_data"), "data");
    }
  }
  return count;
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
