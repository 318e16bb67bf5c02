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
  const generationConfig = defined({
    ...toSamplingConfig(request, google, context),
    candidateCount,
    stopSequences: toStopSequences(request, context),
    thinkingConfig: toThinkingConfig(request, google, context),
    ...format.config,
    responseModalities,
    speechConfig: speech.speechConfig,
    imageConfig: toNativeOption(google, "image_config", "image-config", context),
    mediaResolution: toRequestMediaResolution(google, setting.mediaResolution, context),
    audioTimestamp: toAudioTimestamp(google, context),
  });
  return {
    generationConfig: Object.keys(generationConfig).length === 0 ? undefined : generationConfig,
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

/** The same object without the keys whose value is undefined. */
function defined<T extends object>(object: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const kept: { [K in keyof T]?: Exclude<T[K], undefined> } = {};
  for (const key in object) {
    const value = object[key];
    if (value !== undefined) kept[key] = value as Exclude<T[typeof key], undefined>;
  }
  return kept;
}
