/**
 * The messages of a `generateContent` request, field by field, and which service defines which. Sources: googleapis
 * google/cloud/aiplatform/v1beta1/{content,tool,openapi}.proto, google/ai/generativelanguage/v1beta/content.proto,
 * and the type and support notes of @google/genai 3.1.0 for fields newer than the public protos.
 *
 * `labels` are documented for Vertex alone and `serviceTier` for the Gemini API alone; the SDK of late 2026 sends both
 * to both. The narrower reading is kept: a client that passes here passes either way.
 */
import type { Field, FieldType, Message } from "./proto-json.ts";

const string: Field = { type: { kind: "string" } };
const strings: Field = { type: { kind: "string" }, repeated: true };
const bool: Field = { type: { kind: "bool" } };
const int32: Field = { type: { kind: "int32" } };
const int64: Field = { type: { kind: "int64" } };
const float: Field = { type: { kind: "float" } };
const double: Field = { type: { kind: "double" } };
const bytes: Field = { type: { kind: "bytes" } };
const duration: Field = { type: { kind: "duration" } };
const value: Field = { type: { kind: "value" } };
const struct: Field = { type: { kind: "struct" } };

const a = (of: () => Message): Field => ({ type: { kind: "message", of } });
const many = (field: Field): Field => ({ ...field, repeated: true });
const mapOf = (of: FieldType): Field => ({ type: { kind: "map", of } });
const oneOf = (oneof: string, field: Field): Field => ({ ...field, oneof });
const onVertex = (field: Field): Field => ({ ...field, only: "vertex" });
const onGeminiApi = (field: Field): Field => ({ ...field, only: "gemini-api" });
const oneEnum = (type: string, ...values: string[]): Field => ({ type: { kind: "enum", type, values } });

const blob: Message = { name: "Blob", fields: { mimeType: string, data: bytes, displayName: string } };
const fileData: Message = {
  name: "FileData",
  fields: { mimeType: string, fileUri: string, displayName: string },
};

const partialArg: Message = {
  name: "PartialArg",
  fields: {
    jsonPath: string,
    stringValue: oneOf("delta", string),
    numberValue: oneOf("delta", double),
    boolValue: oneOf("delta", bool),
    nullValue: oneOf("delta", oneEnum("NullValue", "NULL_VALUE")),
    willContinue: bool,
  },
};

const functionCall: Message = {
  name: "FunctionCall",
  fields: {
    id: string,
    name: string,
    args: struct,
    partialArgs: onVertex(many(a(() => partialArg))),
    willContinue: onVertex(bool),
  },
};

const functionResponsePart: Message = {
  name: "FunctionResponsePart",
  fields: {
    inlineData: oneOf(
      "data",
      a(() => blob),
    ),
    fileData: oneOf(
      "data",
      a(() => fileData),
    ),
  },
};

const functionResponse: Message = {
  name: "FunctionResponse",
  fields: {
    id: string,
    name: string,
    response: struct,
    parts: many(a(() => functionResponsePart)),
    willContinue: onGeminiApi(bool),
    scheduling: onGeminiApi(string),
  },
};

const executableCode: Message = {
  name: "ExecutableCode",
  fields: {
    id: string,
    language: oneEnum("ExecutableCode.Language", "LANGUAGE_UNSPECIFIED", "PYTHON"),
    code: string,
  },
};

const codeExecutionResult: Message = {
  name: "CodeExecutionResult",
  fields: {
    id: string,
    outcome: oneEnum(
      "CodeExecutionResult.Outcome",
      "OUTCOME_UNSPECIFIED",
      "OUTCOME_OK",
      "OUTCOME_FAILED",
      "OUTCOME_DEADLINE_EXCEEDED",
    ),
    output: string,
  },
};

const videoMetadata: Message = {
  name: "VideoMetadata",
  fields: { startOffset: duration, endOffset: duration, fps: double },
};

const partMediaResolution: Message = {
  name: "PartMediaResolution",
  fields: {
    level: oneOf(
      "value",
      oneEnum(
        "PartMediaResolution.Level",
        "MEDIA_RESOLUTION_UNSPECIFIED",
        "MEDIA_RESOLUTION_LOW",
        "MEDIA_RESOLUTION_MEDIUM",
        "MEDIA_RESOLUTION_HIGH",
        "MEDIA_RESOLUTION_ULTRA_HIGH",
      ),
    ),
    numTokens: oneOf("value", int32),
  },
};

const speechMetadata: Message = { name: "SpeechMetadata", fields: { speaker: string, style: string } };

