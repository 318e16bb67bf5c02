import { invalidRequest } from "../../errors.ts";
import type { JsonObject } from "../../wire/gemini.ts";
import type { ChatCompletionRequest } from "../../wire/openai.ts";
import { isObject, optionalObject, requiredString, wrongType } from "../read-field.ts";
import type { RequestContext } from "../target.ts";
import type { GoogleOptions } from "./extra-body.ts";
import { toNativeOption } from "./native-option.ts";
import { noteUnknownKeys } from "./unknown-fields.ts";

/** Prebuilt voices, from Google's speech generation page; a newer one goes through as it is written. */
const GEMINI_VOICES = [
  ..."Zephyr Puck Charon Kore Fenrir Leda Orus Aoede Callirrhoe Autonoe Enceladus Iapetus Umbriel Algieba".split(
    " ",
  ),
  ..."Despina Erinome Algenib Rasalgethi Laomedeia Achernar Alnilam Schedar Gacrux Pulcherrima Achird".split(
    " ",
  ),
  ..."Zubenelgenubi Vindemiatrix Sadachbia Sadaltager Sulafat".split(" "),
];
const VOICES_BY_LOWER_CASE = new Map(GEMINI_VOICES.map((voice) => [voice.toLowerCase(), voice]));

/** OpenAI's voices by the Gemini voice nearest in pitch and temper, as both companies describe them; a judgement. */
const OPENAI_VOICES = new Map([
  ["alloy", "Kore"],
  ["ash", "Charon"],
  ["ballad", "Algieba"],
  ["cedar", "Schedar"],
  ["coral", "Leda"],
  ["echo", "Iapetus"],
  ["fable", "Puck"],
  ["marin", "Sulafat"],
  ["nova", "Aoede"],
  ["onyx", "Orus"],
  ["sage", "Despina"],
  ["shimmer", "Achernar"],
  ["verse", "Fenrir"],
]);

const VOICE_NAME = /^[A-Za-z][A-Za-z0-9_-]{0,63}$/;

/** Gemini sends PCM; a WAV header can be put before it once the length is known. */
const FORMATS = ["pcm16", "wav"];

export interface Speech {
  speechConfig: JsonObject | undefined;
  /** `audio.format`, for the answer; undefined when no audio was asked for. */
  audioFormat: string | undefined;
}

/**
 * `audio {voice, format}` and `extra_body.google.speech_config`, the second taking the place of the voice.
 *
 * @throws GatewayError `invalid_request` for a format that would need an encoder, or a voice of the caller's own.
 */
export function toSpeech(
  request: ChatCompletionRequest,
  google: GoogleOptions,
  answersWithAudio: boolean,
  stream: boolean,
  context: RequestContext,
): Speech {
  const speechConfig = toNativeOption(google, "speech_config", "speech-config", context);
  const audio = optionalObject(request, "audio", "audio");
  if (audio === undefined) {
    return { speechConfig, audioFormat: undefined };
  }
  if (!answersWithAudio) {
    context.notes.add("ignored", "audio", "audio", 'Needs "audio" among the modalities.');
    return { speechConfig, audioFormat: undefined };
  }
  noteUnknownKeys(audio, ["voice", "format"], "audio", context.notes, "audio");
  const audioFormat = readFormat(audio, stream, context);
  const voice = readVoice(audio);
  if (speechConfig !== undefined) {
    context.notes.add("ignored", "audio", "audio.voice", "speech_config takes its place.");
    return { speechConfig, audioFormat };
  }
  const voiceName = toVoiceName(voice, context);
  return { speechConfig: { voiceConfig: { prebuiltVoiceConfig: { voiceName } } }, audioFormat };
}

function readFormat(audio: Record<string, unknown>, stream: boolean, context: RequestContext): string {
  const format = requiredString(audio, "format", "audio.format");
  if (!FORMATS.includes(format)) {
    throw invalidRequest(
      "audio.format",
      "audio.format: must be pcm16 or wav; Gemini sends PCM, and nothing here encodes it.",
    );
  }
  // A WAV header holds the length, which a stream does not know; OpenAI refuses the pair too.
  if (stream && format !== "pcm16") {
    throw invalidRequest("audio.format", "audio.format: must be pcm16 when stream is true.");
  }
  context.notes.used("audio.format", "audio");
  return format;
}

function readVoice(audio: Record<string, unknown>): string {
  const voice = Object.hasOwn(audio, "voice") ? audio["voice"] : undefined;
  if (isObject(voice)) {
    throw invalidRequest(
      "audio.voice",
      "audio.voice: a custom voice is not available; name one of the prebuilt voices.",
    );
  }
  const name = requiredString(audio, "voice", "audio.voice");
  if (!VOICE_NAME.test(name)) {
    throw wrongType("audio.voice", "the name of a voice, such as alloy or Kore", voice);
  }
  return name;
}

function toVoiceName(voice: string, context: RequestContext): string {
  const lower = voice.toLowerCase();
  const nearest = OPENAI_VOICES.get(lower);
  if (nearest !== undefined) {
    context.notes.add("approximated", "audio", "audio.voice", `Spoken by Gemini's voice ${nearest}.`);
    return nearest;
  }
  context.notes.used("audio.voice", "audio");
  return VOICES_BY_LOWER_CASE.get(lower) ?? voice;
}
