/**
 * The shapes that /openapi.json describes. Requests are checked by the translators, field by field, which can name
 * what is wrong and say what becomes of it; these schemas are what they accept, for readers and generators.
 */
import { z } from "zod";

const extraContent = z
  .looseObject({ google: z.looseObject({ thought: z.boolean(), thought_signature: z.string() }).partial() })
  .describe("Google's additions; echo them back with the message they came with.");

const textPart = z.object({
  type: z.literal("text"),
  text: z.string(),
  extra_content: extraContent.optional(),
});

const imagePart = z.object({
  type: z.literal("image_url"),
  image_url: z.union([
    z.object({
      url: z.string().describe("A data: URL of any media type, gs://… or https://…"),
      detail: z.enum(["auto", "low", "medium", "high", "ultra_high", "original"]).optional(),
    }),
    z.string(),
  ]),
});

const audioPart = z.object({
  type: z.literal("input_audio"),
  input_audio: z.object({
    data: z.string().describe("Base64, a data: URL, gs://… or https://…"),
    format: z.string().describe("wav, mp3 or a full media type such as audio/mp3"),
  }),
});

const videoPart = z.object({ type: z.literal("video_url"), video_url: z.object({ url: z.string() }) });

const filePart = z.object({
  type: z.literal("file"),
  file: z.object({ file_data: z.string(), file_id: z.string(), filename: z.string() }).partial(),
});

const refusalPart = z.object({ type: z.literal("refusal"), refusal: z.string() });

const part = z.discriminatedUnion("type", [textPart, imagePart, audioPart, videoPart, filePart, refusalPart]);

const toolCall = z.object({
  id: z.string(),
  type: z.literal("function"),
  function: z.object({ name: z.string(), arguments: z.string() }),
  extra_content: extraContent.optional(),
});

const message = z.object({
  role: z.enum(["system", "developer", "user", "assistant", "model", "tool", "function"]),
  content: z.union([z.string(), z.array(part), z.null()]).optional(),
  name: z.string().optional(),
  tool_calls: z.array(toolCall).optional(),
  tool_call_id: z.string().optional(),
  function_call: z.object({ name: z.string(), arguments: z.string() }).optional(),
  refusal: z.string().nullish(),
  extra_content: extraContent.optional(),
});

const functionDefinition = z.object({
  name: z.string(),
  description: z.string().optional(),
  parameters: z.looseObject({}).optional(),
  strict: z.boolean().nullish(),
});

const namedTool = z.object({ type: z.literal("function"), function: z.object({ name: z.string() }) });

const google = z
  .looseObject({
    safety_settings: z.array(
      z.object({ category: z.string(), threshold: z.string(), method: z.string().optional() }),
    ),
    cached_content: z.string(),
    thinking_config: z.looseObject({
      include_thoughts: z.boolean().optional(),
      thinking_budget: z.int().optional(),
      thinking_level: z.string().optional(),
    }),
    thought_tag_marker: z.string(),
    stream_function_call_arguments: z.boolean(),
    tools: z.array(z.looseObject({})),
    media_resolution: z.string(),
    labels: z.record(z.string(), z.string()),
  })
  .partial();

export const chatCompletionRequest = z.object({
  model: z.string().describe("google/gemini-…, or the bare id"),
  messages: z.array(message).min(1),
  audio: z.object({ voice: z.string(), format: z.string() }).nullish(),
  extra_body: z.looseObject({ google: google.optional() }).optional(),
  frequency_penalty: z.number().min(-2).max(2).nullish(),
  function_call: z.union([z.enum(["none", "auto"]), z.object({ name: z.string() })]).optional(),
  functions: z.array(functionDefinition).optional(),
  logit_bias: z.record(z.string(), z.number()).nullish(),
  logprobs: z.boolean().nullish(),
  max_completion_tokens: z.int().nullish(),
  max_tokens: z.int().nullish(),
  metadata: z.record(z.string(), z.string()).nullish(),
  modalities: z.array(z.enum(["text", "image", "audio"])).nullish(),
  n: z.int().min(1).max(8).nullish(),
  parallel_tool_calls: z.boolean().optional(),
  prediction: z.looseObject({}).nullish(),
  presence_penalty: z.number().min(-2).max(2).nullish(),
  prompt_cache_key: z.string().optional(),
  reasoning_effort: z.enum(["none", "minimal", "low", "medium", "high", "xhigh", "max"]).nullish(),
  response_format: z
    .union([
      z.object({ type: z.literal("text") }),
      z.object({ type: z.literal("json_object") }),
      z.object({
        type: z.literal("json_schema"),
        json_schema: z.object({
          name: z.string(),
          description: z.string().optional(),
          schema: z.looseObject({}).optional(),
          strict: z.boolean().nullish(),
        }),
      }),
    ])
    .optional(),
  safety_identifier: z.string().optional(),
  seed: z.int().nullish(),
  service_tier: z.string().nullish(),
  stop: z.union([z.string(), z.array(z.string()).max(5)]).nullish(),
  store: z.boolean().nullish(),
  stream: z.boolean().nullish(),
  stream_options: z
    .object({ include_usage: z.boolean().optional(), include_obfuscation: z.boolean().optional() })
    .nullish(),
  temperature: z.number().min(0).max(2).nullish(),
  tool_choice: z
    .union([
      z.enum(["none", "auto", "required", "validated"]),
      namedTool,
      z.object({
        type: z.literal("allowed_tools"),
        allowed_tools: z.object({ mode: z.enum(["auto", "required"]), tools: z.array(namedTool) }),
      }),
    ])
    .optional(),
  tools: z.array(z.object({ type: z.literal("function"), function: functionDefinition })).optional(),
  top_k: z.number().optional(),
  top_logprobs: z.int().min(0).max(20).nullish(),
  top_p: z.number().min(0).max(1).nullish(),
  user: z.string().optional(),
  verbosity: z.enum(["low", "medium", "high"]).nullish(),
  web_search_options: z.looseObject({}).optional(),
});

