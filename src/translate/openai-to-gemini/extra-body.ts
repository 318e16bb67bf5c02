import type { ChatCompletionRequest } from "../../wire/openai.ts";
import type { Notes } from "../notes.ts";
import { optionalObject } from "../read-field.ts";
import { toSnakeCase } from "./native-json.ts";
import { memberPath } from "./member-path.ts";

/** The first four are documented for Google's own OpenAI layer, with `tools` and `media_resolution`; the rest are natural. */
const GOOGLE_OPTIONS = [
  "safety_settings",
  "cached_content",
  "thinking_config",
  "thought_tag_marker",
  "stream_function_call_arguments",
  "tools",
  "media_resolution",
  "labels",
  "model_armor_config",
  "image_config",
  "speech_config",
  "response_modalities",
  "top_k",
  "audio_timestamp",
] as const;

export type GoogleOptionName = (typeof GOOGLE_OPTIONS)[number];

/** One of Google's options as the caller sent it: the object that holds it, its key there and its path. */
export interface GoogleOption {
  object: Record<string, unknown>;
  key: string;
  path: string;
}

/** Google's options by their snake_case name; never null, never absent. */
export type GoogleOptions = ReadonlyMap<GoogleOptionName, GoogleOption>;

const NONE: GoogleOptions = new Map();

/** What a caller who puts an option of Google's beside its place is told. */
export const MISPLACED_OPTION = "Google's options are read from extra_body.google: move it there.";

const NAMES: ReadonlySet<string> = new Set(GOOGLE_OPTIONS);

/**
 * Google's options from the three places clients put them: `extra_body.google` (raw REST, and the Python SDK as
 * documented), `extra_body.extra_body.google` (the JavaScript SDK written like the Python one) and top-level `google`
 * (the Python SDK with one level forgotten). The first place that has an option wins.
 *
 * @throws GatewayError `invalid_request` when one of the wrappers is not an object.
 */
export function readGoogleOptions(request: ChatCompletionRequest, notes: Notes): GoogleOptions {
  if (!Object.hasOwn(request, "extra_body") && !Object.hasOwn(request, "google")) return NONE;
  const options = new Map<GoogleOptionName, GoogleOption>();
  const outer = optionalObject(request, "extra_body", "extra_body");
  const inner = outer && optionalObject(outer, "extra_body", "extra_body.extra_body");
  collect(options, outer, "extra_body", notes);
  collect(options, inner, "extra_body.extra_body", notes);
  collectGoogle(options, optionalObject(request, "google", "google"), "google", notes);
  return options;
}

function collect(
  options: Map<GoogleOptionName, GoogleOption>,
  wrapper: Record<string, unknown> | undefined,
  path: string,
  notes: Notes,
): void {
  if (wrapper === undefined) {
    return;
  }
  for (const [key, value] of Object.entries(wrapper)) {
    const isWrapper = key === "google" || (key === "extra_body" && path === "extra_body");
    if (value !== null && !isWrapper) {
      notes.add(
        "ignored",
        "extra-body",
        memberPath(path, key),
        isGoogleOption(toSnakeCase(key))
          ? MISPLACED_OPTION
          : "Only google is read from extra_body; put other fields at the top level of the request.",
      );
    }
  }
  collectGoogle(options, optionalObject(wrapper, "google", `${path}.google`), `${path}.google`, notes);
}

function collectGoogle(
  options: Map<GoogleOptionName, GoogleOption>,
  google: Record<string, unknown> | undefined,
  path: string,
  notes: Notes,
): void {
  for (const [key, value] of Object.entries(google ?? {})) {
    if (google === undefined || value === null) {
      continue;
    }
    const name = toSnakeCase(key);
    const field = memberPath(path, key);
    if (!isGoogleOption(name)) {
      notes.add("ignored", "extra-body", field, "This option of Google's is not known here.");
      continue;
    }
    const winner = options.get(name);
    if (winner === undefined) {
      options.set(name, { object: google, key, path: field });
    } else {
      notes.add("ignored", "extra-body", field, `The same option at ${winner.path} takes its place.`);
    }
  }
}

/** Whether a snake_case name is one of Google's options. */
export function isGoogleOption(name: string): name is GoogleOptionName {
  return NAMES.has(name);
}
