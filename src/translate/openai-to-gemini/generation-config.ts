import type { GenerationConfig } from "../../wire/gemini.ts";
import type { ChatCompletionRequest } from "../../wire/openai.ts";
import { optionalBoolean } from "../read-field.ts";
import type { RequestContext } from "../target.ts";
import { toCandidateCount } from "./candidate-count.ts";
import type { GoogleOptions } from "./extra-body.ts";
import { toResponseModalities } from "./modalities.ts";
import { toNativeOption } from "./native-option.ts";
import { toRequestMediaResolution } from "./request-media-resolution.ts";
import { toResponseFormat } from "./response-format.ts";
import { toSamplingConfig } from "./sampling.ts";
import { toSpeech } from "./speech.ts";
import { toStopSequences } from "./stop-sequences.ts";
import { toThinkingConfig } from "./thinking.ts";

/** What `generationConfig` depends on besides the request itself. */
export interface GenerationSetting {
  stream: boolean;
  hasTools: boolean;
  /** What the images' `detail` came to, for models that take one resolution a request. */
  mediaResolution: string | undefined;
}

export interface Generation {
  /** Undefined when nothing was asked for. */
  generationConfig: GenerationConfig | undefined;
  /** To be added to the system instruction. */
  instruction: string | undefined;
  /** Upstream calls to make. */
  fanOut: number;
  audioFormat: string | undefined;
}

/** Everything about how to answer. @throws GatewayError `invalid_request` naming the field at fault. */
export function toGeneration(
  request: ChatCompletionRequest,
  google: GoogleOptions,
  setting: GenerationSetting,
  context: RequestContext,
): Generation {
  const { candidateCount, fanOut } = toCandidateCount(request, context);
  const format = toResponseFormat(request, setting.hasTools, context);
  const responseModalities = toResponseModalities(request, google, context);
  const answersWithAudio = responseModalities?.includes("AUDIO") === true;
  const speech = toSpeech(request, google, answersWithAudio, setting.stream, context);
  // The notes come in the order of these readings, the fields in the order they are written below.
  const config = toSamplingConfig(request, google, context);
  const stopSequences = toStopSequences(request, context);
  const thinkingConfig = toThinkingConfig(request, google, context);
  const imageConfig = toNativeOption(google, "image_config", "image-config", context);
  const mediaResolution = toRequestMediaResolution(google, setting.mediaResolution, context);
  const audioTimestamp = toAudioTimestamp(google, context);
  if (candidateCount !== undefined) config.candidateCount = candidateCount;
  if (stopSequences !== undefined) config.stopSequences = stopSequences;
  if (thinkingConfig !== undefined) config.thinkingConfig = thinkingConfig;
  Object.assign(config, format.config);
  if (responseModalities !== undefined) config.responseModalities = responseModalities;
  if (speech.speechConfig !== undefined) config.speechConfig = speech.speechConfig;
  if (imageConfig !== undefined) config.imageConfig = imageConfig;
  if (mediaResolution !== undefined) config.mediaResolution = mediaResolution;
  if (audioTimestamp !== undefined) config.audioTimestamp = audioTimestamp;
  return {
    generationConfig: Object.keys(config).length === 0 ? undefined : config,
    instruction: format.instruction,
    fanOut,
    audioFormat: speech.audioFormat,
  };
}

function toAudioTimestamp(google: GoogleOptions, context: RequestContext): boolean | undefined {
  const option = google.get("audio_timestamp");
  const wanted = option && optionalBoolean(option.object, option.key, option.path);
  if (option === undefined || wanted === undefined) {
    return undefined;
  }
  if (context.target.surface !== "vertex") {
    context.notes.add("ignored", "audio-timestamp", option.path, "Only Vertex AI has this option.");
    return undefined;
  }
  context.notes.used(option.path, "audio-timestamp");
  return wanted;
}
