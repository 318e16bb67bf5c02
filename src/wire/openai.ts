/**
 * OpenAI's Chat Completions shapes as this gateway writes them, with Google's `extra_content`.
 * Requests are read field by field by the translators, which name the field that is wrong,
 * so a request body is only `ChatCompletionRequest`: an object not yet trusted.
 * Source: openai-node 7.5 src/resources/chat/completions/completions.ts.
 */
import type { Citation, GroundingMetadata, JsonObject } from "./gemini.ts";

/** A parsed JSON body whose fields have not been checked. */
export type ChatCompletionRequest = Record<string, unknown>;

export type FinishReason = "stop" | "length" | "tool_calls" | "content_filter" | "function_call";

/** Google's own additions, at the places Google's compatibility layer documents them. */
export interface ExtraContent {
  google: {
    thought?: boolean;
    thought_signature?: string;
    grounding_metadata?: GroundingMetadata;
    url_context_metadata?: JsonObject;
    safety_ratings?: JsonObject[];
    citation_metadata?: { citations?: Citation[]; citationSources?: Citation[] };
    finish_reason?: string;
    finish_message?: string;
    block_reason?: string;
    /** Parts of the answer that no field here can hold, and that were left out. */
    ignored_parts?: number;
  };
}

export interface ToolCall {
  id: string;
  type: "function";
  function: { name: string; arguments: string };
  extra_content?: ExtraContent;
}

export interface Annotation {
  type: "url_citation";
  /** Character offsets (UTF-16 code units) into `content`; end is exclusive. */
  url_citation: { start_index: number; end_index: number; title: string; url: string };
}

/** An image the model made; the form OpenRouter and LiteLLM established, as OpenAI has none. */
export interface OutputImage {
  type: "image_url";
  index: number;
  image_url: { url: string };
  extra_content?: ExtraContent;
}

export interface OutputAudio {
  id: string;
  /** Base64. */
  data: string;
  expires_at: number;
  transcript: string;
}

export interface ChatCompletionMessage {
  role: "assistant";
  content: string | null;
  refusal: string | null;
  annotations?: Annotation[];
  tool_calls?: ToolCall[];
  function_call?: { name: string; arguments: string };
  audio?: OutputAudio | null;
  images?: OutputImage[];
  reasoning_content?: string;
  reasoning?: string;
  extra_content?: ExtraContent;
}

export interface TokenLogprob {
  token: string;
  logprob: number;
  bytes: number[] | null;
  top_logprobs: { token: string; logprob: number; bytes: number[] | null }[];
}

export interface ChoiceLogprobs {
  content: TokenLogprob[] | null;
  refusal: null;
}

export interface Choice {
  index: number;
  message: ChatCompletionMessage;
  finish_reason: FinishReason;
  logprobs: ChoiceLogprobs | null;
  extra_content?: ExtraContent;
}

export interface CompletionUsage {
  prompt_tokens: number;
  completion_tokens: number;
  total_tokens: number;
  prompt_tokens_details: { cached_tokens: number; audio_tokens: number; [modality: string]: number };
  completion_tokens_details: {
    reasoning_tokens: number;
    audio_tokens: number;
    accepted_prediction_tokens: number;
    rejected_prediction_tokens: number;
    [modality: string]: number;
  };
  extra_properties?: { google: { traffic_type: string } };
}

export interface ChatCompletion {
  id: string;
  object: "chat.completion";
  /** Unix seconds. */
  created: number;
  model: string;
  choices: Choice[];
  usage: CompletionUsage;
  service_tier?: string;
  system_fingerprint: string | null;
}

export interface ToolCallDelta {
  index: number;
  id?: string;
  type?: "function";
  function?: { name?: string; arguments?: string };
  extra_content?: ExtraContent;
}

export interface Delta {
  role?: "assistant";
  content?: string | null;
  refusal?: string | null;
  tool_calls?: ToolCallDelta[];
  function_call?: { name?: string; arguments?: string };
  annotations?: Annotation[];
  audio?: Partial<OutputAudio>;
  images?: OutputImage[];
  reasoning_content?: string;
  reasoning?: string;
  extra_content?: ExtraContent;
}

export interface ChunkChoice {
  index: number;
  delta: Delta;
  finish_reason: FinishReason | null;
  logprobs: ChoiceLogprobs | null;
  extra_content?: ExtraContent;
}

export interface ChatCompletionChunk {
  id: string;
  object: "chat.completion.chunk";
  created: number;
  model: string;
  choices: ChunkChoice[];
  /** `null` on every chunk but the last when the client asked for usage; absent otherwise. */
  usage?: CompletionUsage | null;
  service_tier?: string;
  system_fingerprint: string | null;
}

/** The body of every non-2xx answer, and of the frame that ends a failed stream. */
export interface ErrorBody {
  error: { message: string; type: string; param: string | null; code: string | null };
}
