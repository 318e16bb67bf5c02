/** A sample value for every field of a request. A field with several fates has several. */

export interface Sample {
  /** Path of the field within the place that the table's text names; where it is not the whole sample, it is said. */
  field: string;
  /** Fields put into the request, the field first. `MODEL` stands for the model's bare id. */
  with: Record<string, unknown>;
}

const PARAMETERS = { type: "object", properties: { port: { type: "string" } }, required: ["port"] };
const tools = [{ type: "function", function: { name: "tide" } }];
const functions = [{ name: "tide" }];
const SCHEMA = { type: "object", properties: { high: { type: "number" } } };

/** Fields at the top level, in the order of OpenAI's own list. */
export const REQUEST_SAMPLES: readonly Sample[] = [
  { field: "model", with: { model: "google/MODEL" } },
  { field: "model", with: { model: "MODEL" } },
  { field: "model", with: { model: "models/MODEL" } },
  { field: "model", with: { model: "publishers/google/models/MODEL" } },
  { field: "model", with: { model: "projects/p/locations/global/publishers/google/models/MODEL" } },
  { field: "model", with: { model: "meta/llama-4" } },
  { field: "messages", with: { messages: [{ role: "user", content: "Hi" }] } },
  { field: "frequency_penalty", with: { frequency_penalty: 0 } },
  { field: "frequency_penalty", with: { frequency_penalty: 0.5 } },
  { field: "frequency_penalty", with: { frequency_penalty: 2 } },
  { field: "function_call", with: { function_call: "auto", functions } },
  { field: "function_call", with: { function_call: { name: "tide" }, functions } },
  { field: "functions", with: { functions: [{ name: "tide", parameters: PARAMETERS }] } },
  { field: "logit_bias", with: { logit_bias: { "50256": -100 } } },
  { field: "logprobs", with: { logprobs: true } },
  { field: "max_completion_tokens", with: { max_completion_tokens: 100 } },
  { field: "max_completion_tokens", with: { max_completion_tokens: 1_000_000 } },
  { field: "max_tokens", with: { max_tokens: 100 } },
  { field: "max_tokens", with: { max_tokens: 100, max_completion_tokens: 200 } },
  { field: "metadata", with: { metadata: { run: "7" } } },
  { field: "modalities", with: { modalities: ["text"] } },
  { field: "moderation", with: { moderation: { model: "omni-moderation-latest" } } },
  { field: "n", with: { n: 1 } },
  { field: "n", with: { n: 2 } },
  { field: "n", with: { n: 9 } },
  { field: "parallel_tool_calls", with: { parallel_tool_calls: true, tools } },
  { field: "parallel_tool_calls", with: { parallel_tool_calls: false, tools } },
  { field: "prediction", with: { prediction: { type: "content", content: "Hello" } } },
  { field: "presence_penalty", with: { presence_penalty: 0.5 } },
  { field: "prompt_cache_key", with: { prompt_cache_key: "k" } },
  { field: "prompt_cache_options", with: { prompt_cache_options: { mode: "implicit" } } },
  { field: "prompt_cache_retention", with: { prompt_cache_retention: "24h" } },
  { field: "reasoning_effort", with: { reasoning_effort: "low" } },
  { field: "response_format", with: { response_format: { type: "text" } } },
  { field: "response_format", with: { response_format: { type: "json_object" } } },
  { field: "response_format.json_schema.schema", with: { response_format: { type: "json_schema", json_schema: { schema: SCHEMA } } } },
  { field: "response_format.json_schema.name", with: { response_format: { type: "json_schema", json_schema: { name: "tide", schema: SCHEMA } } } },
  { field: "response_format.json_schema.strict", with: { response_format: { type: "json_schema", json_schema: { strict: true, schema: SCHEMA } } } },
  { field: "response_format.json_schema", with: { response_format: { type: "json_schema", json_schema: { schema: SCHEMA } }, tools } },
  { field: "response_format", with: { response_format: { type: "text/x.enum" } } },
  { field: "safety_identifier", with: { safety_identifier: "s" } },
  { field: "seed", with: { seed: 7 } },
  { field: "seed", with: { seed: 1_099_511_627_783 } },
  { field: "service_tier", with: { service_tier: "auto" } },
  { field: "service_tier", with: { service_tier: "flex" } },
  { field: "service_tier", with: { service_tier: "scale" } },
  { field: "stop", with: { stop: "END" } },
  { field: "stop", with: { stop: ["a", "b", "c", "d", "e"] } },
  { field: "stop", with: { stop: ["a", "b", "c", "d", "e", "f"] } },
  { field: "store", with: { store: false } },
  { field: "store", with: { store: true } },
  { field: "stream", with: { stream: true } },
  { field: "stream_options", with: { stream_options: { include_usage: true }, stream: true } },
  { field: "stream_options", with: { stream_options: { include_obfuscation: true }, stream: true } },
  { field: "stream_options", with: { stream_options: { include_usage: true } } },
  { field: "temperature", with: { temperature: 0.5 } },
  { field: "temperature", with: { temperature: 3 } },
  { field: "tool_choice", with: { tool_choice: "auto", tools } },
  { field: "tool_choice", with: { tool_choice: "none", tools } },
  { field: "tool_choice", with: { tool_choice: "required", tools } },
  { field: "tool_choice", with: { tool_choice: "validated", tools } },
  { field: "tool_choice", with: { tool_choice: { type: "function", function: { name: "tide" } }, tools } },
  {
    field: "tool_choice",
    with: {
      tool_choice: {
        type: "allowed_tools",
        allowed_tools: { mode: "auto", tools: [{ type: "function", function: { name: "tide" } }] },
      },
      tools,
    },
  },
  { field: "tool_choice", with: { tool_choice: { type: "custom", custom: { name: "tide" } }, tools } },
  { field: "tools", with: { tools: [{ type: "function", function: { name: "tide", parameters: PARAMETERS } }] } },
  { field: "tools[0].function.description", with: { tools: [{ type: "function", function: { name: "tide", description: "High water" } }] } },
  { field: "tools[0].function.strict", with: { tools: [{ type: "function", function: { name: "tide", strict: true } }] } },
  { field: "tools[0].type", with: { tools: [{ type: "custom", custom: { name: "tide" } }] } },
  { field: "top_logprobs", with: { top_logprobs: 3, logprobs: true } },
  { field: "top_p", with: { top_p: 0.9 } },
  { field: "user", with: { user: "u" } },
  { field: "verbosity", with: { verbosity: "low" } },
  { field: "web_search_options", with: { web_search_options: {} } },
  {
    field: "web_search_options.search_context_size",
    with: { web_search_options: { search_context_size: "low" } },
  },
  { field: "web_search_options", with: { web_search_options: {}, tools } },
  { field: "top_k", with: { top_k: 40 } },
  { field: "top_k", with: { top_k: -1 } },
  { field: "any_other_field", with: { any_other_field: 1 } },
];

