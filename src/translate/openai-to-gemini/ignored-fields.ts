import { invalidRequest } from "../../errors.ts";
import type { ChatCompletionRequest } from "../../wire/openai.ts";
import { optionalBoolean, optionalObject, optionalString } from "../read-field.ts";
import type { RequestContext } from "../target.ts";

/** OpenAI's fields without a counterpart, and what a caller who sends them should know. */
const STRINGS = Object.entries({
  user: "Gemini has no end-user identifier.",
  safety_identifier: "Gemini has no end-user identifier.",
  prompt_cache_key:
    "Gemini caches prefixes by itself; extra_body.google.cached_content names a cache of one's own.",
  prompt_cache_retention: "Gemini keeps its implicit cache as long as it sees fit.",
  verbosity: "Gemini has no such control; ask for a short or a long answer in the messages.",
});

const OBJECTS = Object.entries({
  logit_bias: "Gemini cannot bias single tokens.",
  metadata: "Nothing is stored; extra_body.google.labels carries labels to Vertex AI's billing.",
  moderation: "Gemini has its own filters; extra_body.google.safety_settings sets them.",
  prediction: "Gemini takes no predicted output.",
  prompt_cache_options:
    "Gemini caches prefixes by itself; extra_body.google.cached_content names a cache of one's own.",
});

const VERBOSITIES = ["low", "medium", "high"];

/**
 * OpenAI's fields for which Gemini has nothing alike: checked for their type, so that a slip is found, then noted.
 * A value that asks for nothing (an empty map, `store: false`) is kept to exactly.
 *
 * @throws GatewayError `invalid_request` for a value of the wrong type.
 */
export function noteIgnoredFields(request: ChatCompletionRequest, context: RequestContext): void {
  const { notes } = context;
  for (const [field, reason] of STRINGS) {
    const value = optionalString(request, field, field);
    if (field === "verbosity" && value !== undefined && !VERBOSITIES.includes(value)) {
      throw invalidRequest(field, `${field}: must be one of ${VERBOSITIES.join(", ")}.`);
    }
    if (value !== undefined) {
      notes.add("ignored", "no-counterpart", field, reason);
    }
  }
  for (const [field, reason] of OBJECTS) {
    const value = optionalObject(request, field, field);
    if (value !== undefined && Object.keys(value).length > 0) {
      notes.add("ignored", "no-counterpart", field, reason);
    }
  }
  const store = optionalBoolean(request, "store", "store");
  if (store === true) {
    notes.add("ignored", "no-counterpart", "store", "Chat completions are not stored.");
  } else if (store === false) {
    notes.used("store", "no-counterpart");
  }
}
