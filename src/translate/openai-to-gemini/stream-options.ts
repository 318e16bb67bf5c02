import { invalidRequest } from "../../errors.ts";
import type { ChatCompletionRequest } from "../../wire/openai.ts";
import { optionalBoolean, optionalObject } from "../read-field.ts";
import type { RequestContext } from "../target.ts";
import { noteUnknownKeys } from "./unknown-fields.ts";

export interface Streaming {
  stream: boolean;
  includeUsage: boolean;
}

/** @throws GatewayError `invalid_request` for `stream_options` without `stream`, as OpenAI does. */
export function toStreaming(request: ChatCompletionRequest, context: RequestContext): Streaming {
  const { notes } = context;
  const stream = optionalBoolean(request, "stream", "stream");
  if (stream !== undefined) {
    notes.used("stream", "stream");
  }
  const options = optionalObject(request, "stream_options", "stream_options");
  if (options === undefined) {
    return { stream: stream === true, includeUsage: false };
  }
  if (stream !== true) {
    throw invalidRequest(
      "stream_options",
      "stream_options: is for streamed answers only; set stream to true or leave it out.",
    );
  }
  const includeUsage = optionalBoolean(options, "include_usage", "stream_options.include_usage");
  if (includeUsage !== undefined) {
    notes.used("stream_options.include_usage", "stream");
  }
  const obfuscation = optionalBoolean(options, "include_obfuscation", "stream_options.include_obfuscation");
  if (obfuscation === true) {
    notes.add("ignored", "stream", "stream_options.include_obfuscation", "Chunks are not padded.");
  } else if (obfuscation === false) {
    notes.used("stream_options.include_obfuscation", "stream");
  }
  noteUnknownKeys(options, ["include_usage", "include_obfuscation"], "stream_options", notes);
  return { stream: true, includeUsage: includeUsage === true };
}
