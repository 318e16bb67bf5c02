/** Samples of messages and of content parts: every role, every key, every form. */

export interface MessageSample {
  /** Path of what the row is about. */
  field: string;
  messages: readonly Record<string, unknown>[];
}

const HI = { role: "user", content: "Hi" };
const CALL = { id: "call_1", type: "function", function: { name: "tide", arguments: '{"port":"Brest"}' } };
const CALLED = { role: "assistant", content: null, tool_calls: [CALL] };
const RESULT = { role: "tool", tool_call_id: "call_1", content: "high at noon" };

function assistant(fields: Record<string, unknown>): Record<string, unknown>[] {
  return [HI, { role: "assistant", content: "Hello.", ...fields }, HI];
}

export const MESSAGE_SAMPLES: readonly MessageSample[] = [
  { field: "messages[0]", messages: [{ role: "system", content: "Be brief." }, HI] },
  { field: "messages[0]", messages: [{ role: "developer", content: "Be brief." }, HI] },
  { field: "messages[0].name", messages: [{ role: "developer", content: "Be brief.", name: "editor" }, HI] },
  { field: "messages[1]", messages: [HI, { role: "system", content: "Be brief." }] },
  { field: "messages", messages: [{ role: "system", content: "Be brief." }] },
  { field: "messages[0].name", messages: [{ role: "system", content: "Be brief.", name: "editor" }, HI] },
  { field: "messages[0].content", messages: [HI] },
  { field: "messages[0].content", messages: [{ role: "user", content: [{ type: "text", text: "Hi" }] }] },
  { field: "messages[0].content", messages: [{ role: "user", content: "" }] },
  { field: "messages[0].name", messages: [{ ...HI, name: "Ada" }] },
  { field: "messages[1]", messages: assistant({}) },
  { field: "messages[1]", messages: [HI, { role: "model", content: "Hello." }, HI] },
  { field: "messages[0]", messages: [{ role: "assistant", content: "Hello." }, HI] },
  { field: "messages[1]", messages: [HI, { role: "assistant", content: "Hel" }] },
  { field: "messages[1].name", messages: assistant({ name: "Bot" }) },
  { field: "messages[1].refusal", messages: assistant({ content: null, refusal: "I would rather not." }) },
  { field: "messages[1].content[0].refusal", messages: assistant({ content: [{ type: "refusal", refusal: "No." }] }) },
  { field: "messages[1].audio", messages: assistant({ audio: { id: "audio_1" } }) },
  { field: "messages[1].audio", messages: assistant({ content: null, audio: { id: "audio_1", transcript: "Hello." } }) },
  { field: "messages[1].annotations", messages: assistant({ annotations: [{ type: "url_citation" }] }) },
  { field: "messages[1].reasoning_content", messages: assistant({ reasoning_content: "They greet me." }) },
  { field: "messages[1].extra_content.google.thought_signature", messages: assistant({ extra_content: { google: { thought_signature: "c2ln" } } }) },
  { field: "messages[1].extra_content.google.thought", messages: assistant({ extra_content: { google: { thought: true } } }) },
  { field: "messages[1].tool_calls", messages: [HI, CALLED, RESULT] },
  {
    field: "messages[1].tool_calls[0].extra_content.google.thought_signature",
    messages: [
      HI,
      { ...CALLED, tool_calls: [{ ...CALL, extra_content: { google: { thought_signature: "c2ln" } } }] },
      RESULT,
    ],
  },
  {
    field: "messages[1].tool_calls[0].function.arguments",
    messages: [HI, { ...CALLED, tool_calls: [{ ...CALL, function: { name: "tide", arguments: "" } }] }, RESULT],
  },
  {
    field: "messages[1].tool_calls[0].function.arguments",
    messages: [HI, { ...CALLED, tool_calls: [{ ...CALL, function: { name: "tide", arguments: "Brest" } }] }, RESULT],
  },
  {
    field: "messages[1].tool_calls[0].custom",
    messages: [
      HI,
      { ...CALLED, tool_calls: [{ id: "call_1", type: "custom", custom: { name: "tide", input: "Brest" } }] },
      RESULT,
    ],
  },
  { field: "messages[1].tool_calls", messages: [HI, CALLED, HI] },
  { field: "messages[1].function_call", messages: [HI, { role: "assistant", content: null, function_call: CALL.function }, { role: "function", name: "tide", content: "noon" }] },
  { field: "messages[2].name", messages: [HI, { role: "assistant", content: null, function_call: CALL.function }, { role: "function", name: "tide", content: "noon" }] },
  { field: "messages[2].content", messages: [HI, CALLED, RESULT] },
  { field: "messages[2].content", messages: [HI, CALLED, { ...RESULT, content: '{"high": "noon"}' }] },
  { field: "messages[2].content", messages: [HI, CALLED, { ...RESULT, content: [{ type: "text", text: "noon" }] }] },
  {
    field: "messages[2].content",
    messages: [HI, CALLED, { ...RESULT, content: [{ type: "image_url", image_url: { url: "gs://b/tide.png" } }] }],
  },
  {
    field: "messages[2].extra_content.google.parts",
    messages: [
      HI,
      CALLED,
      { ...RESULT, extra_content: { google: { parts: [{ inlineData: { mimeType: "image/png", data: "AAAA" } }] } } },
    ],
  },
  { field: "messages[2].tool_call_id", messages: [HI, CALLED, RESULT] },
  { field: "messages[2].tool_call_id", messages: [HI, CALLED, { ...RESULT, tool_call_id: "call_9" }] },
  { field: "messages[0].any_other_field", messages: [{ ...HI, any_other_field: 1 }] },
  { field: "messages[0].role", messages: [{ role: "narrator", content: "Hi" }] },
];

