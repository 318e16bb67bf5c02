/**
 * Numbers, lists and switches of `generationConfig`. Sources: the model pages and the Gemini 3.8 Flash guide of
 * docs.cloud.google.com; range texts from public issues (continuedev/continue 7849, aaif-goose/goose 11364,
 * genkit-ai/genkit 546), logprobs texts from GoogleCloudPlatform/generative-ai 2947 and mscraftsman/generative-ai 135.
 */
import type { GenerationConfig } from "../../wire/gemini.ts";
import { bullet, outOfRange, refusal, unable, type CheckContext } from "./check-context.ts";
import { checkThinking } from "./thinking.ts";

const MOST_STOP_SEQUENCES = 5;
const MOST_LOGPROBS = 20;
const ASPECT_RATIOS = [
  "1:1",
  "2:3",
  "3:2",
  "3:4",
  "4:3",
  "4:5",
  "5:4",
  "9:16",
  "16:9",
  "21:9",
  "1:4",
  "4:1",
  "1:8",
  "8:1",
];
const IMAGE_SIZES = ["512", "1K", "2K", "4K"];

/** @throws {GoogleApiError} */
export function checkGenerationConfig(config: GenerationConfig, context: CheckContext): void {
  checkSampling(config, context);
  checkLengths(config, context);
  checkCandidateCount(config.candidateCount, context);
  checkPenalties(config, context);
  checkLogprobs(config, context);
  checkModalities(config, context);
  checkThinking(config.thinkingConfig, context);
}

interface Range {
  field: string;
  value: number | undefined;
  from: number;
  /** Exclusive, as Vertex writes it. */
  to: string;
  fits: boolean;
  geminiApi: string;
}

function checkRange(range: Range, context: CheckContext): void {
  if (range.value === undefined || range.fits) return;
  const snake = range.field.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  throw refusal(context, {
    vertex: outOfRange(range.field, range.value, String(range.from), range.to),
    geminiApi: bullet(`generation_config.${snake}`, `${snake} must be ${range.geminiApi}`),
  });
}

function checkSampling({ temperature, topP, topK }: GenerationConfig, context: CheckContext): void {
  checkRange(
    {
      field: "temperature",
      value: temperature,
      from: 0,
      to: "2.0001",
      fits: temperature !== undefined && temperature >= 0 && temperature <= 2,
      geminiApi: "in the range [0.0, 2.0].",
    },
    context,
  );
  checkRange(
    {
      field: "topP",
      value: topP,
      from: 0,
      to: "1.0001",
      fits: topP !== undefined && topP >= 0 && topP <= 1,
      geminiApi: "in the range [0.0, 1.0].",
    },
    context,
  );
  // The upper end differs between models and is not documented for the newer ones.
  checkRange(
    {
      field: "topK",
      value: topK,
      from: 1,
      to: "65",
      fits: topK !== undefined && topK >= 1,
      geminiApi: "positive.",
    },
    context,
  );
}

function checkLengths(config: GenerationConfig, context: CheckContext): void {
  const { maxOutputTokens, stopSequences } = config;
  const limit =
    context.surface === "vertex"
      ? (context.model.vertexOutputTokenLimit ?? context.model.outputTokenLimit)
      : context.model.outputTokenLimit;
  checkRange(
    {
      field: "maxOutputTokens",
      value: maxOutputTokens,
      from: 1,
      to: String(limit + 1),
      fits: maxOutputTokens !== undefined && maxOutputTokens >= 1 && maxOutputTokens <= limit,
      geminiApi: `in the range [1, ${limit}].`,
    },
    context,
  );
  checkRange(
    {
      field: "stopSequences",
      value: stopSequences?.length,
      from: 1,
      to: String(MOST_STOP_SEQUENCES + 1),
      fits:
        stopSequences !== undefined &&
        stopSequences.length >= 1 &&
        stopSequences.length <= MOST_STOP_SEQUENCES,
      geminiApi: `a list of 1 to ${MOST_STOP_SEQUENCES} strings.`,
    },
    context,
  );
  const empty = stopSequences?.indexOf("") ?? -1;
  if (empty >= 0) {
    throw refusal(context, {
      vertex: unable("it has an empty stopSequences value."),
      geminiApi: bullet(`generation_config.stop_sequences[${empty}]`, "stop sequence must not be empty."),
    });
  }
}

