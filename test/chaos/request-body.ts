/** A plan as OpenAI's request body. */
import { randomBytes } from "node:crypto";
import type { RequestPlan } from "./plan.ts";

/** Gives one answer a call. */
export const MODEL = "fast";
/** Gives several. */
export const MODEL_OF_CANDIDATES = "several";

const PIXEL = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
  "base64",
);
/** Bytes behind the end of an image, which decoders skip; what they are does not matter. */
const PADDING = randomBytes(4_000_000);

const TOOLS = ["look_up", "write_down"].map((name) => ({
  type: "function" as const,
  function: {
    name,
    parameters: {
      type: "object",
      properties: { key: { type: "string" }, words: { type: "string" }, count: { type: "integer" } },
      required: ["key", "words", "count"],
    },
  },
}));

export function requestBody(plan: RequestPlan): Record<string, unknown> {
  const ask = `Chaos request <${plan.id}>.`;
  return {
    model: new Set(plan.answer.texts).size > 1 ? MODEL_OF_CANDIDATES : MODEL,
    messages: messages(plan, ask),
    ...(plan.stream ? { stream: true } : {}),
    ...(plan.includeUsage ? { stream_options: { include_usage: true } } : {}),
    ...(["tools", "parallel-tools", "tool-results"].includes(plan.kind) ? { tools: TOOLS } : {}),
    ...(plan.kind === "choices" ? { n: plan.answer.texts.length } : {}),
    ...(plan.kind === "thinking"
      ? { reasoning_effort: "low", extra_body: { google: { thinking_config: { include_thoughts: true } } } }
      : {}),
    ...(plan.kind === "json-schema" ? { response_format: SCHEMA } : {}),
    ...(plan.conduct === "bad-field" ? { temperature: "hot" } : {}),
  };
}

const SCHEMA = {
  type: "json_schema",
  json_schema: {
    name: "words",
    strict: true,
    schema: {
      type: "object",
      properties: { id: { type: "string" }, words: { type: "string" } },
      required: ["id", "words"],
      additionalProperties: false,
    },
  },
};

function messages(plan: RequestPlan, ask: string): unknown[] {
  switch (plan.kind) {
    case "image":
      return [{ role: "user", content: [{ type: "text", text: ask }, image(200)] }];
    case "large-image":
      return [
        {
          role: "user",
          content: [{ type: "text", text: ask }, image(1_000_000 + (plan.index % 4) * 900_000)],
        },
      ];
    case "tool-results": {
      const ids = [`call_${plan.id}_0`, `call_${plan.id}_1`];
      return [
        { role: "user", content: ask },
        {
          role: "assistant",
          content: null,
          tool_calls: ids.map((id) => ({
            id,
            type: "function",
            function: { name: "look_up", arguments: '{"key":"k","words":"w","count":1}' },
          })),
        },
        ...ids.map((id) => ({ role: "tool", tool_call_id: id, content: `{"found":"${id}"}` })),
      ];
    }
    default:
      return [
        { role: "system", content: "Answer." },
        { role: "user", content: ask + " filler".repeat(plan.index % 50) },
      ];
  }
}

function image(padding: number): unknown {
  const bytes = Buffer.concat([PIXEL, PADDING.subarray(0, padding)]);
  return { type: "image_url", image_url: { url: `data:image/png;base64,${bytes.toString("base64")}` } };
}
