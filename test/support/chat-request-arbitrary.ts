/**
 * Arbitrary chat completion requests: every field of OpenAI's API (openai-node's ChatCompletionCreateParams) and of
 * Google's additions, each present or not. Free text holds the word of `withSentinels`, so that it can be followed.
 */
import {
  type Arbitrary,
  array,
  boolean,
  constant,
  constantFrom,
  double,
  integer,
  jsonValue,
  oneof,
  option,
  record,
  shuffledSubarray,
  tuple,
} from "fast-check";

const TEXT = "SENTINEL";

const text: Arbitrary<string> = constantFrom(TEXT, `${TEXT} and "more"\n`, `ü ${TEXT} 漢`);
const optionalText = oneof(text, constant(""));
const PNG =
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
const FUNCTIONS = ["tide", "wind"] as const;
const functionName = constantFrom(...FUNCTIONS);

/** A record of which every field may be absent, and some are null. */
function optional<T extends Record<string, Arbitrary<unknown>>>(
  fields: T,
): Arbitrary<Record<string, unknown>> {
  const nullable = Object.fromEntries(
    Object.entries(fields).map(([key, value]) => [
      key,
      oneof({ arbitrary: value, weight: 20 }, { arbitrary: constant(null), weight: 1 }),
    ]),
  );
  return record(nullable, { requiredKeys: [] });
}

function merged(...parts: Arbitrary<Record<string, unknown>>[]): Arbitrary<Record<string, unknown>> {
  return tuple(...parts).map((objects) => Object.assign({}, ...objects) as Record<string, unknown>);
}

const nothing = constant({});

const schema: Arbitrary<Record<string, unknown>> = oneof(
  constant({}),
  constant({ type: "object", properties: {} }),
  constant({
    type: "object",
    description: TEXT,
    properties: {
      port: { type: "string", description: TEXT, enum: ["Brest", "Roscoff"] },
      when: { anyOf: [{ type: "string", format: "date-time" }, { type: "null" }] },
      count: { type: ["integer", "null"], minimum: 1, default: 3 },
      toString: { type: "boolean" },
    },
    required: ["port"],
    additionalProperties: false,
  }),
  constant({
    type: "object",
    properties: { next: { $ref: "#/$defs/node" }, kind: { const: TEXT } },
    $defs: { node: { type: "object", title: TEXT, properties: { next: { $ref: "#/$defs/node" } } } },
  }),
);

const extraContent = optional({
  google: optional({ thought: boolean(), thought_signature: constant("Q0FGRQ=="), [`x${TEXT}`]: text }),
});

const textPart = merged(
  record({ type: constant("text"), text: optionalText }),
  optional({ extra_content: extraContent, prompt_cache_breakpoint: constant({ mode: "explicit" }) }),
);

const userPart: Arbitrary<unknown> = oneof(
  textPart,
  merged(
    record({
      type: constant("image_url"),
      image_url: oneof(
        constant(`https://example.com/${TEXT}.png`),
        merged(
          record({ url: constantFrom(`gs://bucket/${TEXT}.jpg`, `data:image/png;base64,${PNG}`) }),
          optional({ detail: constantFrom("auto", "low", "high", "original") }),
        ),
      ),
    }),
  ),
  record({
    type: constant("input_audio"),
    input_audio: record({
      format: constantFrom("wav", "mp3", "audio/mp3"),
      data: constantFrom("UklGRg==", `gs://b/${TEXT}.mp3`),
    }),
  }),
  record({
    type: constant("file"),
    file: record({
      filename: constant(`${TEXT}.pdf`),
      file_data: constant("data:application/pdf;base64,JVBERi0="),
    }),
  }),
);

const textContent = oneof(optionalText, array(textPart, { maxLength: 2 }));
const named = optional({ name: text, extra_content: extraContent });

const spoken: Arbitrary<unknown[]> = oneof(
  merged(record({ role: constantFrom("system", "developer"), content: textContent }), named),
  merged(
    record({ role: constant("user"), content: oneof(text, array(userPart, { minLength: 1, maxLength: 3 })) }),
    named,
  ),
  merged(
    record({
      role: constant("assistant"),
      content: oneof(text, array(textPart, { maxLength: 2 }), constant(null)),
    }),
    optional({
      name: text,
      refusal: text,
      extra_content: extraContent,
      reasoning_content: text,
      annotations: constant([]),
    }),
  ),
).map((message) => [message]);