export interface PartSample {
  field: string;
  part: Record<string, unknown>;
}

const IMAGE = "data:image/png;base64,AAAA";

/** Each part stands in a user message. */
export const PART_SAMPLES: readonly PartSample[] = [
  { field: "text", part: { type: "text", text: "Hi" } },
  { field: "text", part: { type: "text", text: "" } },
  { field: "prompt_cache_breakpoint", part: { type: "text", text: "Hi", prompt_cache_breakpoint: { mode: "explicit" } } },
  { field: "image_url", part: { type: "image_url", image_url: { url: IMAGE } } },
  { field: "image_url", part: { type: "image_url", image_url: IMAGE } },
  { field: "image_url", part: { type: "image_url", image_url: { url: "gs://bucket/photo.jpg" } } },
  { field: "image_url", part: { type: "image_url", image_url: { url: "https://example.com/photo" } } },
  { field: "image_url", part: { type: "image_url", image_url: { url: "ftp://example.com/photo.png" } } },
  { field: "image_url.detail", part: { type: "image_url", image_url: { url: IMAGE, detail: "auto" } } },
  { field: "image_url.detail", part: { type: "image_url", image_url: { url: IMAGE, detail: "low" } } },
  { field: "image_url.detail", part: { type: "image_url", image_url: { url: IMAGE, detail: "ultra_high" } } },
  { field: "image_url.detail", part: { type: "image_url", image_url: { url: IMAGE, detail: "original" } } },
  { field: "input_audio", part: { type: "input_audio", input_audio: { data: "AAAA", format: "wav" } } },
  { field: "input_audio", part: { type: "input_audio", input_audio: { data: "AAAA", format: "audio/mp3" } } },
  { field: "input_audio", part: { type: "input_audio", input_audio: { data: "gs://bucket/speech.mp3", format: "audio/mp3" } } },
  { field: "video_url", part: { type: "video_url", video_url: { url: "gs://bucket/clip.mp4" } } },
  { field: "file.file_data", part: { type: "file", file: { file_data: "data:application/pdf;base64,AAAA" } } },
  { field: "file.filename", part: { type: "file", file: { file_data: "AAAA", filename: "report.pdf" } } },
  { field: "file.filename", part: { type: "file", file: { file_data: "data:application/pdf;base64,AAAA", filename: "report.pdf" } } },
  { field: "file.file_id", part: { type: "file", file: { file_id: "gs://bucket/report.pdf" } } },
  { field: "file.file_id", part: { type: "file", file: { file_id: "files/abc" } } },
  { field: "file.file_id", part: { type: "file", file: { file_id: "file-from-openai" } } },
  { field: "type", part: { type: "refusal", refusal: "No." } },
  {
    field: "extra_content.google.video_metadata",
    part: {
      type: "video_url",
      video_url: { url: "gs://bucket/clip.mp4" },
      extra_content: { google: { video_metadata: { start_offset: "1s", end_offset: "2s", fps: 1 } } },
    },
  },
];
