import { invalidRequest } from "../../errors.ts";
import type { GenerationConfig } from "../../wire/gemini.ts";
import type { ChatCompletionRequest } from "../../wire/openai.ts";
import { optionalBoolean, optionalNumber } from "../read-field.ts";
import type { RequestContext, Target } from "../target.ts";
import type { GoogleOptions } from "./extra-body.ts";

const MAX_INT32 = 2 ** 31 - 1;
/** Vertex AI's range for the 2.5 models ends one short of 65,536 (https://github.com/aaif-goose/goose/issues/11364). */
const VERTEX_2_5_OUTPUT_LIMIT = 65_535;
/** Both penalties take [-2, 2): OpenAI's largest value lies just outside. */
const LARGEST_PENALTY = 1.99;

/** The numbers of `generationConfig`: lengths, sampling, seed, penalties and logprobs. */
export function toSamplingConfig(
  request: ChatCompletionRequest,
  google: GoogleOptions,
  context: RequestContext,
): GenerationConfig {
  return {
    ...maxOutputTokens(request, context),
    ...sampling(request, google, context),
    ...seed(request, context),
    ...penalty(request, "frequency_penalty", "frequencyPenalty", context),
    ...penalty(request, "presence_penalty", "presencePenalty", context),
    ...logprobs(request, context),
  };
}

function maxOutputTokens(request: ChatCompletionRequest, context: RequestContext): GenerationConfig {
  const limits = { integer: true, min: 1 };
  const current = optionalNumber(request, "max_completion_tokens", "max_completion_tokens", limits);
  const older = optionalNumber(request, "max_tokens", "max_tokens", limits);
  const wanted = current ?? older;
  if (wanted === undefined) {
    return {};
  }
  const { model } = context.target;
  const field = current === undefined ? "max_tokens" : "max_completion_tokens";
  const limit = outputLimit(context.target);
  if (wanted > limit) {
    context.notes.add("clamped", "max-tokens", field, `Sent as ${limit}, the most that ${model} takes.`);
  } else {
    context.notes.used(field, "max-tokens");
  }
  if (current !== undefined && older !== undefined) {
    if (current === older) {
      context.notes.used("max_tokens", "max-tokens");
    } else {
      context.notes.add("ignored", "max-tokens", "max_tokens", "max_completion_tokens takes its place.");
    }
  }
  return { maxOutputTokens: Math.min(wanted, limit) };
}

function outputLimit({ surface, facts }: Target): number {
  if (!facts.known) {
    return MAX_INT32;
  }
  return surface === "vertex" && facts.generation === 2.5
    ? Math.min(facts.maxOutputTokens, VERTEX_2_5_OUTPUT_LIMIT)
    : facts.maxOutputTokens;
}

function sampling(
  request: ChatCompletionRequest,
  google: GoogleOptions,
  context: RequestContext,
): GenerationConfig {
  const config: GenerationConfig = {};
  const temperature = optionalNumber(request, "temperature", "temperature", { min: 0, max: 2 });
  if (temperature !== undefined && takesSampling("temperature", context)) {
    config.temperature = temperature;
  }
  const topP = optionalNumber(request, "top_p", "top_p", { min: 0, max: 1 });
  if (topP !== undefined && takesSampling("top_p", context)) {
    config.topP = topP;
  }
  const topK = readTopK(request, google, context);
  if (topK !== undefined && takesSampling(topK.path, context)) {
    config.topK = topK.value;
  }
  return config;
}

function takesSampling(field: string, context: RequestContext): boolean {
  if (context.target.facts.sampling) {
    context.notes.used(field, "sampling");
    return true;
  }
  context.notes.add(
    "ignored",
    "sampling",
    field,
    `${context.target.model} samples in its own way, whatever is asked.`,
  );
  return false;
}

/** `top_k` is nobody's documented field, but many clients send it; -1 and 0 are their ways to say "no limit". */
function readTopK(
  request: ChatCompletionRequest,
  google: GoogleOptions,
  context: RequestContext,
): { value: number; path: string } | undefined {
  const limits = { integer: true, min: -1, max: MAX_INT32 };
  const option = google.get("top_k");
  const fromGoogle = option && optionalNumber(option.object, option.key, option.path, limits);
  const fromTop = optionalNumber(request, "top_k", "top_k", limits);
  if (option !== undefined && fromTop !== undefined) {
    context.notes.add("ignored", "sampling", "top_k", `${option.path} takes its place.`);
  }
  const value = fromGoogle ?? fromTop;
  if (value === undefined) {
    return undefined;
  }
  const path = option?.path ?? "top_k";
  if (value <= 0) {
    context.notes.add("ignored", "sampling", path, "Gemini cannot lift its own limit; its default stays.");
    return undefined;
  }
  return { value, path };
}

function seed(request: ChatCompletionRequest, context: RequestContext): GenerationConfig {
  const value = optionalNumber(request, "seed", "seed", { integer: true });
  if (value === undefined) {
    return {};
  }
  // The low 32 bits, so that one seed always gives one seed.
  const reduced = Number(BigInt.asIntN(32, BigInt(value)));
  if (reduced === value) {
    context.notes.used("seed", "seed");
  } else {
    context.notes.add("approximated", "seed", "seed", `Reduced to 32 bits, and sent as ${reduced}.`);
  }
  return { seed: reduced };
}

function penalty(
  request: ChatCompletionRequest,
  field: "frequency_penalty" | "presence_penalty",
  target: "frequencyPenalty" | "presencePenalty",
  context: RequestContext,
): GenerationConfig {
  const value = optionalNumber(request, field, field, { min: -2, max: 2 });
  if (value === undefined) {
    return {};
  }
  if (value === 0) {
    context.notes.used(field, "penalties");
    return {};
  }
  if (!context.target.facts.penalties) {
    context.notes.add("ignored", "penalties", field, `${context.target.model} refuses penalties.`);
    return {};
  }
  if (value > LARGEST_PENALTY) {
    context.notes.add("clamped", "penalties", field, `Sent as ${LARGEST_PENALTY}: Gemini takes less than 2.`);
    return { [target]: LARGEST_PENALTY };
  }
  context.notes.used(field, "penalties");
  return { [target]: value };
}

function logprobs(request: ChatCompletionRequest, context: RequestContext): GenerationConfig {
  const wanted = optionalBoolean(request, "logprobs", "logprobs");
  const top = optionalNumber(request, "top_logprobs", "top_logprobs", { integer: true, min: 0, max: 20 });
  if (top !== undefined && wanted !== true) {
    throw invalidRequest("top_logprobs", "top_logprobs: needs logprobs to be true beside it.");
  }
  if (wanted !== undefined) {
    context.notes.used("logprobs", "logprobs");
  }
  if (top !== undefined) {
    context.notes.used("top_logprobs", "logprobs");
  }
  if (wanted !== true) {
    return {};
  }
  // Gemini counts from one; zero alternatives is what it gives without a count.
  return { responseLogprobs: true, ...(top === undefined || top === 0 ? {} : { logprobs: top }) };
}
