import { SOURCES } from "./sources.ts";

/** Rules for everything that steers the answer without being a message or a tool. */
export const CONFIG_RULES = {
  model: {
    summary:
      "model becomes the path of the call; google/, models/ and longer forms are read, and the answer echoes it.",
    source: SOURCES.overview,
  },
  stream: {
    summary:
      "stream chooses streamGenerateContent; usage comes on a last chunk when include_usage asks for it.",
    source: SOURCES.overview,
  },
  "max-tokens": {
    summary:
      "max_completion_tokens, or its older name max_tokens, becomes maxOutputTokens; thinking counts inside it on both APIs.",
    source: SOURCES.overview,
  },
  sampling: {
    summary:
      "temperature, top_p and top_k are passed on; the newest models ignore all three, and then they are not sent.",
    source: SOURCES.flash38,
  },
  n: {
    summary:
      "n becomes candidateCount; where the model refuses it, as many separate calls are made and their choices numbered.",
    source: SOURCES.flash38,
  },
  stop: {
    summary: "stop becomes stopSequences: at most five, empty strings left out.",
    source: "https://github.com/continuedev/continue/issues/7849",
  },
  seed: {
    summary: "seed is passed on; Gemini's holds 32 bits, so a larger one is reduced, always in the same way.",
    source: SOURCES.contentProto,
  },
  penalties: {
    summary:
      "Penalties are passed on to models that take them; zero means none, and most models from 2.5 on refuse any other value.",
    source: "https://github.com/google-gemini/cookbook/issues/1290",
  },
  logprobs: {
    summary: "logprobs becomes responseLogprobs and top_logprobs becomes logprobs.",
    source: SOURCES.contentProto,
  },
  "response-format": {
    summary:
      "response_format becomes responseMimeType, with the schema beside it; any other MIME type is passed on as it is.",
    source: SOURCES.overview,
  },
  "json-with-tools": {
    summary:
      "Models before Gemini 3 refuse a JSON response type together with tools, so there the format is asked for in the system instruction.",
    source: "https://github.com/googleapis/python-genai/issues/867",
  },
  "reasoning-effort": {
    summary:
      "reasoning_effort becomes a thinking level from Gemini 3 on and a budget of 1024, 8192 or 24576 tokens on 2.5; the nearest accepted value is taken.",
    source: SOURCES.thinking,
  },
  "thinking-config": {
    summary:
      "thinking_config is passed on; a level or budget that the model does not take becomes the nearest one that it does.",
    source: SOURCES.thinking,
  },
  "thought-tag-marker": {
    summary: "thought_tag_marker puts thoughts into content between tags of that name, both ways.",
    source: SOURCES.overview,
  },
  "extra-body": {
    summary:
      "Google's options are read from extra_body.google, extra_body.extra_body.google and google, in this order, in snake_case or camelCase.",
    source: SOURCES.examples,
  },
  "safety-settings": {
    summary: "safety_settings is passed on; the method exists on Vertex AI only.",
    source: SOURCES.overview,
  },
  "cached-content": {
    summary:
      "cached_content is passed on; a cache holds its own system instruction and tools, so a request may not bring others.",
    source: SOURCES.overview,
  },
  "media-resolution": {
    summary: "media_resolution sets how finely all media of the request are read.",
    source: SOURCES.overview,
  },
  labels: {
    summary: "labels are passed on to Vertex AI; the Gemini API has none.",
    source: SOURCES.labels,
  },
  "model-armor": {
    summary: "model_armor_config is passed on to Vertex AI, in place of safety settings.",
    source: SOURCES.genaiTypes,
  },
  modalities: {
    summary:
      "modalities becomes responseModalities; a model made for images or speech answers with them without being asked.",
    source: SOURCES.overview,
  },
  "image-config": {
    summary: "image_config is passed on.",
    source: SOURCES.genaiTypes,
  },
  audio: {
    summary:
      "audio.voice becomes a prebuilt Gemini voice, OpenAI's names by nearest character; the format is pcm16 or wav, as Gemini sends PCM.",
    source: "https://ai.google.dev/gemini-api/docs/speech-generation",
  },
  "speech-config": {
    summary: "speech_config is passed on.",
    source: SOURCES.genaiTypes,
  },
  "audio-timestamp": {
    summary: "audio_timestamp is passed on to Vertex AI; the Gemini API has none.",
    source: SOURCES.genaiTypes,
  },
  "service-tier": {
    summary:
      "service_tier flex and priority become Vertex AI's request headers or the Gemini API's serviceTier.",
    source: "https://ai.google.dev/gemini-api/docs/openai",
  },
  "no-counterpart": {
    summary: "Fields of OpenAI's API for which Gemini has nothing alike are accepted and ignored.",
    source: SOURCES.overview,
  },
  "unknown-field": {
    summary: "Fields that neither OpenAI's API nor Google's layer defines are accepted and ignored.",
    source: SOURCES.overview,
  },
} as const;
