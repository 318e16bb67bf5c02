/** An assistant message of the history as parts of a model turn. */
import { invalidRequest } from "../../errors.ts";
import type { Part } from "../../wire/gemini.ts";
import { isObject, optionalArray, optionalObject, optionalString, wrongType } from "../read-field.ts";
import { type CallPart, readToolCalls } from "./assistant-calls.ts";
import { readGoogleExtra } from "./extra-content.ts";
import { accountForFields, carriesNothing } from "./field-account.ts";
import { readMediaPart } from "./media-parts.ts";
import type { MessageScope } from "./message-scope.ts";
import { MAX_PARTS_PER_MESSAGE, type ReadPart, readContent } from "./parts.ts";
import { plainTextOf } from "./plain-text-message.ts";
import type { PlacedMessage } from "./roles.ts";
import { returnedSignature } from "./signatures.ts";
import { splitThoughts } from "./thought-tags.ts";

const KEYS = new Set([
  "role",
  "content",
  "refusal",
  "audio",
  "images",
  "name",
  "tool_calls",
  "function_call",
  "extra_content",
  "reasoning_content",
  "reasoning",
]);
const IMAGE_KEYS = new Set(["type", "index", "image_url", "extra_content"]);
const EXTRAS = new Set(["thought", "thought_signature"] as const);

export interface ModelParts {
  /** In the order Gemini produced them: text, images, calls. Empty when the message says nothing. */
  parts: Part[];
  /** The function calls among `parts`. */
  calls: CallPart[];
}

/** @throws GatewayError (400) naming the field at fault. */
export function readAssistantMessage(placed: PlacedMessage, scope: MessageScope): ModelParts {
  const { message, path } = placed;
  const { notes } = scope;
  if (scope.thoughtTagMarker === undefined) {
    const text = plainTextOf(message, scope);
    if (text !== undefined) return { parts: [{ text }], calls: [] };
  }
  notes.used(`${path}.role`, "message-assistant");
  accountForFields(message, path, KEYS, scope);
  if ((optionalString(message, "name", `${path}.name`) ?? "") !== "") {
    notes.add("ignored", "message-name", `${path}.name`, "Gemini has no names for participants.");
  }
  for (const key of ["reasoning_content", "reasoning"] as const) {
    if (Object.hasOwn(message, key) && message[key] !== null && message[key] !== "") {
      notes.add(
        "ignored",
        "message-reasoning",
        `${path}.${key}`,
        "Reasoning text of earlier answers is not replayed.",
      );
    }
  }

  const extra = readGoogleExtra(message, path, EXTRAS, scope);
  const read = [...readContent(placed, scope), ...readRefusal(message, path, scope)];
  if (read.length === 0) read.push(...readTranscript(message, path, scope));
  else noteAudio(message, path, scope);
  const texts =
    extra.thought === undefined
      ? read.flatMap((part) => untagged(part, scope))
      : flagged(read, extra.thought);
  const signature = returnedSignature(extra, scope);
  const calls = readToolCalls(message, path, scope);
  const [call] = calls;
  // A `function_call` has no place of its own for a signature, so its answer carried it on the message.
  if (
    signature !== undefined &&
    call !== undefined &&
    call.id === undefined &&
    call.part.thoughtSignature === undefined
  )
    call.part.thoughtSignature = signature;
  else if (signature !== undefined && !isOn([...texts, ...calls.map(({ part }) => part)], signature))
    attach(texts, signature);

  return {
    parts: [...texts, ...readImages(message, path, scope), ...calls.map((call) => call.part)],
    calls,
  };
}

/** What the message says of itself holds for its parts, except for one that speaks for itself. */
function flagged(read: readonly ReadPart[], thought: boolean): Part[] {
  return read.map(({ part, thoughtDecided }) =>
    thought && !thoughtDecided ? { ...part, thought: true } : part,
  );
}

