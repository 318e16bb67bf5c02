/** A whole Gemini answer as a chat completion. */
import { GatewayError } from "../../errors.ts";
import type { GenerateContentResponse, UsageMetadata } from "../../wire/gemini.ts";
import type { ChatCompletion, Choice, ChoiceLogprobs } from "../../wire/openai.ts";
import type { AnswerContext, AnswerShape } from "../target.ts";
import { AnswerChoices, candidatesOf } from "./answer-choices.ts";
import { isPcm, isWav, samplesOfWav, toWav } from "./audio.ts";
import type { ChoiceTranslation, Step } from "./choice.ts";
import { toEnvelope } from "./envelope.ts";
import { record } from "./lenient.ts";
import { toMessage } from "./message.ts";
import { mergeUsage, toServiceTier, toUsage } from "./usage.ts";

/**
 * @param responses one answer for each upstream call that was made (several when `n` was fanned out)
 * @param model bare id of the model that answered, remembered with its tool calls
 * @throws GatewayError 502 when an answer cannot be used: not an object, cut short, a malformed function call
 */
export function toChatCompletion(
  responses: readonly GenerateContentResponse[],
  shape: AnswerShape,
  context: AnswerContext,
  model: string,
): ChatCompletion {
  const envelope = toEnvelope(responses[0], shape, context);
  const choices = new AnswerChoices(shape, context, model);
  /** By choice index. */
  const steps: Step[][] = [];
  const usages: (UsageMetadata | undefined)[] = [];
  for (const [source, response] of responses.entries()) {
    if (record(response) === undefined) throw notAnAnswer();
    for (const candidate of candidatesOf(response)) {
      const choice = choices.forCandidate(source, candidate, envelope.id);
      const before = steps[choice.index];
      steps[choice.index] =
        before === undefined ? choice.push(candidate) : before.concat(choice.push(candidate));
    }
    choices.noteBlock(source, response, envelope.id);
    if (!choices.hasSource(source)) {
      // What was generated, and paid for, is not there: no client may take that for a finished answer.
      if ((response.usageMetadata?.candidatesTokenCount ?? 0) > 0) throw withoutCandidates();
      // Neither candidates nor a refusal: an empty turn, seen after tool results. `choices` is never empty.
      choices.forCandidate(source, {}, envelope.id);
    }
    usages.push(mergeUsage(undefined, response.usageMetadata));
  }
  const tier = toServiceTier(usages);
  return {
    id: envelope.id,
    object: "chat.completion",
    created: envelope.created,
    model: envelope.model,
    choices: choices.list.map((choice) => toChoice(choice, steps[choice.index] ?? [], shape)),
    usage: toUsage(usages),
    ...(tier === undefined ? {} : { service_tier: tier }),
    system_fingerprint: envelope.system_fingerprint,
  };
}

function toChoice(translation: ChoiceTranslation, before: Step[], shape: AnswerShape): Choice {
  // Nobody can know that this is all of it: only an empty turn may go without a reason.
  if (!translation.ended && translation.hasOutput) throw withoutReason();
  const end = translation.end();
  const steps = end.steps.length === 0 ? before : before.concat(end.steps);
  const message = toMessage(steps);
  const mimeType = translation.audioMimeType;
  if (message.audio && mimeType !== undefined) {
    message.audio.data = inFormat(shape.audioFormat, message.audio.data, mimeType);
  }
  const choice: Choice = {
    index: translation.index,
    message,
    finish_reason: end.finish_reason,
    logprobs: shape.logprobs ? joinLogprobs(steps) : null,
  };
  if (end.extra_content !== undefined) choice.extra_content = end.extra_content;
  return choice;
}

/** Raw samples for `pcm16`, otherwise a WAV file, in which a player can read the rate. */
function inFormat(format: string | undefined, base64: string, mimeType: string): string {
  if (format === "pcm16") return isWav(mimeType) ? samplesOfWav(base64) : base64;
  return isPcm(mimeType) ? toWav(base64, mimeType) : base64;
}

function joinLogprobs(steps: Step[]): ChoiceLogprobs | null {
  const tokens = steps.flatMap((step) => step.logprobs?.content ?? []);
  return tokens.length === 0 ? null : { content: tokens, refusal: null };
}

export function notAnAnswer(): GatewayError {
  return badAnswer("The upstream's answer is JSON but not a generateContent response.");
}

function withoutCandidates(): GatewayError {
  return badAnswer("The upstream's answer counts generated tokens but holds no candidate.");
}

function withoutReason(): GatewayError {
  return badAnswer("The upstream's answer holds output and does not say why it ended.", "upstream_truncated");
}

function badAnswer(message: string, code = "bad_upstream_response"): GatewayError {
  return new GatewayError(
    { kind: "upstream", status: 502, type: "server_error", code, param: null },
    message,
  );
}
