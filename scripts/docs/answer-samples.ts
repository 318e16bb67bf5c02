/** A sample of Gemini's answer for every field of a chat completion. */

export interface AnswerSample {
  /** Path in the chat completion. */
  field: string;
  /** Members of the generateContent response, in place of those of `PLAIN_ANSWER`. */
  gemini: Record<string, unknown>;
  /** Fields of the request it answers, where they matter. */
  request?: Record<string, unknown>;
}

export const PLAIN_ANSWER = {
  responseId: "r7",
  createTime: "2026-01-01T00:00:00Z",
  modelVersion: "gemini-3.5-flash-001",
  candidates: [{ content: { parts: [{ text: "Hello." }] }, finishReason: "STOP" }],
  usageMetadata: { promptTokenCount: 1, candidatesTokenCount: 2, totalTokenCount: 3 },
};

function parts(...list: object[]): Record<string, unknown> {
  return { candidates: [{ content: { parts: list }, finishReason: "STOP" }] };
}

function candidate(fields: object): Record<string, unknown> {
  return { candidates: [{ content: { parts: [{ text: "Hello." }] }, finishReason: "STOP", ...fields }] };
}

const CALL = { functionCall: { name: "tide", args: { port: "Brest" } }, thoughtSignature: "c2ln" };
const USAGE = {
  promptTokenCount: 10,
  toolUsePromptTokenCount: 4,
  cachedContentTokenCount: 8,
  candidatesTokenCount: 2,
  thoughtsTokenCount: 5,
  totalTokenCount: 21,
  trafficType: "ON_DEMAND_FLEX",
};
const usageMetadata = {
  ...USAGE,
  promptTokensDetails: [{ modality: "AUDIO", tokenCount: 6 }],
  candidatesTokensDetails: [{ modality: "AUDIO", tokenCount: 1 }],
};
const GROUNDING = {
  groundingChunks: [{ web: { uri: "https://example.com", title: "Example" } }],
  groundingSupports: [{ segment: { endIndex: 5 }, groundingChunkIndices: [0] }],
};
const LOGPROBS = {
  chosenCandidates: [{ token: "Hello", logProbability: -0.5 }],
  topCandidates: [{ candidates: [{ token: "Hello", logProbability: -0.5 }] }],
};
const FUNCTIONS = { functions: [{ name: "tide" }] };

export const ANSWER_SAMPLES: readonly AnswerSample[] = [
  { field: "id", gemini: { responseId: "r7" } },
  { field: "object", gemini: {} },
  { field: "created", gemini: { createTime: "2026-01-01T00:00:00Z" } },
  { field: "model", gemini: { modelVersion: "gemini-3.5-flash-001" } },
  { field: "system_fingerprint", gemini: { modelVersion: "gemini-3.5-flash-001" } },
  { field: "service_tier", gemini: { usageMetadata: { trafficType: "ON_DEMAND_FLEX" } } },
  { field: "choices[0].index", gemini: candidate({ index: 0 }) },
  { field: "choices[0].finish_reason", gemini: candidate({ finishReason: "MAX_TOKENS" }) },
  { field: "choices[0].logprobs.content", gemini: candidate({ logprobsResult: LOGPROBS }), request: { logprobs: true } },
  { field: "choices[0].logprobs.refusal", gemini: candidate({ logprobsResult: LOGPROBS }), request: { logprobs: true } },
  { field: "choices[0].message.role", gemini: {} },
  { field: "choices[0].message.content", gemini: parts({ text: "Hel" }, { text: "lo." }) },
  { field: "choices[0].message.content", gemini: parts(CALL) },
  { field: "choices[0].message.content", gemini: parts({ executableCode: { language: "PYTHON", code: "print(1)" } }, { codeExecutionResult: { outcome: "OUTCOME_OK", output: "1\n" } }) },
  {
    field: "choices[0].message.content",
    gemini: parts({ text: "They greet me.", thought: true }, { text: "Hello." }),
    request: { extra_body: { google: { thought_tag_marker: "think" } } },
  },
  { field: "choices[0].message.reasoning_content", gemini: parts({ text: "They greet me.", thought: true }, { text: "Hello." }) },
  { field: "choices[0].message.refusal", gemini: { candidates: [], promptFeedback: { blockReason: "PROHIBITED_CONTENT" } } },
  { field: "choices[0].message.tool_calls", gemini: parts(CALL) },
  { field: "choices[0].message.tool_calls[0].function.arguments", gemini: parts({ functionCall: { name: "tide" } }) },
  { field: "choices[0].message.function_call", gemini: parts(CALL), request: FUNCTIONS },
  { field: "choices[0].message.annotations", gemini: candidate({ groundingMetadata: GROUNDING }) },
  { field: "choices[0].message.images", gemini: parts({ inlineData: { mimeType: "image/png", data: "AAAA" } }) },
  {
    field: "choices[0].message.audio",
    gemini: parts({ inlineData: { mimeType: "audio/L16;codec=pcm;rate=24000", data: "AAAA" } }),
    request: { audio: { voice: "Kore", format: "pcm16" }, modalities: ["audio"] },
  },
  { field: "choices[0].message.extra_content", gemini: parts({ text: "Hello.", thoughtSignature: "c2ln" }) },
  { field: "choices[0].extra_content.google.finish_reason", gemini: candidate({ finishReason: "RECITATION" }) },
  { field: "choices[0].extra_content.google.finish_message", gemini: candidate({ finishReason: "SAFETY", finishMessage: "Filtered." }) },
  { field: "choices[0].extra_content.google.block_reason", gemini: { candidates: [], promptFeedback: { blockReason: "SAFETY" } } },
  { field: "choices[0].extra_content.google.safety_ratings", gemini: candidate({ safetyRatings: [{ category: "HARM_CATEGORY_HARASSMENT", probability: "LOW" }] }) },
  { field: "choices[0].extra_content.google.grounding_metadata", gemini: candidate({ groundingMetadata: { webSearchQueries: ["tide Brest"] } }) },
  { field: "choices[0].extra_content.google.url_context_metadata", gemini: candidate({ urlContextMetadata: { urlMetadata: [{ retrievedUrl: "https://example.com" }] } }) },
  { field: "choices[0].extra_content.google.citation_metadata", gemini: candidate({ citationMetadata: { citations: [{ uri: "https://example.com", endIndex: 5 }] } }) },
  { field: "choices[0].extra_content.google.ignored_parts", gemini: parts({ text: "Hello." }, { aPartOfTheFuture: {} }) },
  { field: "usage.prompt_tokens", gemini: { usageMetadata } },
  { field: "usage.completion_tokens", gemini: { usageMetadata } },
  { field: "usage.total_tokens", gemini: { usageMetadata } },
  { field: "usage.prompt_tokens_details", gemini: { usageMetadata } },
  { field: "usage.completion_tokens_details", gemini: { usageMetadata } },
  { field: "usage.extra_properties", gemini: { usageMetadata: USAGE } },
];

/** Fields of OpenAI's answers that are never sent, and why. */
export const NEVER_SENT: readonly (readonly [field: string, why: string])[] = [
  ["metadata", "nothing is stored"],
  ["moderation", "Gemini has no such report; `choices[].extra_content.google.safety_ratings` is its own"],
  ["obfuscation", "chunks are not padded; `stream_options.include_obfuscation` is noted as ignored"],
];
