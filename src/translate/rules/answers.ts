import type { Rule } from "../rules.ts";
import { SOURCES } from "./sources.ts";

/** What becomes of Gemini's answers. */
export const ANSWER_RULES = {
  "answer-envelope": {
    summary:
      "`id` is `responseId`, `created` is `createTime`, `system_fingerprint` is `modelVersion`, `model` is what the request said.",
    source: SOURCES.contentProto,
  },
  "answer-role": {
    summary:
      "The first delta of a choice holds the role, and only that one; choices are numbered from 0 without gaps.",
    source: SOURCES.openaiTypes,
  },
  "answer-text": {
    summary: "Text parts are joined in `content`; it is null only beside calls, images, audio or a refusal.",
    source: SOURCES.contentProto,
  },
  "answer-thoughts": {
    summary:
      "Thoughts come in `reasoning_content`, or in `content` between the tags of `thought_tag_marker`; each delta of them is flagged in `extra_content.google.thought`, and the next one ends the flag.",
    source: SOURCES.overview,
  },
  "answer-tool-calls": {
    summary:
      "A functionCall becomes a tool call with an id of the gateway's own, an index counted per choice, and `{}` where Gemini leaves the arguments out.",
    source: "https://github.com/openai/openai-python/issues/2806",
  },
  "answer-legacy-function-call": {
    summary:
      "A request with `functions` is answered with `function_call`, which holds one call; further ones are counted in `extra_content.google.ignored_parts`.",
    source: SOURCES.openaiTypes,
  },
  "answer-streamed-arguments": {
    summary:
      "`partialArgs` are written as JSON text by their JSON path, so that the pieces joined are valid JSON.",
    source: SOURCES.genaiTypes,
  },
  "answer-signature": {
    summary:
      "A thought signature comes back at `extra_content.google.thought_signature`: on the tool call or image it belongs to, or on the message for text, where the last one counts.",
    source: SOURCES.signatures,
  },
  "answer-images": {
    summary:
      "Images come in `message.images` as data URLs, the form OpenRouter and LiteLLM use; sketches made while thinking are left out.",
    source: "https://openrouter.ai/docs/features/multimodal/image-generation",
  },
  "answer-audio": {
    summary:
      "Audio comes in `message.audio`: PCM as it is for `pcm16` and in streams, with a WAV header otherwise. It cannot be referred to by id later, so it expires as it is made.",
    source: "https://ai.google.dev/gemini-api/docs/speech-generation",
  },
  "answer-code-execution": {
    summary: "Code that Gemini ran and its output come in `content` as fenced blocks.",
    source: SOURCES.contentProto,
  },
  "answer-unknown-part": {
    summary:
      "Parts without a counterpart are left out and counted in `choices[].extra_content.google.ignored_parts`.",
    source: SOURCES.contentProto,
  },
  "answer-finish-reason": {
    summary:
      "`stop` only where Gemini says STOP, `tool_calls` in its place when tools were called; Gemini's own word, if it says more, is at `choices[].extra_content.google.finish_reason`.",
    source: SOURCES.genaiTypes,
  },
  "answer-unusable": {
    summary: "A malformed function call or an end without any answer is an error, not an empty success.",
    source: "https://github.com/BerriAI/litellm/issues/16651",
  },
  "answer-blocked": {
    summary: "A refused prompt is one choice with `refusal` and `content_filter`, never an empty list.",
    source: "https://github.com/OpenHands/OpenHands/pull/7713",
  },
  "answer-usage": {
    summary:
      "Completion tokens include thinking and prompt tokens include Google's tool results, so prompt + completion = total.",
    source: SOURCES.genaiTypes,
  },
  "answer-logprobs": {
    summary: "`logprobsResult` becomes `logprobs`, with minus infinity as -9999.",
    source: SOURCES.genaiTypes,
  },
  "answer-annotations": {
    summary:
      "Grounding and citations become `url_citation` annotations in character offsets; the whole metadata is at `choices[].extra_content.google`.",
    source: SOURCES.genaiTypes,
  },
  "answer-service-tier": {
    summary:
      "`service_tier` is what Vertex says it served; its own word is at `usage.extra_properties.google.traffic_type`.",
    source: SOURCES.genaiTypes,
  },
  "answer-error": {
    summary:
      "Google's error envelope, in any of its shapes, becomes OpenAI's error, with the wait it asked for and the request field it is about.",
    source: "https://github.com/googleapis/googleapis/blob/master/google/rpc/code.proto",
  },
} as const satisfies Record<string, Rule>;