function checkCandidateCount(count: number | undefined, context: CheckContext): void {
  if (count === undefined) return;
  const most = context.model.maxCandidates;
  if (most === 0) {
    const text = "candidateCount is not supported for this model.";
    throw refusal(context, { vertex: unable(text), geminiApi: text });
  }
  if (most === 1 && count > 1) {
    throw refusal(context, {
      vertex: `Unable to submit request because candidateCount must be 1 but the entered value was ${count}. Update the candidateCount value and try again.`,
      geminiApi: "Multiple candidates is not enabled for this model",
    });
  }
  checkRange(
    {
      field: "candidateCount",
      value: count,
      from: 1,
      to: String(most + 1),
      fits: count >= 1 && count <= most,
      geminiApi: `in the range [1, ${most}].`,
    },
    context,
  );
}

function checkPenalties(config: GenerationConfig, context: CheckContext): void {
  for (const field of ["presencePenalty", "frequencyPenalty"] as const) {
    const value = config[field];
    if (value === undefined) continue;
    const { penalties } = context.model;
    if (penalties === "refused" || (penalties === "zero-only" && value !== 0)) {
      throw refusal(context, {
        vertex: unable("Penalty is not enabled for this model."),
        geminiApi: `Penalty is not enabled for models/${context.modelId}`,
      });
    }
    checkRange(
      {
        field,
        value,
        from: -2,
        to: "2",
        fits: value >= -2 && value < 2,
        geminiApi: "in the range [-2.0, 2.0).",
      },
      context,
    );
  }
}

function checkLogprobs({ responseLogprobs, logprobs }: GenerationConfig, context: CheckContext): void {
  if (logprobs !== undefined && responseLogprobs !== true) {
    throw refusal(context, {
      vertex: unable("logprobs is not supported unless response_logprobs is set to true."),
      geminiApi: bullet(
        "generation_config.logprobs",
        "logprobs is only allowed when response_logprobs is true.",
      ),
    });
  }
  if (responseLogprobs === true && !context.model.logprobs) {
    throw refusal(context, {
      vertex: unable("Logprobs is not supported for this model."),
      geminiApi: `Logprobs is not enabled for models/${context.modelId}`,
    });
  }
  checkRange(
    {
      field: "logprobs",
      value: logprobs,
      from: 1,
      to: String(MOST_LOGPROBS + 1),
      fits: logprobs !== undefined && logprobs >= 1 && logprobs <= MOST_LOGPROBS,
      geminiApi: `in the range [1, ${MOST_LOGPROBS}].`,
    },
    context,
  );
}

function checkModalities(config: GenerationConfig, context: CheckContext): void {
  const accepted = acceptedModalities(context.model.outputModalities);
  const asked = config.responseModalities ?? defaultModalities(context.model.outputModalities);
  const wanted = [...new Set(asked)].sort().join(", ");
  if (!accepted.some((combination) => [...combination].sort().join(", ") === wanted)) {
    const list = accepted.map((combination) => `* ${combination.join(", ")}\n`).join("");
    const text = `The requested combination of response modalities (${asked.join(", ")}) is not supported by the model. models/${context.modelId} accepts the following combination of response modalities:\n${list}`;
    throw refusal(context, { vertex: text, geminiApi: text });
  }
  const { aspectRatio, imageSize } = (config.imageConfig ?? {}) as {
    aspectRatio?: string;
    imageSize?: string;
  };
  for (const [name, value, known] of [
    ["aspect_ratio", aspectRatio, ASPECT_RATIOS] as const,
    ["image_size", imageSize, IMAGE_SIZES] as const,
  ]) {
    if (value === undefined || known.includes(value)) continue;
    const problem = `${name} must be one of ${known.map((one) => `'${one}'`).join(", ")}.`;
    throw refusal(context, {
      vertex: unable(`${problem}`),
      geminiApi: bullet(`generation_config.image_config.${name}`, problem),
    });
  }
}

/** A model that makes images also answers in text alone, or with both. */
function acceptedModalities(outputs: readonly string[]): string[][] {
  if (outputs.includes("IMAGE")) return [["TEXT"], ["IMAGE"], ["TEXT", "IMAGE"]];
  return outputs.map((output) => [output]);
}

/** Unset means text, except for models that make images. */
function defaultModalities(outputs: readonly string[]): string[] {
  return outputs.includes("IMAGE") ? ["TEXT", "IMAGE"] : ["TEXT"];
}