/** A whole round of calls and results, so that most conversations are valid. */
const called: Arbitrary<unknown[]> = tuple(
  array(
    tuple(
      functionName,
      constantFrom("", "{}", `{"port":"${TEXT}"}`, "not json"),
      optional({ extra_content: extraContent }),
    ),
    {
      minLength: 1,
      maxLength: 3,
    },
  ),
  array(constantFrom("done", `{"high":"${TEXT}"}`, TEXT, ""), { minLength: 3, maxLength: 3 }),
  integer({ min: 0, max: 1_000_000 }),
).map(([calls, results, round]) => [
  {
    role: "assistant",
    content: null,
    tool_calls: calls.map(([name, args, extra], index) => ({
      id: `call_${round}_${index}`,
      type: "function",
      function: { name, arguments: args },
      ...extra,
    })),
  },
  ...calls.map((_, index) => ({
    role: "tool",
    tool_call_id: `call_${round}_${index}`,
    content: results[index],
  })),
]);

const messages = tuple(
  array(oneof({ arbitrary: spoken, weight: 3 }, { arbitrary: called, weight: 1 }), { maxLength: 4 }),
  record({ role: constant("user"), content: text }),
).map(([turns, last]) => [...turns.flat(), last]);

const functionDefinition = (name: string): Arbitrary<Record<string, unknown>> =>
  merged(
    constant({ name }),
    optional({ description: optionalText, parameters: schema, strict: boolean(), [`y${TEXT}`]: text }),
  );

const definitions = shuffledSubarray([...FUNCTIONS]).chain((names) =>
  tuple(...names.map(functionDefinition)),
);

const namedTool = record({ type: constant("function"), function: record({ name: functionName }) });

const tools = oneof(
  nothing,
  tuple(
    definitions,
    optional({
      tool_choice: oneof(
        constantFrom("auto", "none", "required", "validated"),
        namedTool,
        record({
          type: constant("allowed_tools"),
          allowed_tools: record({
            mode: constantFrom("auto", "required"),
            tools: array(namedTool, { minLength: 1, maxLength: 3 }),
          }),
        }),
      ),
      parallel_tool_calls: boolean(),
    }),
  ).map(([defined, rest]) => ({
    tools: defined.map((definition) => ({ type: "function", function: definition })),
    ...rest,
  })),
  tuple(
    definitions,
    optional({ function_call: oneof(constantFrom("auto", "none"), record({ name: functionName })) }),
  ).map(([functions, rest]) => ({ functions, ...rest })),
);

const responseFormat = oneof(
  record({ type: constantFrom("text", "json_object", "text/x.enum") }),
  record({
    type: constant("json_schema"),
    json_schema: optional({ name: constant(TEXT), description: text, strict: boolean(), schema }),
  }),
);

const googleOptions = optional({
  thought_tag_marker: constantFrom("think", `t${TEXT}`),
  thinkingConfig: optional({ include_thoughts: boolean(), [`z${TEXT}`]: text }),
  safety_settings: shuffledSubarray([
    { category: "HARM_CATEGORY_HARASSMENT", threshold: "OFF", method: "SEVERITY" },
    { category: "harm_category_hate_speech", threshold: "block_none" },
  ]),
  labels: constantFrom({ team: "search" }, {}),
  media_resolution: constantFrom("low", "MEDIA_RESOLUTION_HIGH"),
  image_config: constant({ aspect_ratio: "16:9", imageSize: "1K" }),
  speech_config: constant({ language_code: TEXT }),
  topK: integer({ min: -1, max: 64 }),
  audio_timestamp: boolean(),
  stream_function_call_arguments: boolean(),
  response_modalities: constant(["TEXT"]),
  tools: array(constantFrom({ google_search: { exclude_domains: [TEXT] } }, { urlContext: {} }), {
    maxLength: 2,
  }),
  [`w${TEXT}`]: text,
});

const google = oneof(
  nothing,
  record({ google: googleOptions }),
  record({ extra_body: record({ google: googleOptions }) }),
  record({ extra_body: record({ extra_body: record({ google: googleOptions }), [`v${TEXT}`]: text }) }),
  record({ google: googleOptions, extra_body: record({ google: googleOptions }) }),
);

const streaming = oneof(
  nothing,
  merged(
    constant({ stream: true }),
    optional({ stream_options: optional({ include_usage: boolean(), include_obfuscation: boolean() }) }),
  ),
);

const logprobs = oneof(
  nothing,
  record({ logprobs: constant(true), top_logprobs: integer({ min: 0, max: 20 }) }),
);