const stream = { stream: true, tools };

/** Options under `extra_body.google`; what else a sample has goes to the top level of the request. */
export const GOOGLE_SAMPLES: readonly (Sample & { beside?: Record<string, unknown> })[] = [
  { field: "safety_settings", with: { safety_settings: [{ category: "HARM_CATEGORY_HARASSMENT", threshold: "BLOCK_ONLY_HIGH" }] } },
  {
    field: "safety_settings[0].method",
    with: { safety_settings: [{ category: "HARM_CATEGORY_HARASSMENT", threshold: "OFF", method: "SEVERITY" }] },
  },
  { field: "cached_content", with: { cached_content: "projects/p/locations/global/cachedContents/7" } },
  { field: "cached_content", with: { cached_content: "cachedContents/7" } },
  { field: "thinking_config.include_thoughts", with: { thinking_config: { include_thoughts: true } } },
  { field: "thinking_config.thinking_budget", with: { thinking_config: { thinking_budget: 1024 } } },
  { field: "thinking_config.thinking_budget", with: { thinking_config: { thinking_budget: 0 } } },
  { field: "thinking_config.thinking_level", with: { thinking_config: { thinking_level: "low" } } },
  { field: "thought_tag_marker", with: { thought_tag_marker: "think" } },
  { field: "stream_function_call_arguments", with: { stream_function_call_arguments: true }, beside: stream },
  { field: "tools", with: { tools: [{ google_search: {} }] } },
  { field: "tools", with: { tools: [{ google_search: {} }] }, beside: { tools } },
  { field: "media_resolution", with: { media_resolution: "MEDIA_RESOLUTION_LOW" } },
  { field: "labels", with: { labels: { team: "search" } } },
  { field: "model_armor_config", with: { model_armor_config: { prompt_template_name: "t" } } },
  { field: "image_config", with: { image_config: { aspect_ratio: "16:9" } } },
  { field: "speech_config", with: { speech_config: { language_code: "de-DE" } } },
  { field: "response_modalities", with: { response_modalities: ["TEXT"] } },
  { field: "top_k", with: { top_k: 40 } },
  { field: "audio_timestamp", with: { audio_timestamp: true } },
  { field: "any_other_option", with: { any_other_option: 1 } },
];

/** Fields whose meaning depends on a model made for images or speech, each with that model. */
export const MEDIA_MODEL_SAMPLES: readonly (Sample & { model: string })[] = [
  { field: "modalities", with: { modalities: ["image"] }, model: "gemini-3.1-flash-image" },
  { field: "modalities", with: { modalities: ["text", "audio"] }, model: "gemini-2.5-flash-tts" },
  { field: "modalities", with: { modalities: ["image"] }, model: "gemini-3.5-flash" },
  { field: "audio", with: { audio: { voice: "Kore", format: "wav" }, modalities: ["audio"] }, model: "gemini-2.5-flash-tts" },
  { field: "audio.voice", with: { audio: { voice: "alloy", format: "wav" }, modalities: ["audio"] }, model: "gemini-2.5-flash-tts" },
  { field: "audio.format", with: { audio: { voice: "Kore", format: "mp3" }, modalities: ["audio"] }, model: "gemini-2.5-flash-tts" },
  {
    field: "audio.format",
    with: { audio: { voice: "Kore", format: "wav" }, modalities: ["audio"], stream: true },
    model: "gemini-2.5-flash-tts",
  },
  { field: "audio", with: { audio: { voice: "Kore", format: "wav" } }, model: "gemini-3.5-flash" },
];