const part: Message = {
  name: "Part",
  fields: {
    text: oneOf("data", string),
    inlineData: oneOf(
      "data",
      a(() => blob),
    ),
    fileData: oneOf(
      "data",
      a(() => fileData),
    ),
    functionCall: oneOf(
      "data",
      a(() => functionCall),
    ),
    functionResponse: oneOf(
      "data",
      a(() => functionResponse),
    ),
    executableCode: oneOf(
      "data",
      a(() => executableCode),
    ),
    codeExecutionResult: oneOf(
      "data",
      a(() => codeExecutionResult),
    ),
    toolCall: onGeminiApi(oneOf("data", struct)),
    toolResponse: onGeminiApi(oneOf("data", struct)),
    thought: bool,
    thoughtSignature: bytes,
    videoMetadata: a(() => videoMetadata),
    mediaResolution: a(() => partMediaResolution),
    partMetadata: onGeminiApi(struct),
    speechMetadata: a(() => speechMetadata),
    audioTranscription: struct,
    mediaProcessing: oneEnum("MediaProcessing", "MEDIA_PROCESSING_UNSPECIFIED", "STATIC", "AGENTIC"),
  },
};

const content: Message = { name: "Content", fields: { role: string, parts: many(a(() => part)) } };

const schema: Message = {
  name: "Schema",
  fields: {
    type: oneEnum(
      "Type",
      "TYPE_UNSPECIFIED",
      "STRING",
      "NUMBER",
      "INTEGER",
      "BOOLEAN",
      "ARRAY",
      "OBJECT",
      "NULL",
    ),
    format: string,
    title: string,
    description: string,
    nullable: bool,
    default: value,
    items: a(() => schema),
    minItems: int64,
    maxItems: int64,
    enum: strings,
    properties: mapOf({ kind: "message", of: () => schema }),
    propertyOrdering: strings,
    required: strings,
    minProperties: int64,
    maxProperties: int64,
    minimum: double,
    maximum: double,
    minLength: int64,
    maxLength: int64,
    pattern: string,
    example: value,
    anyOf: many(a(() => schema)),
    additionalProperties: onVertex(value),
    ref: onVertex(string),
    defs: onVertex(mapOf({ kind: "message", of: () => schema })),
  },
};

const functionDeclaration: Message = {
  name: "FunctionDeclaration",
  fields: {
    name: string,
    description: string,
    parameters: a(() => schema),
    parametersJsonSchema: value,
    response: a(() => schema),
    responseJsonSchema: value,
    behavior: onGeminiApi(string),
  },
};

/** Google's own tools are configured freely: their options do not concern the emulator. */
const tool: Message = {
  name: "Tool",
  fields: {
    functionDeclarations: many(a(() => functionDeclaration)),
    googleSearch: struct,
    googleSearchRetrieval: struct,
    googleMaps: struct,
    urlContext: struct,
    codeExecution: struct,
    computerUse: struct,
    mcpServers: many(struct),
    retrieval: onVertex(struct),
    enterpriseWebSearch: onVertex(struct),
    parallelAiSearch: onVertex(struct),
    exaAiSearch: onVertex(struct),
    fileSearch: onGeminiApi(struct),
  },
};

const functionCallingConfig: Message = {
  name: "FunctionCallingConfig",
  fields: {
    mode: oneEnum("FunctionCallingConfig.Mode", "MODE_UNSPECIFIED", "AUTO", "ANY", "NONE", "VALIDATED"),
    allowedFunctionNames: strings,
    streamFunctionCallArguments: onVertex(bool),
  },
};

const toolConfig: Message = {
  name: "ToolConfig",
  fields: {
    functionCallingConfig: a(() => functionCallingConfig),
    retrievalConfig: struct,
    includeServerSideToolInvocations: onGeminiApi(bool),
  },
};

const thinkingConfig: Message = {
  name: "GenerationConfig.ThinkingConfig",
  fields: {
    includeThoughts: bool,
    thinkingBudget: int32,
    thinkingLevel: oneEnum(
      "GenerationConfig.ThinkingConfig.ThinkingLevel",
      "THINKING_LEVEL_UNSPECIFIED",
      "LOW",
      "HIGH",
      "MEDIUM",
      "MINIMAL",
    ),
  },
};

const voiceConfig: Message = {
  name: "VoiceConfig",
  fields: {
    prebuiltVoiceConfig: oneOf(
      "voice_config",
      a(() => ({ name: "PrebuiltVoiceConfig", fields: { voiceName: string } })),
    ),
    replicatedVoiceConfig: oneOf("voice_config", struct),
    voice: oneOf("voice_config", string),
  },
};

const speakerVoiceConfig: Message = {
  name: "SpeakerVoiceConfig",
  fields: { speaker: string, voiceConfig: a(() => voiceConfig) },
};

