// What is documented and reported of Google's own Chat Completions endpoint, each with the cases it bears on.
// Nothing here was run. `holds: false` where the source says that the fact of the case does not hold there.

const OPENMAIC = "https://github.com/THU-MAIC/OpenMAIC/issues/1556";
const DAYU = "https://github.com/noho/dayu-agent/issues/45";
const COMPUTER = "https://github.com/open-webui/computer/issues/224";
const VERTEX_DOCS =
  "https://docs.cloud.google.com/vertex-ai/generative-ai/docs/multimodal/call-vertex-using-openai-library";

export const GOOGLE = [
  {
    says: "Streamed tool calls have no `index`; clients that demand one refuse every call",
    kind: "reported",
    holds: false,
    cases: ["streaming/tool-call-has-all", "streaming/tool-index-across-events"],
    sources: [OPENMAIC, "https://github.com/openai/openai-python/issues/2806", COMPUTER, DAYU],
  },
  {
    says: "A stream with tool calls ends with `stop`",
    kind: "reported",
    holds: false,
    cases: ["finish/tool-calls-streamed"],
    sources: ["https://github.com/googleapis/python-genai/issues/2868", COMPUTER],
  },
  {
    says: "The same request without a stream ends with `tool_calls`",
    kind: "reported",
    holds: true,
    cases: ["finish/tool-calls"],
    sources: ["https://github.com/googleapis/python-genai/issues/2868"],
  },
  {
    says: "The signature of a streamed call stands in `extra_content.google.thought_signature` of its delta",
    kind: "reported",
    holds: true,
    cases: ["signatures/streamed-shows-it"],
    sources: [OPENMAIC, DAYU],
  },
  {
    says: "A client that drops the signature gets a 400 in the next turn of a tool loop",
    kind: "reported",
    holds: false,
    cases: ["signatures/dropped-field-comes-back", "signatures/streamed-dropped"],
    sources: [
      "https://github.com/securo-finance/securo/issues/884",
      "https://github.com/earendil-works/pi/pull/294",
      DAYU,
    ],
  },
  {
    says: "An error is wrapped in a list, where clients look for an object",
    kind: "reported",
    holds: false,
    cases: ["errors/list-around-it"],
    sources: [
      "https://github.com/FuzzAnything/PromptFuzz/issues/42",
      "https://github.com/n4ze3m/page-assist/issues/418",
    ],
  },
  {
    says: "On the Gemini API a field that Google does not know is refused with 400",
    kind: "reported",
    holds: false,
    cases: ["fields/unknown-fields-are-ignored"],
    sources: [
      "https://github.com/FuzzAnything/PromptFuzz/issues/42",
      "https://github.com/MinLL/SkyrimNet-GamePlugin/issues/77",
    ],
  },
  {
    says: "A choice may lack its `message`, and `usage` its `completion_tokens`",
    kind: "reported",
    holds: false,
    cases: ["finish/required-keys"],
    sources: ["https://github.com/agentgateway/agentgateway/issues/1464"],
  },
  {
    says: "Tool calls of Gemini 2.0 Flash came with an empty id (January 2025)",
    kind: "reported",
    holds: false,
    cases: ["tools/ids-are-unique"],
    sources: ["https://github.com/microsoft/autogen/issues/4878"],
  },
  {
    says: "`reasoning_effort` of `low`, `medium` and `high` is 1024, 8192 and 24576 tokens of thinking",
    kind: "documented",
    holds: true,
    cases: [
      "reasoning/low-on-2-5-is-a-budget",
      "reasoning/medium-on-2-5-is-a-budget",
      "reasoning/high-on-2-5-is-a-budget",
    ],
    sources: [VERTEX_DOCS],
  },
];
