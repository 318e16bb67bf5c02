/**
 * A chat completion request as this model takes it. Fields that are not known here are ignored, as vLLM does; what would
 * change the answer and cannot be served is refused.
 * https://platform.openai.com/docs/api-reference/chat/create,
 * https://docs.vllm.ai/en/latest/serving/openai_compatible_server.html#chat-api_1
 */
import { invalidRequest } from "../../errors.ts";
import { ownField } from "../../wire/own-field.ts";
import type { TemplateMessage } from "./chat-template.ts";
import { readMessages, readTools, type ToolsRequest } from "./request-messages.ts";

export interface CompletionRequest {
  messages: TemplateMessage[];
  tools: ToolsRequest | undefined;
  /** May the model call several tools in one turn. */
  parallelToolCalls: boolean;
  format: AnswerFormat | undefined;
  sampling: Sampling;
  stop: string[];
  /** Undefined: as many as the context has room for. */
  maxTokens: number | undefined;
  stream: boolean;
  includeUsage: boolean;
  templateArguments: Record<string, unknown>;
}

export type AnswerFormat =
  | { kind: "object" }
  | { kind: "schema"; schema: unknown; path: string; strict: boolean }
  | { kind: "choice"; choices: string[] };

export interface Sampling {
  temperature: number;
  topP: number;
  /** 0 keeps all. */
  topK: number;
  minP: number;
  seed: number | undefined;
  presencePenalty: number;
  frequencyPenalty: number;
  repetitionPenalty: number;
  logitBias: [token: number, bias: number][];
}

type Fields = Record<string, unknown>;

/** llama.cpp's random numbers start from 32 bits. */
const LARGEST_SEED = 2 ** 32 - 1;

/** Fields that ask for what this model cannot give. */
const REFUSED: ReadonlyMap<string, string> = new Map([
  ["audio", "This model writes text only."],
  [
    "guided_regex",
    "Regular expressions are not enforced by this model. Use `response_format` or `guided_choice`.",
  ],
  ["guided_grammar", "Grammars of the request's own are not taken by this model. Use `response_format`."],
  ["structural_tag", "Structural tags are not taken by this model. Use `response_format`."],
  ["prompt_logprobs", "Log probabilities are not given by this model."],
]);

/** Reads a body; it is not changed. Throws `invalid_request` naming the field that is wrong. */
export function readCompletionRequest(body: unknown): CompletionRequest {
  if (typeof body !== "object" || body === null || Array.isArray(body))
    throw invalidRequest(null, "The body is a JSON object.");
  const fields = body as Fields;
  refuse(fields);
  const stream = boolean(fields, "stream") ?? false;
  const tools = readTools(fields);
  const format = readFormat(fields);
  return {
    messages: readMessages(ownField(fields, "messages")),
    tools,
    parallelToolCalls: boolean(fields, "parallel_tool_calls") ?? true,
    format,
    sampling: readSampling(fields),
    stop: readStop(ownField(fields, "stop")),
    maxTokens: whole(fields, "max_completion_tokens", 1) ?? whole(fields, "max_tokens", 1),
    stream,
    includeUsage: readIncludeUsage(ownField(fields, "stream_options"), stream),
    templateArguments: object(ownField(fields, "chat_template_kwargs"), "chat_template_kwargs") ?? {},
  };
}

function refuse(body: Fields): void {
  for (const [field, why] of REFUSED) {
    if ((ownField(body, field) ?? null) !== null) throw invalidRequest(field, why);
  }
  const n = ownField(body, "n") ?? 1;
  if (n !== 1)
    throw invalidRequest("n", "This model gives one choice for each request: leave `n` out, or set it to 1.");
  if ((ownField(body, "logprobs") ?? false) !== false)
    throw invalidRequest("logprobs", "Log probabilities are not given by this model: leave `logprobs` out.");
  if ((ownField(body, "top_logprobs") ?? 0) !== 0)
    throw invalidRequest(
      "top_logprobs",
      "Log probabilities are not given by this model: leave `top_logprobs` out.",
    );
  const modalities = ownField(body, "modalities") ?? ["text"];
  if (!Array.isArray(modalities) || modalities.some((modality) => modality !== "text"))
    throw invalidRequest("modalities", "This model writes text only.");
}

