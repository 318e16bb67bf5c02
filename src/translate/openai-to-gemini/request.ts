import { invalidRequest } from "../../errors.ts";
import { factsFor } from "../../models/catalogue.ts";
import { parseModelId } from "../../models/model-id.ts";
import type { RememberedCall } from "../../signatures/signature-store.ts";
import type { GenerateContentRequest } from "../../wire/gemini.ts";
import type { ChatCompletionRequest } from "../../wire/openai.ts";
import { Notes } from "../notes.ts";
import { isObject, optionalString, requiredArray } from "../read-field.ts";
import {
  type GeminiCall,
  MAX_SCHEMA_PARTS,
  type ReasoningFormat,
  type RequestContext,
  type ResolveMedia,
  type Surface,
} from "../target.ts";
import { checkCacheConflicts, toCachedContent } from "./cached-content.ts";
import { readGoogleOptions } from "./extra-body.ts";
import { toGeneration } from "./generation-config.ts";
import { noteIgnoredFields } from "./ignored-fields.ts";
import { toLabels } from "./labels.ts";
import { toContents } from "./messages.ts";
import { JSON_TEXT_ALLOWANCE } from "./parse-json-text.ts";
import { toSafety } from "./safety.ts";
import { toServiceTier } from "./service-tier.ts";
import { toStreaming } from "./stream-options.ts";
import { placeSystemInstruction } from "./system-instruction.ts";
import { toThoughtTagMarker } from "./thought-tag-marker.ts";
import { toTooling } from "./tool-config.ts";
import { noteUnknownFields } from "./unknown-fields.ts";

export interface RequestOptions {
  /** Which of Google's hosts will be called: they take different fields. */
  surface: Surface;
  /** Goes upstream in place of the body's `model`, which the answer still echoes; for routes and aliases. */
  model?: string;
  /** What is known about tool calls answered earlier; by default nothing. */
  recall?: (toolCallId: string) => RememberedCall | undefined;
  /** What becomes of URLs of media; by default Google reads them all. */
  resolveMedia?: ResolveMedia;
  /** Records exact carry-overs too, so that every field of the request is accounted for. */
  trace?: boolean;
  /** Refuses a request of which a field would be ignored. */
  strict?: boolean;
  /** Repairs for one repeat after the upstream refused the first form. */
  repair?: RequestContext["repair"];
  /** Where thoughts go when the request sets no marker; `reasoning_content` by default. */
  reasoningFormat?: ReasoningFormat;
}

/**
 * A chat completion request as a `generateContent` call, with notes on everything that is not carried over exactly.
 * Pure: the body is never changed, and the same body gives the same call.
 *
 * @throws GatewayError for a body that Gemini would refuse or that would lose its meaning; `param` names the field.
 */
export function toGeminiRequest(body: unknown, options: RequestOptions): GeminiCall {
  if (!isObject(body)) {
    throw invalidRequest(null, "The body must be a JSON object with model and messages.");
  }
  const notes = new Notes({ trace: options.trace === true });
  const { written, target } = toTarget(body, options, notes);
  const context: RequestContext = {
    target,
    notes,
    recall: options.recall ?? (() => undefined),
    resolveMedia: options.resolveMedia ?? (() => undefined),
    repair: options.repair ?? {},
    schemaParts: { left: MAX_SCHEMA_PARTS },
    jsonTexts: { ...JSON_TEXT_ALLOWANCE },
  };
  const google = readGoogleOptions(body, notes);
  const { stream, includeUsage } = toStreaming(body, context);
  const thoughtTagMarker = toThoughtTagMarker(google, context);
  const conversation = toContents(requiredArray(body, "messages", "messages"), context, { thoughtTagMarker });
  const tooling = toTooling(body, google, stream, context);
  const generation = toGeneration(
    body,
    google,
    { stream, hasTools: tooling.tools !== undefined, mediaResolution: conversation.mediaResolution },
    context,
  );
  const { serviceTier, headers } = toServiceTier(body, context);
  const safety = toSafety(google, context);
  noteIgnoredFields(body, context);
  noteUnknownFields(body, notes);

  const { contents, systemInstruction } = placeSystemInstruction(
    conversation,
    generation.instruction,
    context,
  );
  const cachedContent = toCachedContent(google, context);
  const labels = toLabels(google, context);
  const { tools, toolConfig, legacyFunctions } = tooling;
  const { generationConfig, fanOut, audioFormat } = generation;
  const request: GenerateContentRequest = { contents };
  if (systemInstruction !== undefined) request.systemInstruction = systemInstruction;
  if (tools !== undefined) request.tools = tools;
  if (toolConfig !== undefined) request.toolConfig = toolConfig;
  if (generationConfig !== undefined) request.generationConfig = generationConfig;
  Object.assign(request, safety);
  if (cachedContent !== undefined) request.cachedContent = cachedContent;
  if (labels !== undefined) request.labels = labels;
  if (serviceTier !== undefined) request.serviceTier = serviceTier;
  checkCacheConflicts(request, google);
  if (options.strict === true) {
    refuseIgnored(notes);
  }
  return {
    target,
    body: request,
    headers,
    stream,
    fanOut,
    answer: {
      model: written,
      stream,
      includeUsage,
      legacyFunctions,
      thoughtTagMarker,
      reasoningFormat: options.reasoningFormat ?? "reasoning_content",
      audioFormat,
      logprobs: generationConfig?.responseLogprobs === true,
    },
    notes,
  };
}

function toTarget(
  body: ChatCompletionRequest,
  options: RequestOptions,
  notes: Notes,
): { written: string; target: GeminiCall["target"] } {
  const asked = optionalString(body, "model", "model");
  const routed = options.model ?? asked;
  if (routed === undefined) {
    throw invalidRequest("model", "model: is required; name one such as google/gemini-3.5-flash.");
  }
  const { model } = parseModelId(routed);
  if (asked?.startsWith("projects/") === true) {
    notes.add(
      "approximated",
      "model",
      "model",
      "The route and the gateway's settings choose the project and location, not the model's name.",
    );
  } else if (asked !== undefined) {
    notes.used("model", "model");
  }
  return { written: asked ?? routed, target: { surface: options.surface, model, facts: factsFor(model) } };
}

/** Strict mode: an ignored field is a refusal instead of a note. */
function refuseIgnored(notes: Notes): void {
  const ignored = notes.list.find(({ action }) => action === "ignored");
  if (ignored !== undefined) {
    throw invalidRequest(
      ignored.field,
      `${ignored.field}: would be ignored, and x-pollux-strict asks for a refusal instead. ${ignored.detail}`,
    );
  }
  if (notes.dropped > 0) {
    throw invalidRequest(
      null,
      "There is too much in this request that cannot be carried over exactly to check it strictly.",
    );
  }
}