const everythingElse = optional({
  frequency_penalty: double({ min: -2, max: 2, noNaN: true }),
  presence_penalty: constantFrom(0, 0.5),
  logit_bias: constantFrom({}, { "50256": -100 }),
  max_completion_tokens: integer({ min: 1, max: 100_000 }),
  max_tokens: integer({ min: 1, max: 100_000 }),
  metadata: constantFrom({}, { run: TEXT }),
  modalities: constantFrom([], ["text"]),
  moderation: constant({ model: TEXT }),
  n: integer({ min: 1, max: 8 }),
  prediction: constant({ type: "content", content: TEXT }),
  prompt_cache_key: text,
  prompt_cache_options: constant({ mode: "implicit", ttl: "30m" }),
  prompt_cache_retention: constantFrom("in_memory", "24h"),
  reasoning_effort: constantFrom("none", "minimal", "low", "medium", "high", "xhigh", "max"),
  response_format: responseFormat,
  safety_identifier: text,
  seed: oneof(integer(), constant(2 ** 40)),
  service_tier: constantFrom("auto", "default", "flex", "scale", "priority", "fast"),
  stop: oneof(text, array(optionalText, { maxLength: 4 })),
  store: boolean(),
  temperature: double({ min: 0, max: 2, noNaN: true }),
  top_p: double({ min: 0, max: 1, noNaN: true }),
  top_k: integer({ min: 0, max: 40 }),
  user: text,
  verbosity: constantFrom("low", "medium", "high"),
  web_search_options: optional({
    search_context_size: constantFrom("low", "high"),
    user_location: constant({ type: "approximate", approximate: { city: TEXT } }),
  }),
  audio: record({ voice: constantFrom("alloy", "Kore"), format: constantFrom("wav", "pcm16") }),
  [`u${TEXT}`]: jsonValue(),
});

const model = constantFrom(
  "google/gemini-3.8-flash",
  "google/gemini-3.5-flash",
  "gemini-3.1-pro-preview",
  "models/gemini-2.5-pro",
  "gemini-2.5-flash",
  "gemini-2.0-flash-001",
  "google/gemini-3-pro-image",
  "gemini-2.5-flash-tts",
  "gemini-17-ultra",
  "gemma-3-27b-it",
);

/** Mostly valid requests. */
export const chatRequest: Arbitrary<Record<string, unknown>> = merged(
  record({ model, messages }),
  streaming,
  tools,
  logprobs,
  google,
  everythingElse,
).map(withSentinels);

/** The same with one value, anywhere, replaced by any JSON value. */
export const damagedChatRequest: Arbitrary<Record<string, unknown>> = tuple(
  chatRequest,
  jsonValue({ maxDepth: 3 }),
  array(integer({ min: 0, max: 1000 }), { minLength: 1, maxLength: 8 }),
).map(([request, value, route]) => replaceAt(request, value, route) as Record<string, unknown>);

/** Objects with OpenAI's field names and any JSON in them. */
export const nonsenseChatRequest: Arbitrary<Record<string, unknown>> = tuple(
  chatRequest,
  array(option(jsonValue({ maxDepth: 3 })), { minLength: 40, maxLength: 40 }),
).map(([request, values]) =>
  Object.fromEntries(
    Object.keys(request).map((key, index) => [key, key === "model" ? request[key] : (values[index] ?? null)]),
  ),
);

function replaceAt(value: unknown, replacement: unknown, route: number[]): unknown {
  const [step, ...rest] = route;
  if (step === undefined || typeof value !== "object" || value === null || Object.keys(value).length === 0) {
    return replacement;
  }
  const keys = Object.keys(value);
  const chosen = keys[step % keys.length];
  const entries = Object.entries(value).map(([key, inner]): [string, unknown] => [
    key,
    key === chosen ? replaceAt(inner, replacement, rest) : inner,
  ]);
  return Array.isArray(value) ? entries.map(([, inner]) => inner) : Object.fromEntries(entries);
}

/** Every occurrence of the placeholder becomes a word of its own, so that none can stand in for another. */
function withSentinels(request: Record<string, unknown>): Record<string, unknown> {
  let count = 0;
  const unique = (value: string): string => value.replaceAll(TEXT, () => `sentinel${(count += 1)}x`);
  const walk = (value: unknown): unknown => {
    if (typeof value === "string") {
      return unique(value);
    }
    if (Array.isArray(value)) {
      return value.map(walk);
    }
    if (typeof value === "object" && value !== null) {
      return Object.fromEntries(Object.entries(value).map(([key, inner]) => [unique(key), walk(inner)]));
    }
    return value;
  };
  return walk(request) as Record<string, unknown>;
}

/** The unique words in a text. */
export function sentinelsIn(value: string): string[] {
  return value.match(/sentinel\d+x/g) ?? [];
}
