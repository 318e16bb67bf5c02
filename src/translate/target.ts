/** What a translation needs to know about where its request is going. */
import type { ModelFacts } from "../models/facts.ts";
import type { RememberedCall } from "../signatures/signature-store.ts";
import type { Base64Text } from "../wire/base64-text.ts";
import type { Notes } from "./notes.ts";

/** Which of Google's two hosts speaks: they accept different fields. */
export type Surface = "vertex" | "gemini-api";

export interface Target {
  surface: Surface;
  /** Bare model id, for example `gemini-3.5-flash`. */
  model: string;
  facts: ModelFacts;
}

/** The bytes of a URL, read before. */
export interface ReadMedia {
  mimeType: string;
  /** Standard base64. */
  data: Base64Text;
}

/**
 * What becomes of a gs, http or https URL of the request: undefined leaves it to Google.
 * @param path where it stands in the request
 * @throws GatewayError for a URL that may not be read
 */
export type ResolveMedia = (url: string, path: string) => ReadMedia | undefined;

/** Everything the request translators share besides the request itself. */
export interface RequestContext {
  target: Target;
  notes: Notes;
  /** What was kept about a tool call this gateway answered with; undefined if it is not known here. */
  recall: (toolCallId: string) => RememberedCall | undefined;
  resolveMedia: ResolveMedia;
  /** Repairs for one repeat after the upstream refused the first form. */
  repair: { withoutCallIds?: boolean; bypassSignatures?: boolean };
  /** Parts of schemas that may still be converted: 512 tools share what one schema may take. */
  schemaParts: { left: number };
  /** What tool arguments and results may still hold as JSON. */
  jsonTexts: { uncounted: number; values: number };
}

/** Far beyond real requests; converting this many takes a few tenths of a second. */
export const MAX_SCHEMA_PARTS = 200_000;

/** How the caller wants thoughts to come back. */
export type ReasoningFormat = "reasoning_content" | "reasoning" | "content" | "none";

/** What the answer translators must know about the request. */
export interface AnswerShape {
  /** `model` as the caller wrote it; echoed in the answer. */
  model: string;
  stream: boolean;
  /** `stream_options.include_usage`. */
  includeUsage: boolean;
  /** The request used `functions`, so the answer uses `function_call`. */
  legacyFunctions: boolean;
  /** `extra_body.google.thought_tag_marker`: thoughts come back in `content` between `<marker>` and `</marker>`. */
  thoughtTagMarker: string | undefined;
  /** Where thoughts go when no marker is set. */
  reasoningFormat: ReasoningFormat;
  /** `audio.format` of the request; undefined when no audio was asked for. */
  audioFormat: string | undefined;
  /** The request set `logprobs: true`. */
  logprobs: boolean;
}

/** Clock, ids and memory for one answer; passed in so that translation stays pure. */
export interface AnswerContext {
  /** Used when the upstream sent no `responseId`. */
  id: string;
  /** Unix seconds, used when the upstream sent no `createTime`. */
  created: number;
  /** A fresh unguessable tool call id of at most 40 characters. */
  mintToolCallId: () => string;
  /** Keep what the next turn will need about a tool call. */
  remember: (toolCallId: string, call: RememberedCall) => void;
}

/** A translated request, ready for an upstream. */
export interface GeminiCall {
  target: Target;
  body: import("../wire/gemini.ts").GenerateContentRequest;
  /** Extra upstream headers (Vertex tiers). */
  headers: Record<string, string>;
  stream: boolean;
  /** Upstream calls to make: more than one where the model refuses `candidateCount`. */
  fanOut: number;
  answer: AnswerShape;
  notes: Notes;
}
