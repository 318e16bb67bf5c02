/** Which stretch of a video to look at, and how closely. Gemini's own addition, so its own shapes. */
import { invalidRequest } from "../../errors.ts";
import type { VideoMetadata } from "../../wire/gemini.ts";
import { optionalNumber, optionalString } from "../read-field.ts";
import { accountForFields } from "./field-account.ts";
import type { MessageScope } from "./message-scope.ts";

const SPELLINGS = [
  ["startOffset", "start_offset"],
  ["endOffset", "end_offset"],
] as const;
const KEYS = new Set([...SPELLINGS.flat(), "fps"]);

/** Frames per second, above 0. Source: VideoMetadata in js-genai. */
const MAX_FPS = 24;

/** @throws GatewayError (400) for an offset that is not seconds such as `"12.5s"`, or a rate beyond (0, 24]. */
export function readVideoMetadata(
  metadata: Record<string, unknown>,
  path: string,
  scope: MessageScope,
): VideoMetadata {
  accountForFields(metadata, path, KEYS, scope);
  const read: VideoMetadata = {};
  for (const [native, snake] of SPELLINGS) {
    for (const key of [snake, native]) {
      const offset = optionalString(metadata, key, `${path}.${key}`);
      if (offset === undefined || offset === "") continue;
      if (!/^\d{1,9}(?:\.\d{1,9})?s$/.test(offset)) {
        throw invalidRequest(`${path}.${key}`, `${path}.${key}: must be seconds written like "12.5s".`);
      }
      read[native] = offset;
      scope.notes.used(`${path}.${key}`, "part-video-metadata");
    }
  }
  const fps = optionalNumber(metadata, "fps", `${path}.fps`, { max: MAX_FPS });
  if (fps !== undefined) {
    if (fps <= 0) throw invalidRequest(`${path}.fps`, `${path}.fps: must be above 0 and at most ${MAX_FPS}.`);
    read.fps = fps;
    scope.notes.used(`${path}.fps`, "part-video-metadata");
  }
  return read;
}