const speechConfig: Message = {
  name: "SpeechConfig",
  fields: {
    voiceConfig: a(() => voiceConfig),
    languageCode: string,
    multiSpeakerVoiceConfig: a(() => ({
      name: "MultiSpeakerVoiceConfig",
      fields: { speakerVoiceConfigs: many(a(() => speakerVoiceConfig)) },
    })),
  },
};

const imageConfig: Message = {
  name: "ImageConfig",
  fields: {
    aspectRatio: string,
    imageSize: string,
    personGeneration: onVertex(string),
    prominentPeople: onVertex(string),
    imageOutputOptions: onVertex(
      a(() => ({
        name: "ImageConfig.ImageOutputOptions",
        fields: { mimeType: string, compressionQuality: int32 },
      })),
    ),
  },
};

const generationConfig: Message = {
  name: "GenerationConfig",
  fields: {
    temperature: float,
    topP: float,
    topK: float,
    candidateCount: int32,
    maxOutputTokens: int32,
    stopSequences: strings,
    seed: int32,
    presencePenalty: float,
    frequencyPenalty: float,
    responseLogprobs: bool,
    logprobs: int32,
    responseMimeType: string,
    responseSchema: a(() => schema),
    responseJsonSchema: value,
    responseModalities: many(
      oneEnum("GenerationConfig.Modality", "MODALITY_UNSPECIFIED", "TEXT", "IMAGE", "AUDIO", "VIDEO"),
    ),
    thinkingConfig: a(() => thinkingConfig),
    mediaResolution: oneEnum(
      "GenerationConfig.MediaResolution",
      "MEDIA_RESOLUTION_UNSPECIFIED",
      "MEDIA_RESOLUTION_LOW",
      "MEDIA_RESOLUTION_MEDIUM",
      "MEDIA_RESOLUTION_HIGH",
    ),
    speechConfig: a(() => speechConfig),
    imageConfig: a(() => imageConfig),
    audioTranscriptionConfig: struct,
    audioTimestamp: onVertex(bool),
    routingConfig: onVertex(struct),
    modelConfig: onVertex(struct),
    enableAffectiveDialog: bool,
    enableEnhancedCivicAnswers: onGeminiApi(bool),
  },
};

const safetySetting: Message = {
  name: "SafetySetting",
  fields: {
    category: oneEnum(
      "HarmCategory",
      "HARM_CATEGORY_UNSPECIFIED",
      "HARM_CATEGORY_HATE_SPEECH",
      "HARM_CATEGORY_DANGEROUS_CONTENT",
      "HARM_CATEGORY_HARASSMENT",
      "HARM_CATEGORY_SEXUALLY_EXPLICIT",
      "HARM_CATEGORY_CIVIC_INTEGRITY",
      "HARM_CATEGORY_JAILBREAK",
      "HARM_CATEGORY_IMAGE_HATE",
      "HARM_CATEGORY_IMAGE_DANGEROUS_CONTENT",
      "HARM_CATEGORY_IMAGE_HARASSMENT",
      "HARM_CATEGORY_IMAGE_SEXUALLY_EXPLICIT",
    ),
    threshold: oneEnum(
      "SafetySetting.HarmBlockThreshold",
      "HARM_BLOCK_THRESHOLD_UNSPECIFIED",
      "BLOCK_LOW_AND_ABOVE",
      "BLOCK_MEDIUM_AND_ABOVE",
      "BLOCK_ONLY_HIGH",
      "BLOCK_NONE",
      "OFF",
    ),
    method: onVertex(
      oneEnum("SafetySetting.HarmBlockMethod", "HARM_BLOCK_METHOD_UNSPECIFIED", "SEVERITY", "PROBABILITY"),
    ),
  },
};

export const generateContentRequest: Message = {
  name: "GenerateContentRequest",
  fields: {
    model: string,
    contents: many(a(() => content)),
    systemInstruction: a(() => content),
    tools: many(a(() => tool)),
    toolConfig: a(() => toolConfig),
    safetySettings: many(a(() => safetySetting)),
    generationConfig: a(() => generationConfig),
    cachedContent: string,
    labels: onVertex(mapOf({ kind: "string" })),
    modelArmorConfig: onVertex(
      a(() => ({
        name: "ModelArmorConfig",
        fields: { promptTemplateName: string, responseTemplateName: string },
      })),
    ),
    serviceTier: onGeminiApi(oneEnum("ServiceTier", "unspecified", "standard", "flex", "priority")),
    store: onGeminiApi(bool),
  },
};

export const countTokensRequest: Message = {
  name: "CountTokensRequest",
  fields: {
    model: string,
    contents: many(a(() => content)),
    systemInstruction: onVertex(a(() => content)),
    tools: onVertex(many(a(() => tool))),
    generationConfig: onVertex(a(() => generationConfig)),
    generateContentRequest: onGeminiApi(a(() => generateContentRequest)),
  },
};
