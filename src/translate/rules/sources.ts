/** Pages that several rules were learned from. */
const AGENT_PLATFORM = "https://docs.cloud.google.com/gemini-enterprise-agent-platform/models";

export const SOURCES = {
  overview: `${AGENT_PLATFORM}/migrate/openai/overview`,
  examples: `${AGENT_PLATFORM}/migrate/openai/examples`,
  thinking: `${AGENT_PLATFORM}/thinking`,
  signatures: `${AGENT_PLATFORM}/thinking/thought-signatures`,
  flash38: `${AGENT_PLATFORM}/guides/gemini-3-8-flash`,
  labels: `${AGENT_PLATFORM}/capabilities/add-labels-to-api-calls`,
  developerOpenai: "https://ai.google.dev/gemini-api/docs/openai",
  genaiTypes: "https://github.com/googleapis/js-genai/blob/main/src/types.ts",
  contentProto:
    "https://github.com/googleapis/googleapis/blob/master/google/cloud/aiplatform/v1beta1/content.proto",
  openaiTypes:
    "https://github.com/openai/openai-node/blob/master/src/resources/chat/completions/completions.ts",
} as const;