const tokenLogprob = z.object({
  token: z.string(),
  logprob: z.number(),
  bytes: z.array(z.int()).nullable(),
});
const logprobs = z
  .object({
    content: z.array(tokenLogprob.extend({ top_logprobs: z.array(tokenLogprob) })).nullable(),
    refusal: z.null(),
  })
  .nullable();
const finishReason = z.enum(["stop", "length", "tool_calls", "content_filter", "function_call"]);
const annotation = z.object({
  type: z.literal("url_citation"),
  url_citation: z.object({ start_index: z.int(), end_index: z.int(), title: z.string(), url: z.string() }),
});
const outputImage = z.object({
  type: z.literal("image_url"),
  index: z.int(),
  image_url: z.object({ url: z.string() }),
  extra_content: extraContent.optional(),
});
const outputAudio = z.object({
  id: z.string(),
  data: z.string(),
  expires_at: z.int(),
  transcript: z.string(),
});

const usage = z.object({
  prompt_tokens: z.int(),
  completion_tokens: z.int(),
  total_tokens: z.int(),
  prompt_tokens_details: z.looseObject({ cached_tokens: z.int(), audio_tokens: z.int() }),
  completion_tokens_details: z.looseObject({ reasoning_tokens: z.int(), audio_tokens: z.int() }),
  extra_properties: z.object({ google: z.object({ traffic_type: z.string() }) }).optional(),
});

const answerBase = {
  id: z.string(),
  created: z.int().describe("Unix seconds"),
  model: z.string().describe("As the request spelled it"),
  system_fingerprint: z.string().nullable().describe("The exact model version that answered"),
  service_tier: z.string().optional(),
};

export const chatCompletion = z.object({
  ...answerBase,
  object: z.literal("chat.completion"),
  choices: z.array(
    z.looseObject({
      index: z.int(),
      finish_reason: finishReason,
      logprobs,
      message: z.object({
        role: z.literal("assistant"),
        content: z.string().nullable(),
        refusal: z.string().nullable(),
        annotations: z.array(annotation).optional(),
        audio: outputAudio.nullish(),
        function_call: z.object({ name: z.string(), arguments: z.string() }).optional(),
        images: z.array(outputImage).optional(),
        reasoning_content: z.string().optional(),
        tool_calls: z.array(toolCall).optional(),
        extra_content: extraContent.optional(),
      }),
    }),
  ),
  usage,
});

export const chatCompletionChunk = z.object({
  ...answerBase,
  object: z.literal("chat.completion.chunk"),
  choices: z.array(
    z.looseObject({
      index: z.int(),
      finish_reason: finishReason.nullable(),
      logprobs,
      delta: z.looseObject({ role: z.literal("assistant").optional(), content: z.string().nullish() }),
    }),
  ),
  usage: usage.nullish(),
});

export const errorBody = z.object({
  error: z.object({
    message: z.string(),
    type: z.string(),
    param: z.string().nullable(),
    code: z.string().nullable(),
  }),
});

export const model = z.object({
  id: z.string(),
  object: z.literal("model"),
  created: z.int(),
  owned_by: z.string(),
  context_length: z.int().optional(),
  architecture: z
    .object({ input_modalities: z.array(z.string()), output_modalities: z.array(z.string()) })
    .optional(),
  supported_parameters: z.array(z.string()).optional(),
  top_provider: z.object({ context_length: z.int(), max_completion_tokens: z.int() }).optional(),
});

export const modelList = z.object({ object: z.literal("list"), data: z.array(model) });

export const status = z.looseObject({ status: z.string() });

const time = z.iso.datetime().nullable();

export const authStatusList = z.object({
  object: z.literal("list"),
  data: z.array(
    z.object({
      worker: z.int().optional(),
      upstream: z.string(),
      kind: z.string(),
      description: z.string(),
      found_in: z.string().nullable(),
      principal: z.string().nullable(),
      project: z.string().nullable(),
      quota_project: z.string().nullable(),
      token: z
        .object({
          expires_at: time,
          renews_at: time,
          issued: z.int(),
          failures: z.int(),
          last_error: z.object({ at: z.iso.datetime(), message: z.string() }).nullable(),
          scopes: z.array(z.string()).nullable(),
        })
        .nullable(),
    }),
  ),
});
