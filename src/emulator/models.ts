/**
 * The models this emulator serves and what Google enforces for each. Sources: the model pages and the
 * thinking page of docs.cloud.google.com/gemini-enterprise-agent-platform/models (levels, budgets, limits,
 * locations), the Gemini 3.8 Flash guide there (fields it refuses), ai.google.dev/gemini-api/docs/models.
 */
import type { EmulatedModel } from "./emulated-model.ts";

const MILLION = 1_048_576;

/** Gemini 3 and later: no single region serves them. Source: the location tables of the model pages. */
const MULTI_REGIONS = ["global", "us", "eu"] as const;
const GLOBAL_ONLY = ["global"] as const;

const ALL_LEVELS = ["MINIMAL", "LOW", "MEDIUM", "HIGH"] as const;
const NO_MINIMAL = ["LOW", "MEDIUM", "HIGH"] as const;

function gemini3(
  id: string,
  displayName: string,
  generation: number,
  levels: readonly string[],
  defaultLevel: string,
  different: Partial<EmulatedModel> = {},
): EmulatedModel {
  return {
    id,
    displayName,
    generation,
    inputTokenLimit: MILLION,
    outputTokenLimit: 65_536,
    thinking: { kind: "level", levels, default: defaultLevel },
    maxCandidates: 8,
    penalties: "zero-only",
    sampling: "honoured",
    logprobs: true,
    trailingModelTurn: true,
    signatures: true,
    callIds: true,
    combinesTools: true,
    outputModalities: ["TEXT"],
    locations: MULTI_REGIONS,
    ...different,
  };
}

/** The 3.8 guide: penalties and candidateCount are errors, sampling is ignored, no prefilled model turn. */
const AS_3_8: Partial<EmulatedModel> = {
  penalties: "refused",
  maxCandidates: 0,
  sampling: "ignored",
  trailingModelTurn: false,
};

const MAKES_IMAGES: Partial<EmulatedModel> = {
  inputTokenLimit: 65_536,
  outputTokenLimit: 32_768,
  vertexOutputTokenLimit: 32_768,
  maxCandidates: 1,
  logprobs: false,
  outputModalities: ["TEXT", "IMAGE"],
};

/** Speech models take text and give audio: no tools, no system instruction. */
const SPEAKS: Partial<EmulatedModel> = {
  inputTokenLimit: 8_192,
  outputTokenLimit: 16_384,
  vertexOutputTokenLimit: 16_384,
  thinking: { kind: "none" },
  maxCandidates: 1,
  logprobs: false,
  signatures: false,
  callIds: false,
  outputModalities: ["AUDIO"],
  tools: false,
};

function gemini2(
  id: string,
  displayName: string,
  generation: number,
  thinking: EmulatedModel["thinking"],
  different: Partial<EmulatedModel> = {},
): EmulatedModel {
  return {
    id,
    displayName,
    generation,
    inputTokenLimit: MILLION,
    outputTokenLimit: 65_536,
    // "1 (inclusive) to 65536 (exclusive)" in live answers: https://github.com/aaif-goose/goose/issues/11364
    vertexOutputTokenLimit: 65_535,
    thinking,
    maxCandidates: 8,
    penalties: "zero-only",
    sampling: "honoured",
    logprobs: true,
    trailingModelTurn: true,
    signatures: false,
    callIds: false,
    combinesTools: false,
    outputModalities: ["TEXT"],
    ...different,
  };
}

const DYNAMIC = -1;
const FLASH_2_5 = { kind: "budget", min: 0, max: 24_576, canBeZero: true, default: DYNAMIC } as const;
const LITE_2_5 = { kind: "budget", min: 512, max: 24_576, canBeZero: true, default: 0 } as const;
const PRO_2_5 = { kind: "budget", min: 128, max: 32_768, canBeZero: false, default: DYNAMIC } as const;
const GEMINI_2: Partial<EmulatedModel> = {
  outputTokenLimit: 8_192,
  vertexOutputTokenLimit: 8_192,
  penalties: "accepted",
};
/** Seen on Vertex: https://github.com/GoogleCloudPlatform/generative-ai/issues/2947 */
const NO_LOGPROBS: Partial<EmulatedModel> = { logprobs: false };

