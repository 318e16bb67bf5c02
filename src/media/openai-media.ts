/** The URLs in a request for an upstream that speaks OpenAI's API itself, where nothing is translated. */
import { Base64Text } from "../wire/base64-text.ts";
import type { ReadMedia, ResolveMedia } from "../translate/target.ts";

/** Where the parts of OpenAI's API, and what servers add to it, have a URL or base64. */
const URL_KEYS = new Set([
  "image_url",
  "video_url",
  "audio_url",
  "file_url",
  "url",
  "data",
  "file_data",
  "file_id",
]);

const TEXT_TYPES = new Set<unknown>(["text", "refusal", "input_text", "thinking"]);

/**
 * The body with data URLs in place of all URLs that `resolve` has bytes for, as a copy; undefined where it has none.
 * Every gs, http and https URL of a content part is put to it.
 * @throws what `resolve` throws
 */
export function withReadMedia(
  body: Readonly<Record<string, unknown>>,
  resolve: ResolveMedia,
): Record<string, unknown> | undefined {
  const { messages } = body;
  if (!Array.isArray(messages)) return undefined;
  const read = messages.map((message: unknown, index) =>
    replaced(message, `messages[${index}]`, "message", resolve),
  );
  return read.every((message, index) => message === messages[index])
    ? undefined
    : { ...body, messages: read };
}

/** The same value where nothing in it was read. */
function replaced(value: unknown, path: string, key: string, resolve: ResolveMedia): unknown {
  if (typeof value === "string") {
    if (!URL_KEYS.has(key) || !/^(?:gs|https?):/i.test(value)) return value;
    const read = resolve(value, path);
    return read === undefined ? value : dataUrl(read, path);
  }
  if (Array.isArray(value)) {
    const items = value.map((item: unknown, index) => replaced(item, `${path}[${index}]`, key, resolve));
    return items.every((item, index) => item === value[index]) ? value : items;
  }
  if (typeof value !== "object" || value === null || value instanceof Base64Text || isText(value))
    return value;
  let copy: Record<string, unknown> | undefined;
  for (const [name, member] of Object.entries(value)) {
    if (typeof member !== "string" && (typeof member !== "object" || member === null)) continue;
    const next = replaced(member, `${path}.${name}`, name, resolve);
    if (next === member) continue;
    copy ??= { ...value };
    copy[name] = next;
  }
  return copy ?? value;
}

function isText(value: object): boolean {
  return Object.hasOwn(value, "type") && TEXT_TYPES.has((value as { type?: unknown }).type);
}

/** Sound is bare base64 in OpenAI's API; everything else is a data URL. */
function dataUrl({ mimeType, data }: ReadMedia, path: string): Base64Text {
  return path.endsWith(".input_audio.data") ? data : new Base64Text(`data:${mimeType};base64,`, data.base64);
}
