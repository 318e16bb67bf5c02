/**
 * What each Gemini model takes. Sources: the model pages, the thinking page and the Gemini 3.8 Flash guide under
 * https://docs.cloud.google.com/gemini-enterprise-agent-platform/models, and https://ai.google.dev/gemini-api/docs/models
 */
import type { Modality, ModelFacts, Thinking, ThinkingLevel } from "./facts.ts";

const ALL_INPUTS: readonly Modality[] = ["text", "image", "audio", "video", "file"];
const TEXT: readonly Modality[] = ["text"];
const TEXT_AND_IMAGE: readonly Modality[] = ["text", "image"];
const AUDIO: readonly Modality[] = ["audio"];

const NO_THINKING: Thinking = { kind: "none" };

function levels(defaultLevel: ThinkingLevel, ...accepted: ThinkingLevel[]): Thinking {
  return { kind: "level", levels: accepted, default: defaultLevel };
}

type Capabilities = Omit<ModelFacts, "id" | "known" | "thinking" | "created">;

/** What follows from the generation for a model that reads everything and writes text. */
function textModel(generation: number): Capabilities {
  return {
    generation,
    contextTokens: 1_048_576,
    maxOutputTokens: generation >= 2.5 ? 65_536 : 8_192,
    inputModalities: ALL_INPUTS,
    outputModalities: TEXT,
    jsonSchema: generation >= 2.5,
    sampling: generation !== 3.8,
    // From 2.5 on a non-zero penalty is "not enabled for this model"; from 3.8 on the field itself is an error.
    penalties: generation < 2.5,
    // Gemini 3.5 Flash answers "Logprobs is not enabled": https://github.com/GoogleCloudPlatform/generative-ai/issues/2947
    logprobs: generation !== 3.5,
    // Documented as errors for 3.8; its migration guide asks to strip them from 3.6 and 3.7 code too.
    candidateCount: generation < 3.6,
    prefill: generation < 3.6,
    systemText: "instruction",
    partMediaResolution: generation >= 3,
    callIds: generation >= 3,
    requiresSignatures: generation >= 3,
    combinesTools: generation >= 3,
  };
}

function imageModel(generation: number, contextTokens: number): Capabilities {
  return {
    ...textModel(generation),
    contextTokens,
    maxOutputTokens: 32_768,
    inputModalities: TEXT_AND_IMAGE,
    outputModalities: TEXT_AND_IMAGE,
    candidateCount: false,
    logprobs: false,
    prefill: false,
  };
}

function speechModel(generation: number): Capabilities {
  return {
    ...textModel(generation),
    contextTokens: 8_192,
    maxOutputTokens: 16_384,
    inputModalities: TEXT,
    outputModalities: AUDIO,
    candidateCount: false,
    logprobs: false,
    prefill: false,
    // Since 3.8 the text is a transcript, read to the last word, and its style stands beside it. Before, an instruction
    // is refused and belongs in the text: https://github.com/unicef/adt-studio/pull/476 and Google's page
    // text-to-speech/migration-guide.
    systemText: generation >= 3.8 ? "style" : "turn",
    callIds: false,
    requiresSignatures: false,
    combinesTools: false,
  };
}

function model(
  id: string,
  released: string | undefined,
  thinking: Thinking,
  capabilities: Capabilities,
): ModelFacts {
  return {
    id,
    known: true,
    thinking,
    ...capabilities,
    created: released === undefined ? 0 : Date.parse(`${released}T00:00:00Z`) / 1000,
  };
}

const PRO_BUDGET: Thinking = { kind: "budget", min: 128, max: 32_768, canBeOff: false, default: "dynamic" };
const FLASH_BUDGET: Thinking = { kind: "budget", min: 0, max: 24_576, canBeOff: true, default: "dynamic" };
const FLASH_LITE_BUDGET: Thinking = { kind: "budget", min: 512, max: 24_576, canBeOff: true, default: 0 };
const FROM_LOW = levels("MEDIUM", "LOW", "MEDIUM", "HIGH");
const FROM_MINIMAL = levels("MEDIUM", "MINIMAL", "LOW", "MEDIUM", "HIGH");
const LITE_LEVELS = levels("MINIMAL", "MINIMAL", "LOW", "MEDIUM", "HIGH");
const IMAGE_LEVELS = levels("MINIMAL", "MINIMAL", "HIGH");

