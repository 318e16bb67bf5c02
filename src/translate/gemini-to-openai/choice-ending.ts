/** Everything a candidate says about itself rather than in its parts, kept until the choice ends. */
import type { Candidate, PromptFeedback } from "../../wire/gemini.ts";
import type { Annotation, ExtraContent, FinishReason } from "../../wire/openai.ts";
import { type ContentMap, mergeCitations, toAnnotations } from "./annotations.ts";
import { type ChoiceFacts, isWorthTelling, toFinishReason } from "./finish-reason.ts";
import { nonEmpty, objects, record } from "./lenient.ts";

export class ChoiceEnding {
  #finishReason: string | undefined;
  #finishMessage: string | undefined;
  #safetyRatings: Candidate["safetyRatings"];
  #grounding: Candidate["groundingMetadata"];
  #urlContext: Candidate["urlContextMetadata"];
  #citations: Candidate["citationMetadata"];
  #blocked: PromptFeedback | undefined;

  /** Gemini said why this candidate ended, or that the prompt was refused. */
  get known(): boolean {
    return this.#finishReason !== undefined || this.#blocked !== undefined;
  }

  /** The latest of each counts: events repeat them, and only the last is complete. */
  note(candidate: Candidate): void {
    const reason = nonEmpty(candidate.finishReason);
    if (reason !== undefined && reason !== "FINISH_REASON_UNSPECIFIED") this.#finishReason = reason;
    this.#finishMessage = nonEmpty(candidate.finishMessage) ?? this.#finishMessage;
    if (objects(candidate.safetyRatings).length > 0) this.#safetyRatings = candidate.safetyRatings;
    if (record(candidate.groundingMetadata) !== undefined) {
      this.#grounding = { ...this.#grounding, ...candidate.groundingMetadata };
    }
    if (record(candidate.urlContextMetadata) !== undefined) this.#urlContext = candidate.urlContextMetadata;
    if (record(candidate.citationMetadata) !== undefined) {
      this.#citations = mergeCitations(this.#citations, candidate.citationMetadata ?? {});
    }
  }

  /** The prompt was refused: that is the end unless Gemini also gave a reason of its own. */
  block(feedback: PromptFeedback): void {
    this.#blocked = feedback;
    if (objects(feedback.safetyRatings).length > 0) this.#safetyRatings ??= feedback.safetyRatings;
  }

  /** @throws GatewayError 502 when nothing usable came. */
  finishReason(facts: ChoiceFacts): FinishReason {
    if (this.#blocked !== undefined && this.#finishReason === undefined) return "content_filter";
    return toFinishReason(this.#finishReason, facts, this.#finishMessage);
  }

  /** For a reader, where a filter left nothing else to read. */
  refusal(): string {
    const blockReason = nonEmpty(this.#blocked?.blockReason);
    if (blockReason === undefined) {
      return this.#finishMessage ?? `Answer blocked: ${this.#finishReason ?? "no reason given"}`;
    }
    const message = nonEmpty(this.#blocked?.blockReasonMessage);
    return `Prompt blocked: ${blockReason}${message === undefined ? "" : ` (${message})`}`;
  }

  annotations(content: ContentMap): Annotation[] {
    return toAnnotations(this.#grounding, this.#citations, content);
  }

  /** What OpenAI's shape has no place for; undefined when there is nothing. */
  extraContent(ignoredParts: number): ExtraContent | undefined {
    const google: ExtraContent["google"] = {};
    const reason = this.#finishReason;
    if (reason !== undefined && isWorthTelling(reason)) google.finish_reason = reason;
    if (this.#finishMessage !== undefined) google.finish_message = this.#finishMessage;
    const blockReason = nonEmpty(this.#blocked?.blockReason);
    if (blockReason !== undefined) google.block_reason = blockReason;
    if (this.#safetyRatings !== undefined) google.safety_ratings = this.#safetyRatings;
    if (this.#grounding !== undefined) google.grounding_metadata = this.#grounding;
    if (this.#urlContext !== undefined) google.url_context_metadata = this.#urlContext;
    if (this.#citations !== undefined) google.citation_metadata = this.#citations;
    if (ignoredParts > 0) google.ignored_parts = ignoredParts;
    return Object.keys(google).length === 0 ? undefined : { google };
  }
}