function readSampling(body: Fields): Sampling {
  const seed = ownField(body, "seed") ?? undefined;
  if (seed !== undefined && (typeof seed !== "number" || !Number.isSafeInteger(seed)))
    throw invalidRequest("seed", "`seed` is a whole number.");
  const topK = ownField(body, "top_k") ?? 0;
  if (typeof topK !== "number" || !Number.isSafeInteger(topK) || topK < -1)
    throw invalidRequest("top_k", "`top_k` is a whole number; 0 and -1 keep all tokens.");
  return {
    temperature: number(body, "temperature", 0, 2) ?? 1,
    topP: number(body, "top_p", 0, 1) ?? 1,
    topK: Math.max(0, topK),
    minP: number(body, "min_p", 0, 1) ?? 0,
    // The largest itself means "any" to llama.cpp.
    seed: seed === undefined ? undefined : ((seed % LARGEST_SEED) + LARGEST_SEED) % LARGEST_SEED,
    presencePenalty: number(body, "presence_penalty", -2, 2) ?? 0,
    frequencyPenalty: number(body, "frequency_penalty", -2, 2) ?? 0,
    repetitionPenalty: number(body, "repetition_penalty", 0.01, 10) ?? 1,
    logitBias: readLogitBias(object(ownField(body, "logit_bias"), "logit_bias") ?? {}),
  };
}

function readLogitBias(bias: Fields): [number, number][] {
  return Object.entries(bias).map(([token, value]) => {
    const path = `logit_bias.${token}`;
    if (!/^\d{1,9}$/.test(token)) throw invalidRequest(path, "The keys of `logit_bias` are token ids.");
    if (typeof value !== "number" || !(value >= -100 && value <= 100))
      throw invalidRequest(path, "A bias is a number from -100 to 100.");
    return [Number(token), value];
  });
}

function readStop(value: unknown): string[] {
  if (value === undefined || value === null) return [];
  const stops: unknown[] = Array.isArray(value) ? value : [value];
  if (stops.length > 16) throw invalidRequest("stop", "At most 16 stop strings can be given.");
  return stops.map((stop, at) => {
    if (typeof stop !== "string" || stop === "")
      throw invalidRequest(
        Array.isArray(value) ? `stop[${at}]` : "stop",
        "A stop string is a string that is not empty.",
      );
    return stop;
  });
}

function readFormat(body: Fields): AnswerFormat | undefined {
  const guided = ownField(body, "guided_json") ?? undefined;
  const choices = ownField(body, "guided_choice") ?? undefined;
  const format = object(ownField(body, "response_format"), "response_format");
  const type = format === undefined ? "text" : ownField(format, "type");
  if ([guided, choices, type === "text" ? undefined : type].filter((one) => one !== undefined).length > 1)
    throw invalidRequest(
      "response_format",
      "Give only one of `response_format`, `guided_json` and `guided_choice`.",
    );
  if (guided !== undefined) return { kind: "schema", schema: guided, path: "guided_json", strict: false };
  if (choices !== undefined) {
    if (
      !Array.isArray(choices) ||
      choices.length === 0 ||
      !choices.every((one): one is string => typeof one === "string" && one !== "")
    )
      throw invalidRequest("guided_choice", "`guided_choice` is a list of strings.");
    return { kind: "choice", choices };
  }
  if (format === undefined || type === "text") return undefined;
  if (type === "json_object") return { kind: "object" };
  if (type !== "json_schema")
    throw invalidRequest("response_format.type", "The type is text, json_object or json_schema.");
  const path = "response_format.json_schema";
  const wanted = object(ownField(format, "json_schema"), path);
  if (wanted === undefined) throw invalidRequest(path, "`json_schema` is missing.");
  const schema = ownField(wanted, "schema");
  if (schema === undefined) throw invalidRequest(`${path}.schema`, "The schema is missing.");
  return { kind: "schema", schema, path: `${path}.schema`, strict: ownField(wanted, "strict") === true };
}

function readIncludeUsage(value: unknown, stream: boolean): boolean {
  const options = object(value, "stream_options");
  if (options === undefined) return false;
  if (!stream) throw invalidRequest("stream_options", "`stream_options` is for answers with `stream: true`.");
  return boolean(options, "include_usage", "stream_options.include_usage") ?? false;
}

function boolean(body: Fields, key: string, path = key): boolean | undefined {
  const value = ownField(body, key) ?? undefined;
  if (value !== undefined && typeof value !== "boolean")
    throw invalidRequest(path, `\`${key}\` is true or false.`);
  return value;
}

function number(body: Fields, key: string, least: number, most: number): number | undefined {
  const value = ownField(body, key) ?? undefined;
  if (value === undefined) return undefined;
  if (typeof value !== "number" || !(value >= least && value <= most))
    throw invalidRequest(key, `\`${key}\` is a number from ${least} to ${most}.`);
  return value;
}

function whole(body: Fields, key: string, least: number): number | undefined {
  const value = ownField(body, key) ?? undefined;
  if (value === undefined) return undefined;
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < least)
    throw invalidRequest(key, `\`${key}\` is a whole number, ${least} or more.`);
  return value;
}

function object(value: unknown, path: string): Fields | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "object" || Array.isArray(value)) throw invalidRequest(path, "This is an object.");
  return value as Fields;
}