function untagged({ part, path, thoughtDecided }: ReadPart, scope: MessageScope): Part[] {
  const marker = scope.thoughtTagMarker ?? "";
  if (marker === "" || thoughtDecided || part.text === undefined || part.text === "") return [part];
  const pieces = splitThoughts(part.text, marker);
  if (!pieces.some((piece) => piece.thought) && pieces[0]?.text === part.text) return [part];
  scope.notes.used(path, "message-thought-marker");
  const parts: Part[] = pieces.map(({ text, thought }) => (thought ? { text, thought: true } : { text }));
  if (part.thoughtSignature !== undefined) attach(parts, part.thoughtSignature);
  return parts;
}

/** Already on a part of its own: some clients copy it to the message. */
function isOn(parts: readonly Part[], signature: string): boolean {
  return parts.some((part) => part.thoughtSignature === signature);
}

/**
 * A signature of the whole message belongs to its last text part; a streamed answer often brings it with empty text,
 * and a part of its own is then the one place to return it.
 */
function attach(parts: Part[], signature: string): void {
  const last = parts.findLast((part) => part.text !== undefined && part.thought !== true);
  if (last === undefined || last.thoughtSignature !== undefined)
    parts.push({ text: "", thoughtSignature: signature });
  else last.thoughtSignature = signature;
}

function readRefusal(message: Record<string, unknown>, path: string, scope: MessageScope): ReadPart[] {
  const refusalPath = `${path}.refusal`;
  const refusal = optionalString(message, "refusal", refusalPath);
  if (refusal === undefined || refusal === "") return [];
  scope.notes.add("approximated", "message-refusal", refusalPath, "The refusal was sent as ordinary text.");
  return [{ part: { text: refusal }, path: refusalPath, thoughtDecided: true }];
}

/** A spoken answer has no `content`; what was said stands in for it where the caller sent it back. */
function readTranscript(message: Record<string, unknown>, path: string, scope: MessageScope): ReadPart[] {
  const audioPath = `${path}.audio`;
  const audio = optionalObject(message, "audio", audioPath);
  const transcript = audio && optionalString(audio, "transcript", `${audioPath}.transcript`);
  if (transcript === undefined || transcript === "") {
    noteAudio(message, path, scope);
    return [];
  }
  scope.notes.add("approximated", "message-audio", audioPath, "The audio was replayed as its transcript.");
  return [{ part: { text: transcript }, path: audioPath, thoughtDecided: true }];
}

function noteAudio(message: Record<string, unknown>, path: string, scope: MessageScope): void {
  const audioPath = `${path}.audio`;
  const audio = optionalObject(message, "audio", audioPath);
  if (carriesNothing(audio)) return;
  scope.notes.add(
    "ignored",
    "message-audio",
    audioPath,
    "Earlier audio is not kept, so it cannot be replayed by its id.",
  );
}

/** Pictures the model made, in the shape this gateway answers with. */
function readImages(message: Record<string, unknown>, path: string, scope: MessageScope): Part[] {
  const imagesPath = `${path}.images`;
  const images = optionalArray(message, "images", imagesPath, { maxItems: MAX_PARTS_PER_MESSAGE }) ?? [];
  return images.map((image, index) => {
    const imagePath = `${imagesPath}[${index}]`;
    if (!isObject(image)) throw wrongType(imagePath, "an object with an image_url", image);
    accountForFields(image, imagePath, IMAGE_KEYS, scope);
    const type = optionalString(image, "type", `${imagePath}.type`) ?? "image_url";
    if (type !== "image_url")
      throw invalidRequest(`${imagePath}.type`, `${imagePath}.type: must be image_url.`);
    for (const key of ["type", "index"]) {
      if (Object.hasOwn(image, key)) scope.notes.used(`${imagePath}.${key}`, "part-media");
    }
    const extra = readGoogleExtra(image, imagePath, EXTRAS, scope);
    const part = readMediaPart(image, "image_url", imagePath, scope);
    if (extra.thought === true) part.thought = true;
    const signature = returnedSignature(extra, scope);
    if (signature !== undefined) part.thoughtSignature = signature;
    return part;
  });
}