/** Newest first, as `/v1/models` lists them. */
export const MODELS: readonly ModelFacts[] = [
  model("gemini-3.8-flash", "2026-09-02", FROM_LOW, textModel(3.8)),
  model("gemini-3.8-flash-cyber", undefined, FROM_LOW, textModel(3.8)),
  model("gemini-3.7-flash", undefined, FROM_LOW, textModel(3.7)),
  model("gemini-3.6-flash", undefined, FROM_MINIMAL, textModel(3.6)),
  model("gemini-3.5-flash", "2026-05-19", FROM_MINIMAL, textModel(3.5)),
  model("gemini-3.5-flash-lite", undefined, LITE_LEVELS, textModel(3.5)),
  model("gemini-3.1-pro-preview", "2026-02-19", levels("HIGH", "LOW", "MEDIUM", "HIGH"), textModel(3.1)),
  model("gemini-3.1-flash-lite", "2026-05-07", LITE_LEVELS, textModel(3.1)),
  model(
    "gemini-3-flash-preview",
    "2025-12-17",
    levels("HIGH", "MINIMAL", "LOW", "MEDIUM", "HIGH"),
    textModel(3),
  ),
  model("gemini-3-pro-preview", "2025-11-18", levels("HIGH", "LOW", "HIGH"), textModel(3)),
  model("gemini-2.5-pro", "2025-06-17", PRO_BUDGET, textModel(2.5)),
  model("gemini-2.5-flash", "2025-06-17", FLASH_BUDGET, textModel(2.5)),
  model("gemini-2.5-flash-lite", "2025-07-22", FLASH_LITE_BUDGET, textModel(2.5)),
  model("gemini-2.0-flash", "2025-02-05", NO_THINKING, textModel(2)),
  model("gemini-2.0-flash-lite", "2025-02-25", NO_THINKING, textModel(2)),
  model("gemini-3-pro-image", "2026-05-28", levels("HIGH", "HIGH"), {
    ...imageModel(3, 65_536),
    // The thought signatures page exempts this one model from validation.
    requiresSignatures: false,
  }),
  model("gemini-3.1-flash-image", "2026-05-28", IMAGE_LEVELS, imageModel(3.1, 131_072)),
  model("gemini-3.1-flash-lite-image", undefined, IMAGE_LEVELS, imageModel(3.1, 131_072)),
  model("gemini-2.5-flash-image", "2025-10-02", NO_THINKING, imageModel(2.5, 32_768)),
  model("gemini-3.8-flash-tts", undefined, NO_THINKING, speechModel(3.8)),
  model("gemini-3.8-flash-lite-tts", undefined, NO_THINKING, speechModel(3.8)),
  model("gemini-3.1-flash-tts-preview", undefined, NO_THINKING, speechModel(3.1)),
  model("gemini-2.5-flash-tts", undefined, NO_THINKING, speechModel(2.5)),
  model("gemini-2.5-pro-tts", undefined, NO_THINKING, speechModel(2.5)),
  model("gemini-2.5-flash-preview-tts", undefined, NO_THINKING, speechModel(2.5)),
  model("gemini-2.5-pro-preview-tts", undefined, NO_THINKING, speechModel(2.5)),
];

const BY_ID = new Map(MODELS.map((facts) => [facts.id, facts]));

/** What may follow a family's name without making it another family: stages, dates and revisions. */
const VERSION_SUFFIX = /-(?:preview|exp|experimental|latest|customtools|\d{2,4})$/;

/** "Developer instruction is not enabled for models/gemma-3-27b-it": https://github.com/google/adk-python/issues/3900 */
const GEMMA_UP_TO_3 = /^gemma-[123](?!\d)/;

/**
 * The facts of a bare model id. A dated, numbered or preview id has those of its family; an unknown Gemini is
 * judged by the number in its name, and a newer one by the strictest rules known, so that a model released
 * tomorrow is sent nothing that a model of today refuses.
 */
export function factsFor(id: string): ModelFacts {
  let facts = BY_ID.get(id) ?? judged.get(id);
  if (facts === undefined) {
    facts = judge(id);
    // Callers choose the ids.
    if (judged.size >= MAX_JUDGED) judged.clear();
    if (id.length <= MAX_JUDGED_LENGTH) judged.set(id, facts);
  }
  return facts;
}

/** What was found about ids that are not in the table: the same few are asked for again and again. */
const judged = new Map<string, ModelFacts>();
const MAX_JUDGED = 256;
const MAX_JUDGED_LENGTH = 200;

function judge(id: string): ModelFacts {
  const family = familyOf(id);
  if (family !== undefined) return { ...family, id };
  return { id, known: false, created: 0, ...inferred(id) };
}

function familyOf(id: string): ModelFacts | undefined {
  let name = id;
  while (VERSION_SUFFIX.test(name)) {
    name = name.replace(VERSION_SUFFIX, "");
    const family = BY_ID.get(name);
    if (family !== undefined) {
      return family;
    }
  }
  // A model that has left its preview keeps the facts of the preview.
  return BY_ID.get(`${name}-preview`);
}

function inferred(id: string): Capabilities & { thinking: Thinking } {
  // A tuned model does not tell its base: the newest family that Vertex AI tunes is assumed.
  if (id.startsWith("endpoints/")) return { ...textModel(2.5), thinking: FLASH_BUDGET };
  const generation = generationOf(id);
  if (id.includes("tts")) {
    return { ...speechModel(generation), thinking: NO_THINKING };
  }
  if (id.includes("image") || id.includes("nano-banana")) {
    // HIGH is the one level that every image model takes.
    return {
      ...imageModel(generation, 65_536),
      thinking: generation >= 3 ? levels("HIGH", "HIGH") : NO_THINKING,
    };
  }
  if (!id.includes("gemini")) {
    // Gemma and whatever else a host serves: nothing that only Gemini is known to take.
    return {
      ...textModel(generation),
      penalties: false,
      candidateCount: false,
      systemText: GEMMA_UP_TO_3.test(id) ? "turn" : "instruction",
      thinking: NO_THINKING,
    };
  }
  return { ...textModel(generation), thinking: inferredThinking(id, generation) };
}

function generationOf(id: string): number {
  const number = /gemini-(?:[a-z]+-)*(\d{1,3}(?:\.\d{1,3})?)(?![\d.])/.exec(id)?.[1];
  if (number !== undefined) {
    return Number(number);
  }
  // `gemini-flash-latest` and the like always mean the newest.
  return id.includes("gemini") || id.includes("nano-banana") ? Infinity : 2;
}

function inferredThinking(id: string, generation: number): Thinking {
  if (generation < 2.5) {
    return NO_THINKING;
  }
  if (generation >= 3) {
    return FROM_LOW;
  }
  return id.includes("pro") ? PRO_BUDGET : id.includes("lite") ? FLASH_LITE_BUDGET : FLASH_BUDGET;
}
