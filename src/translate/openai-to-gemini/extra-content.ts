/**
 * `extra_content.google`: Google's own place for what OpenAI's messages cannot say. It may sit on a message, a content
 * part or a tool call. Some gateways write the same keys under `vertex`
 * (https://github.com/earendil-works/pi/issues/6733), which is read where `google` is absent.
 */
import { invalidRequest } from "../../errors.ts";
import { isObject, optionalArray, optionalBoolean, optionalObject, optionalString } from "../read-field.ts";
import { accountForFields, carriesNothing } from "./field-account.ts";
import type { MessageScope } from "./message-scope.ts";

export interface GoogleExtra {
  /** Path of the namespace object, for notes. */
  path: string;
  /** `thought`, when the caller said either way. */
  thought?: boolean;
  /** Base64, passed on byte for byte. */
  signature?: string;
  /** `functionResponse.parts`, not yet checked. */
  parts?: unknown[];
  videoMetadata?: Record<string, unknown>;
}

type ExtraKey = "thought" | "thought_signature" | "parts" | "video_metadata";

const NAMESPACES = ["google", "vertex"] as const;
const OUTER_KEYS = new Set<string>(NAMESPACES);
const MAX_RESULT_PARTS = 1_000;

/**
 * Reads the keys that mean something at this place; the others are noted.
 * @throws GatewayError (400) for a value of the wrong type, or a signature that cannot be base64.
 */
export function readGoogleExtra(
  holder: Record<string, unknown>,
  holderPath: string,
  meaningful: ReadonlySet<ExtraKey>,
  scope: MessageScope,
): GoogleExtra {
  const outerPath = `${holderPath}.extra_content`;
  const outer = optionalObject(holder, "extra_content", outerPath);
  if (outer === undefined || carriesNothing(outer)) return { path: outerPath };
  accountForFields(outer, outerPath, OUTER_KEYS, scope);

  const present = NAMESPACES.filter((name) => Object.hasOwn(outer, name) && !carriesNothing(outer[name]));
  const namespace = present[0];
  if (namespace === undefined) return { path: outerPath };
  if (present.length > 1) {
    scope.notes.add(
      "ignored",
      "extra-content",
      `${outerPath}.vertex`,
      "`google` is present and was read in its place.",
    );
  }
  const path = `${outerPath}.${namespace}`;
  const google = optionalObject(outer, namespace, path);
  if (google === undefined) return { path };
  accountForFields(google, path, meaningful, scope);

  const extra: GoogleExtra = { path };
  if (meaningful.has("thought")) {
    const thought = readThought(google, `${path}.thought`, scope);
    if (thought !== undefined) {
      extra.thought = thought;
      scope.notes.used(`${path}.thought`, "extra-content");
    }
  }
  if (meaningful.has("thought_signature")) {
    const signaturePath = `${path}.thought_signature`;
    const signature = optionalString(google, "thought_signature", signaturePath);
    if (signature !== undefined && signature !== "")
      extra.signature = checkSignature(signature, signaturePath);
  }
  if (meaningful.has("parts")) {
    const parts = optionalArray(google, "parts", `${path}.parts`, { maxItems: MAX_RESULT_PARTS });
    if (parts !== undefined) extra.parts = parts;
  }
  if (meaningful.has("video_metadata")) {
    const metadata = optionalObject(google, "video_metadata", `${path}.video_metadata`);
    if (isObject(metadata)) extra.videoMetadata = metadata;
  }
  return extra;
}

/** Gemini says "Corrupted thought signature" for these; here the field at fault can be named. */
function checkSignature(signature: string, path: string): string {
  if (!isSignature(signature)) {
    throw invalidRequest(path, `${path}: is not base64; send the signature exactly as it was received.`);
  }
  return signature;
}

/** Base64 of either alphabet, as Google's documented bypass values are too. */
export function isSignature(text: string): boolean {
  return text !== "" && !/[^A-Za-z0-9+/=_-]/.test(text);
}

/**
 * openai-python's stream accumulator adds booleans up, so a whole streamed message echoes `thought` as the count of its
 * thought chunks, which says nothing of the message.
 */
function readThought(
  google: Record<string, unknown>,
  path: string,
  scope: MessageScope,
): boolean | undefined {
  if (typeof google["thought"] !== "number") return optionalBoolean(google, "thought", path);
  scope.notes.add("ignored", "extra-content", path, "A number says nothing here; send true or false.");
  return undefined;
}
