import { invalidRequest } from "../../errors.ts";
import type { ChatCompletionRequest } from "../../wire/openai.ts";
import { wrongType } from "../read-field.ts";
import type { RequestContext } from "../target.ts";

/** Gemini answers 400 above five; OpenAI takes four. */
const MAX_STOP_SEQUENCES = 5;

/**
 * `stop`, one string or several, as `stopSequences`.
 *
 * @throws GatewayError `invalid_request` for more than five.
 */
export function toStopSequences(
  request: ChatCompletionRequest,
  context: RequestContext,
): string[] | undefined {
  const stop = Object.hasOwn(request, "stop") ? (request["stop"] ?? undefined) : undefined;
  if (stop === undefined) {
    return undefined;
  }
  if (typeof stop !== "string" && !Array.isArray(stop)) {
    throw wrongType("stop", "a string or an array of strings", stop);
  }
  const entries: unknown[] = typeof stop === "string" ? [stop] : stop;
  if (entries.length > MAX_STOP_SEQUENCES) {
    throw invalidRequest(
      "stop",
      `stop: at most ${MAX_STOP_SEQUENCES} sequences are accepted, and there are ${entries.length}.`,
    );
  }
  const sequences = entries.map((entry, index) => {
    if (typeof entry !== "string") {
      throw wrongType(`stop[${index}]`, "a string", entry);
    }
    return entry;
  });
  context.notes.used("stop", "stop");
  // An empty string never stops anything, and Gemini refuses it.
  const kept = sequences.filter((sequence) => sequence !== "");
  return kept.length === 0 ? undefined : kept;
}
