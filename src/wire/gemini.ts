/**
 * Gemini's REST shapes (`generateContent` family), as plain types: no behaviour lives here.
 * Every field is optional where Google may leave it out. Source: googleapis
 * google/cloud/aiplatform/v1beta1/content.proto and js-genai src/types.ts.
 */

/** A JSON value as parsed from the wire. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type JsonObject = { [key: string]: Json };

export interface Blob {
  mimeType?: string;
  /** Base64, standard alphabet: a string, or what becomes one in JSON. */
  data?: string | { readonly length: number; toString(): string; toJSON(): string };
  displayName?: string;
}

export interface FileData {
  mimeType?: string;
  fileUri?: string;
  displayName?: string;
}

export interface PartialArg {
  /** RFC 9535 path of the value inside `args`, for example `$.items[0].qty`. */
  jsonPath?: string;
  stringValue?: string;
  numberValue?: number;
  boolValue?: boolean;
  nullValue?: null | string;
  willContinue?: boolean;
}

export interface FunctionCall {
  id?: string;
  name?: string;
  args?: JsonObject;
  partialArgs?: PartialArg[];
  willContinue?: boolean;
}

export interface FunctionResponsePart {
  inlineData?: Blob;
  fileData?: FileData;
}

export interface FunctionResponse {
  id?: string;
  name?: string;
  response?: JsonObject;
  parts?: FunctionResponsePart[];
}

export interface VideoMetadata {
  startOffset?: string;
  endOffset?: string;
  fps?: number;
}

export interface Part {
  text?: string;
  thought?: boolean;
  /** Opaque bytes, base64; belongs to exactly this part. */
  thoughtSignature?: string;
  inlineData?: Blob;
  fileData?: FileData;
  functionCall?: FunctionCall;
  functionResponse?: FunctionResponse;
  executableCode?: { language?: string; code?: string };
  codeExecutionResult?: { outcome?: string; output?: string };
  videoMetadata?: VideoMetadata;
  mediaResolution?: { level?: string; numTokens?: number };
  /** How to speak a text. */
  speechMetadata?: { speaker?: string; style?: string };
}

export interface Content {
  role?: string;
  parts?: Part[];
}

export interface FunctionDeclaration {
  name?: string;
  description?: string;
  /** OpenAPI-3.0 subset; excludes `parametersJsonSchema`. */
  parameters?: Json;
  parametersJsonSchema?: Json;
  response?: Json;
  responseJsonSchema?: Json;
}

export interface Tool {
  functionDeclarations?: FunctionDeclaration[];
  googleSearch?: JsonObject;
  [other: string]: unknown;
}

export interface FunctionCallingConfig {
  mode?: "AUTO" | "ANY" | "NONE" | "VALIDATED";
  allowedFunctionNames?: string[];
  streamFunctionCallArguments?: boolean;
}

export interface ToolConfig {
  functionCallingConfig?: FunctionCallingConfig;
  includeServerSideToolInvocations?: boolean;
}

export interface ThinkingConfig {
  includeThoughts?: boolean;
  thinkingBudget?: number;
  thinkingLevel?: string;
}

export interface GenerationConfig {
  temperature?: number;
  topP?: number;
  topK?: number;
  candidateCount?: number;
  maxOutputTokens?: number;
  stopSequences?: string[];
  seed?: number;
  frequencyPenalty?: number;
  presencePenalty?: number;
  responseLogprobs?: boolean;
  logprobs?: number;
  responseMimeType?: string;
  responseSchema?: Json;
  responseJsonSchema?: Json;
  responseModalities?: string[];
  thinkingConfig?: ThinkingConfig;
  mediaResolution?: string;
  speechConfig?: JsonObject;
  imageConfig?: JsonObject;
  audioTimestamp?: boolean;
}

export interface SafetySetting {
  category?: string;
  threshold?: string;
  method?: string;
}

export interface GenerateContentRequest {
  contents?: Content[];
  systemInstruction?: Content;
  tools?: Tool[];
  toolConfig?: ToolConfig;
  generationConfig?: GenerationConfig;
  safetySettings?: SafetySetting[];
  cachedContent?: string;
  labels?: Record<string, string>;
  modelArmorConfig?: JsonObject;
  /** Gemini API only; Vertex takes headers instead. */
  serviceTier?: string;
}

export interface TokenCandidate {
  token?: string;
  tokenId?: number;
  logProbability?: number;
}

export interface LogprobsResult {
  chosenCandidates?: TokenCandidate[];
  topCandidates?: { candidates?: TokenCandidate[] }[];
  logProbabilitySum?: number;
}

export interface GroundingChunk {
  web?: { uri?: string; title?: string; domain?: string };
  image?: { sourceUri?: string; imageUri?: string; title?: string };
  maps?: { uri?: string; title?: string; placeId?: string };
  retrievedContext?: { uri?: string; title?: string; text?: string };
}

export interface GroundingSupport {
  segment?: { partIndex?: number; startIndex?: number; endIndex?: number; text?: string };
  groundingChunkIndices?: number[];
  confidenceScores?: number[];
}

export interface GroundingMetadata {
  webSearchQueries?: string[];
  searchEntryPoint?: { renderedContent?: string };
  groundingChunks?: GroundingChunk[];
  groundingSupports?: GroundingSupport[];
  [other: string]: unknown;
}

export interface Citation {
  startIndex?: number;
  endIndex?: number;
  uri?: string;
  title?: string;
  license?: string;
}

export interface Candidate {
  index?: number;
  content?: Content;
  finishReason?: string;
  finishMessage?: string;
  safetyRatings?: JsonObject[];
  citationMetadata?: { citations?: Citation[]; citationSources?: Citation[] };
  groundingMetadata?: GroundingMetadata;
  urlContextMetadata?: JsonObject;
  avgLogprobs?: number;
  logprobsResult?: LogprobsResult;
}

export interface ModalityTokenCount {
  modality?: string;
  tokenCount?: number;
}

/** Cumulative on every stream event; the latest value of each field counts. */
export interface UsageMetadata {
  promptTokenCount?: number;
  candidatesTokenCount?: number;
  thoughtsTokenCount?: number;
  toolUsePromptTokenCount?: number;
  cachedContentTokenCount?: number;
  totalTokenCount?: number;
  promptTokensDetails?: ModalityTokenCount[];
  candidatesTokensDetails?: ModalityTokenCount[];
  cacheTokensDetails?: ModalityTokenCount[];
  toolUsePromptTokensDetails?: ModalityTokenCount[];
  trafficType?: string;
}

export interface PromptFeedback {
  blockReason?: string;
  blockReasonMessage?: string;
  safetyRatings?: JsonObject[];
}

export interface GenerateContentResponse {
  candidates?: Candidate[];
  promptFeedback?: PromptFeedback;
  usageMetadata?: UsageMetadata;
  modelVersion?: string;
  responseId?: string;
  createTime?: string;
}
