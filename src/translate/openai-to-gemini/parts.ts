/** `content` of a message, a string or a list of parts, as Gemini's parts. */
import { invalidRequest } from "../../errors.ts";
import type { Part } from "../../wire/gemini.ts";
import { isObject, requiredString, wrongType } from "../read-field.ts";
import { readGoogleExtra } from "./extra-content.ts";
import { accountForFields } from "./field-account.ts";
import { readMediaPart } from "./media-parts.ts";
import type { MessageScope } from "./message-scope.ts";
import type { PlacedMessage, Side } from "./roles.ts";
import { returnedSignature } from "./signatures.ts";
import { readVideoMetadata } from "./video-metadata.ts";

/** Far beyond real use; each part costs work here and at Google. */
export const MAX_PARTS_PER_MESSAGE = 10_000;

const MEDIA_TYPES = ["image_url", "input_audio", "video_url", "file"] as const;

const TYPES: Record<Side, readonly string[]> = {
  // Vertex AI reads only text from a system instruction.
  system: ["text"],
  user: ["text", ...MEDIA_TYPES],
  model: ["text", "refusal", ...MEDIA_TYPES],
  result: ["text", ...MEDIA_TYPES],
};

/** What a part may say about itself in `extra_content`: thoughts and signatures are the model's alone. */
const TEXT_EXTRAS = new Set(["thought", "thought_signature"] as const);
const MEDIA_EXTRAS = new Set(["video_metadata"] as const);
const MODEL_MEDIA_EXTRAS = new Set(["thought", "thought_signature", "video_metadata"] as const);
const NO_EXTRAS = new Set<never>();

const PART_KEYS = new Map<string, ReadonlySet<string>>(
  ["text", "refusal", ...MEDIA_TYPES].map((type) => [type, new Set(["type", type, "extra_content"])]),
);

/** One part of Gemini's and what the rest of the message must know about it. */
export interface ReadPart {
  part: Part;
  /** Where the part's value stood. */
  path: string;
  /** Whether it is a thought was said outright, so thought tags in its text are only text. */
  thoughtDecided: boolean;
}

/**
 * Empty text is left out (Gemini refuses empty parts) unless it carries a signature; the caller sees an empty list
 * where nothing is left.
 * @throws GatewayError (400) naming the content or part at fault.
 */
export function readContent({ message, path, side }: PlacedMessage, scope: MessageScope): ReadPart[] {
  const contentPath = `${path}.content`;
  const content = Object.hasOwn(message, "content") ? message["content"] : undefined;
  if (content === undefined || content === null || content === "") return [];
  if (typeof content === "string") {
    scope.notes.used(contentPath, "part-text");
    return [{ part: { text: content }, path: contentPath, thoughtDecided: false }];
  }
  if (!Array.isArray(content)) throw wrongType(contentPath, "a string or an array of content parts", content);
  if (content.length > MAX_PARTS_PER_MESSAGE) {
    throw invalidRequest(
      contentPath,
      `${contentPath}: at most ${MAX_PARTS_PER_MESSAGE} parts are accepted, and there are ${content.length}.`,
    );
  }
  const parts: ReadPart[] = [];
  for (const [index, part] of content.entries()) {
    const read = readPart(part, `${contentPath}[${index}]`, side, scope);
    if (read !== undefined) parts.push(read);
  }
  return parts;
}

function readPart(part: unknown, path: string, side: Side, scope: MessageScope): ReadPart | undefined {
  if (!isObject(part)) throw wrongType(path, 'a content part such as {"type": "text", "text": "..."}', part);
  const type = requiredString(part, "type", `${path}.type`);
  const keys = TYPES[side].includes(type) ? PART_KEYS.get(type) : undefined;
  if (keys === undefined) {
    const place = side === "result" ? "a tool result" : `a ${side === "model" ? "assistant" : side} message`;
    const types = TYPES[side].join(", ");
    throw invalidRequest(
      `${path}.type`,
      `${path}.type: must be ${TYPES[side].length > 1 ? `one of ${types}` : types} in ${place}.`,
    );
  }
  scope.notes.used(`${path}.type`, type === "text" || type === "refusal" ? "part-text" : "part-media");
  accountForFields(part, path, keys, scope);
  if (type === "text" || type === "refusal") return readTextPart(part, type, path, side, scope);
  return readMedia(part, type, path, side, scope);
}

function readTextPart(
  part: Record<string, unknown>,
  type: "text" | "refusal",
  path: string,
  side: Side,
  scope: MessageScope,
): ReadPart | undefined {
  const valuePath = `${path}.${type}`;
  const text = requiredString(part, type, valuePath);
  const extra = readGoogleExtra(part, path, side === "model" ? TEXT_EXTRAS : NO_EXTRAS, scope);
  const signature = returnedSignature(extra, scope);
  if (text === "" && signature === undefined) return undefined;
  if (type === "refusal") {
    scope.notes.add("approximated", "message-refusal", valuePath, "The refusal was sent as ordinary text.");
  } else scope.notes.used(valuePath, "part-text");
  const read: Part = { text };
  if (extra.thought === true) read.thought = true;
  if (signature !== undefined) read.thoughtSignature = signature;
  return { part: read, path: valuePath, thoughtDecided: extra.thought !== undefined };
}

function readMedia(
  part: Record<string, unknown>,
  type: string,
  path: string,
  side: Side,
  scope: MessageScope,
): ReadPart {
  const extra = readGoogleExtra(part, path, side === "model" ? MODEL_MEDIA_EXTRAS : MEDIA_EXTRAS, scope);
  const read: Part = readMediaPart(part, type, path, scope);
  if (extra.videoMetadata !== undefined) {
    read.videoMetadata = readVideoMetadata(extra.videoMetadata, `${extra.path}.video_metadata`, scope);
  }
  if (extra.thought === true) read.thought = true;
  const signature = returnedSignature(extra, scope);
  if (signature !== undefined) read.thoughtSignature = signature;
  return { part: read, path, thoughtDecided: extra.thought !== undefined };
}
