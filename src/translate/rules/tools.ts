import { SOURCES } from "./sources.ts";

const FUNCTION_CALLING = "https://ai.google.dev/gemini-api/docs/function-calling";

/** Rules for tools, and for which of them the model may call. */
export const TOOL_RULES = {
  tools: {
    summary: "Function tools become the function declarations of one Gemini tool.",
    source: SOURCES.overview,
  },
  "strict-tools": {
    summary:
      "A strict function is called in mode VALIDATED, which holds the arguments of every function to its schema.",
    source: FUNCTION_CALLING,
  },
  "legacy-functions": {
    summary:
      "functions and function_call are read as tools and tool_choice, and the answer uses function_call.",
    source: SOURCES.openaiTypes,
  },
  "tool-choice": {
    summary:
      "tool_choice becomes functionCallingConfig: auto AUTO, none NONE, required ANY, validated VALIDATED, a named function or allowed_tools a list of names.",
    source: SOURCES.overview,
  },
  "parallel-tool-calls": {
    summary: "Gemini calls functions in parallel when it sees fit, and nothing switches that off.",
    source: "https://github.com/docker/docker-agent/pull/2959",
  },
  "web-search": {
    summary: "web_search_options becomes Google Search grounding; its options have no counterpart.",
    source: SOURCES.overview,
  },
  "google-tools": {
    summary: "extra_body.google.tools holds Gemini's own tools, which are added to the request as they are.",
    source: SOURCES.overview,
  },
  "functions-with-google-tools": {
    summary:
      "From Gemini 3 on functions work beside Google's own tools, in mode VALIDATED; earlier models refuse the pair.",
    source: "https://github.com/googleapis/js-genai/issues/435",
  },
  "stream-function-arguments": {
    summary: "stream_function_call_arguments streams arguments on Vertex AI from Gemini 3 on.",
    source: SOURCES.overview,
  },
} as const;
