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

const TOKENS = { integer: true, min: 1 };
const TEMPERATURE = { min: 0, max: 2 };
const TOP_P = { min: 0, max: 1 };
const TOP_K = { integer: true, min: -1, max: MAX_INT32 };
const SEED = { integer: true };
const PENALTY = { min: -2, max: 2 };
const TOP_LOGPROBS = { integer: true, min: 0, max: 20 };

/** The numbers of `generationConfig`: lengths, sampling, seed, penalties and logprobs. */
export function toSamplingConfig(
  request: ChatCompletionRequest,
  google: GoogleOptions,
  context: RequestContext,
): GenerationConfig {
  const config: GenerationConfig = {};
  addMaxOutputTokens(config, request, context);
  addSampling(config, request, google, context);
  addSeed(config, request, context);
  addPenalty(config, request, "frequency_penalty", "frequencyPenalty", context);
  addPenalty(config, request, "presence_penalty", "presencePenalty", context);
  addLogprobs(config, request, context);
  return config;
}

function addMaxOutputTokens(
  config: GenerationConfig,
  request: ChatCompletionRequest,
  context: RequestContext,
): void {
  const current = optionalNumber(request, "max_completion_tokens", "max_completion_tokens", TOKENS);
  const older = optionalNumber(request, "max_tokens", "max_tokens", TOKENS);
  const wanted = current ?? older;
  if (wanted === undefined) {
    return;
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
  config.maxOutputTokens = Math.min(wanted, limit);
}

function outputLimit({ surface, facts }: Target): number {
  if (!facts.known) {
    return MAX_INT32;
  }
  return surface === "vertex" && facts.generation === 2.5
    ? Math.min(facts.maxOutputTokens, VERTEX_2_5_OUTPUT_LIMIT)
    : facts.maxOutputTokens;
}

function addSampling(
  config: GenerationConfig,
  request: ChatCompletionRequest,
  google: GoogleOptions,
  context: RequestContext,
): void {
  const temperature = optionalNumber(request, "temperature", "temperature", TEMPERATURE);
  if (temperature !== undefined && takesSampling("temperature", context)) {
    config.temperature = temperature;
  }
  const topP = optionalNumber(request, "top_p", "top_p", TOP_P);
  if (topP !== undefined && takesSampling("top_p", context)) {
    config.topP = topP;
  }
  const topK = readTopK(request, google, context);
  if (topK !== undefined && takesSampling(topK.path, context)) {
    config.topK = topK.value;
  }
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
  const option = google.get("top_k");
  const fromGoogle = option && optionalNumber(option.object, option.key, option.path, TOP_K);
  const fromTop = optionalNumber(request, "top_k", "top_k", TOP_K);
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

function addSeed(config: GenerationConfig, request: ChatCompletionRequest, context: RequestContext): void {
  const value = optionalNumber(request, "seed", "seed", SEED);
  if (value === undefined) {
    return;
  }
  // The low 32 bits, so that one seed always gives one seed.
  const reduced = Number(BigInt.asIntN(32, BigInt(value)));
  if (reduced === value) {
    context.notes.used("seed", "seed");
  } else {
    context.notes.add("approximated", "seed", "seed", `Reduced to 32 bits, and sent as ${reduced}.`);
  }
  config.seed = reduced;
}

function addPenalty(
  config: GenerationConfig,
  request: ChatCompletionRequest,
  field: "frequency_penalty" | "presence_penalty",
  target: "frequencyPenalty" | "presencePenalty",
  context: RequestContext,
): void {
  const value = optionalNumber(request, field, field, PENALTY);
  if (value === undefined) {
    return;
  }
  if (value === 0) {
    context.notes.used(field, "penalties");
    return;
  }
  if (!context.target.facts.penalties) {
    context.notes.add("ignored", "penalties", field, `${context.target.model} refuses penalties.`);
    return;
  }
  if (value > LARGEST_PENALTY) {
    context.notes.add("clamped", "penalties", field, `Sent as ${LARGEST_PENALTY}: Gemini takes less than 2.`);
    config[target] = LARGEST_PENALTY;
    return;
  }
  context.notes.used(field, "penalties");
  config[target] = value;
}

function addLogprobs(
  config: GenerationConfig,
  request: ChatCompletionRequest,
  context: RequestContext,
): void {
  const wanted = optionalBoolean(request, "logprobs", "logprobs");
  const top = optionalNumber(request, "top_logprobs", "top_logprobs", TOP_LOGPROBS);
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
    return;
  }
  config.responseLogprobs = true;
  // Gemini counts from one; zero alternatives is what it gives without a count.
  if (top !== undefined && top !== 0) config.logprobs = top;
}