export const EMULATED_MODELS: readonly EmulatedModel[] = [
  gemini3("gemini-3.8-flash", "Gemini 3.8 Flash", 3.8, NO_MINIMAL, "MEDIUM", AS_3_8),
  gemini3("gemini-3.8-flash-cyber", "Gemini 3.8 Flash Cyber", 3.8, NO_MINIMAL, "MEDIUM", AS_3_8),
  gemini3("gemini-3.7-flash", "Gemini 3.7 Flash", 3.7, NO_MINIMAL, "MEDIUM"),
  gemini3("gemini-3.6-flash", "Gemini 3.6 Flash", 3.6, ALL_LEVELS, "MEDIUM"),
  gemini3("gemini-3.5-flash", "Gemini 3.5 Flash", 3.5, ALL_LEVELS, "MEDIUM", NO_LOGPROBS),
  gemini3("gemini-3.5-flash-lite", "Gemini 3.5 Flash-Lite", 3.5, ALL_LEVELS, "MINIMAL", NO_LOGPROBS),
  gemini3("gemini-3.1-pro-preview", "Gemini 3.1 Pro Preview", 3.1, NO_MINIMAL, "HIGH", {
    locations: GLOBAL_ONLY,
  }),
  gemini3("gemini-3.1-flash-lite", "Gemini 3.1 Flash-Lite", 3.1, ALL_LEVELS, "MINIMAL"),
  gemini3("gemini-3-flash-preview", "Gemini 3 Flash Preview", 3, ALL_LEVELS, "HIGH", {
    locations: GLOBAL_ONLY,
  }),
  gemini3("gemini-3-pro-image", "Gemini 3 Pro Image", 3, ["HIGH"], "HIGH", {
    ...MAKES_IMAGES,
    enforcesSignatures: false,
  }),
  gemini3(
    "gemini-3.1-flash-image",
    "Gemini 3.1 Flash Image",
    3.1,
    ["MINIMAL", "HIGH"],
    "MINIMAL",
    MAKES_IMAGES,
  ),
  gemini3(
    "gemini-3.1-flash-lite-image",
    "Gemini 3.1 Flash-Lite Image",
    3.1,
    ["MINIMAL", "HIGH"],
    "MINIMAL",
    MAKES_IMAGES,
  ),
  gemini3("gemini-3.8-flash-tts", "Gemini 3.8 Flash TTS", 3.8, [], "", SPEAKS),
  gemini3("gemini-3.8-flash-lite-tts", "Gemini 3.8 Flash-Lite TTS", 3.8, [], "", SPEAKS),
  gemini3("gemini-3.1-flash-tts-preview", "Gemini 3.1 Flash TTS Preview", 3.1, [], "", SPEAKS),
  gemini2("gemini-2.5-pro", "Gemini 2.5 Pro", 2.5, PRO_2_5),
  gemini2("gemini-2.5-flash", "Gemini 2.5 Flash", 2.5, FLASH_2_5),
  gemini2("gemini-2.5-flash-lite", "Gemini 2.5 Flash-Lite", 2.5, LITE_2_5),
  gemini2("gemini-2.5-flash-preview-04-17", "Gemini 2.5 Flash Preview 04-17", 2.5, FLASH_2_5),
  gemini2("gemini-2.5-flash-image", "Gemini 2.5 Flash Image", 2.5, { kind: "none" }, MAKES_IMAGES),
  gemini2("gemini-2.5-flash-tts", "Gemini 2.5 Flash TTS", 2.5, { kind: "none" }, SPEAKS),
  gemini2("gemini-2.5-pro-tts", "Gemini 2.5 Pro TTS", 2.5, { kind: "none" }, SPEAKS),
  gemini2("gemini-2.5-flash-preview-tts", "Gemini 2.5 Flash Preview TTS", 2.5, { kind: "none" }, SPEAKS),
  gemini2("gemini-2.5-pro-preview-tts", "Gemini 2.5 Pro Preview TTS", 2.5, { kind: "none" }, SPEAKS),
  gemini2("gemini-2.0-flash", "Gemini 2.0 Flash", 2, { kind: "none" }, GEMINI_2),
  gemini2("gemini-2.0-flash-001", "Gemini 2.0 Flash 001", 2, { kind: "none" }, GEMINI_2),
  gemini2("gemini-2.0-flash-lite", "Gemini 2.0 Flash-Lite", 2, { kind: "none" }, GEMINI_2),
  gemini2("gemini-2.0-flash-lite-001", "Gemini 2.0 Flash-Lite 001", 2, { kind: "none" }, GEMINI_2),
];

const BY_ID = new Map(EMULATED_MODELS.map((model) => [model.id, model]));

/** The base that a tuned model's endpoint (`endpoints/{id}:generateContent`) is taken to be tuned from. */
export const TUNED_BASE_MODEL = "gemini-2.5-flash";

/** Looks a bare id up; undefined when Google would not know it either. */
export function findEmulatedModel(id: string): EmulatedModel | undefined {
  return BY_ID.get(id);
}
