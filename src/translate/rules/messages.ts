import type { Rule } from "../rules.ts";
import { SOURCES } from "./sources.ts";

const AUDIO_PAGE = "https://ai.google.dev/gemini-api/docs/audio";
const FILES_PAGE = "https://ai.google.dev/gemini-api/docs/files";

/** What becomes of `messages`. */
export const MESSAGE_RULES = {
  "message-system": {
    summary:
      "System and developer text becomes `systemInstruction`, one part per text, in order, from wherever in the conversation it stands; a model that takes none is told in the first user turn, or, if it speaks every text, in the style of speaking.",
    source: SOURCES.overview,
  },
  "message-system-only": {
    summary:
      "A prompt of system messages alone is sent as a user turn, because Gemini needs at least one content.",
    source: "https://github.com/QuantumNous/new-api/issues/1060",
  },
  "message-user": {
    summary: "User messages become `user` contents; neighbours become one content.",
    source: SOURCES.overview,
  },
  "message-assistant": {
    summary: "Assistant messages become `model` contents: text first, then images, then tool calls.",
    source: SOURCES.overview,
  },
  "message-nothing": {
    summary: "A null, an empty string or an empty list carries nothing, and an empty part would be refused.",
    source: "https://github.com/songquanpeng/one-api/issues/2243",
  },
  "message-empty-turn": {
    summary: "A turn without content is left out, or holds one space where a turn has to exist.",
    source: "https://github.com/ikechan8370/chatgpt-plugin/issues/733",
  },
  "message-leading-model": {
    summary: "A short user turn is put before a conversation that begins with the assistant.",
    source: "https://github.com/editor-code-assistant/eca/issues/247",
  },
  "message-trailing-model": {
    summary: "A short user turn is put after a trailing assistant message where the model takes no prefill.",
    source: SOURCES.flash38,
  },
  "message-name": {
    summary: "`name` of a participant has no counterpart in Gemini.",
    source: SOURCES.contentProto,
  },
  "message-refusal": {
    summary: "A refusal in the history is sent as ordinary text of the model's turn.",
    source: SOURCES.openaiTypes,
  },
  "message-audio": {
    summary: "An earlier spoken answer is replayed by its transcript; Gemini keeps no audio by id.",
    source: SOURCES.openaiTypes,
  },
  "message-reasoning": {
    summary: "Reasoning text of earlier answers is not replayed: signatures carry it for Gemini.",
    source: SOURCES.signatures,
  },
  "message-thought-marker": {
    summary: "Text between the thought tags in an assistant message is sent as a thought.",
    source: SOURCES.overview,
  },
  "message-unknown-field": {
    summary: "A field that neither OpenAI's nor Google's API defines at this place is not sent.",
    source: SOURCES.openaiTypes,
  },
  "part-text": { summary: "A text part becomes a text part.", source: SOURCES.overview },
  "part-media": {
    summary:
      "Data URLs and base64 become `inlineData`; gs, http and https URLs become `fileData` and are read by Google.",
    source: SOURCES.overview,
  },
  "part-media-read": {
    summary:
      "With `media.fetch: proxy` the gateway reads http and https URLs itself, and their bytes become `inlineData`.",
    source: SOURCES.overview,
  },
  "part-mime-type": {
    summary: "The media type comes from the data URL, the declared format, or the file name's extension.",
    source: SOURCES.overview,
  },
  "part-detail": {
    summary: "`detail` becomes the part's media resolution on Gemini 3, and the request's before.",
    source: SOURCES.overview,
  },
  "part-audio": {
    summary: "`input_audio` becomes audio data; `format` is a short name or a full media type.",
    source: AUDIO_PAGE,
  },
  "part-file-id": {
    summary: "`file_id` names a file of Google's: the Gemini API's Files, or Cloud Storage on Vertex AI.",
    source: FILES_PAGE,
  },
  "part-file-name": {
    summary: "`filename` decides the media type, and is the part's display name on Vertex AI.",
    source: SOURCES.genaiTypes,
  },
  "part-video-metadata": {
    summary: "`extra_content.google.video_metadata` becomes the part's `videoMetadata`.",
    source: SOURCES.genaiTypes,
  },
  "extra-content": {
    summary:
      "`extra_content.google` (or `vertex`, an alias seen in other gateways) marks thoughts and carries signatures.",
    source: SOURCES.examples,
  },
  "signature-returned": {
    summary: "A thought signature the caller sent back goes to exactly the part it came from.",
    source: SOURCES.signatures,
  },
  "signature-remembered": {
    summary: "A thought signature the caller dropped is put back from memory, by tool call id.",
    source: SOURCES.signatures,
  },
  "signature-bypass": {
    summary:
      "A step of tool calls whose signature is not known, or was made by another model, carries Google's documented bypass value.",
    source: SOURCES.signatures,
  },
  "call-function": {
    summary: "A tool call becomes `functionCall`; its arguments must be a JSON object there.",
    source: SOURCES.contentProto,
  },
  "call-arguments": {
    summary: 'Arguments that are not a JSON object are replaced by `{}` or wrapped as `{"value": ...}`.',
    source: SOURCES.contentProto,
  },
  "call-custom": {
    summary: "A custom tool call becomes a `functionCall` with its text in `input`.",
    source: SOURCES.openaiTypes,
  },
  "result-function": {
    summary:
      'Tool results follow their calls as one content, in the order of the calls; text that is not a JSON object becomes `{"output": text}`.',
    source: SOURCES.genaiTypes,
  },
  "result-reference": {
    summary:
      "A result with `$ref` that names none of its media is sent as text on Gemini 3, which refuses such a name.",
    source: "https://github.com/vercel/ai/issues/14369",
  },
  "result-missing": {
    summary: "A tool call nobody answered gets an error result, because Gemini counts calls and results.",
    source: "https://github.com/microsoft/vscode/issues/299295",
  },
  "result-media": {
    summary:
      "Media in a tool result becomes `functionResponse.parts` on Gemini 3, and a user turn after the results before.",
    source: SOURCES.signatures,
  },
} as const satisfies Record<string, Rule>;
