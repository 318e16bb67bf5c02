/**
 * A Chat Completions request as a vLLM server takes it: `model` may be missing, sampling extras are accepted, unknown
 * fields are let through. Source: docs.vllm.ai, OpenAI-compatible server.
 */
import type { Json, JsonObject } from "../../wire/gemini.ts";

export interface ChatRequest extends JsonObject {
  messages: JsonObject[];
}

/** vLLM's error body: the exception's name as `type`, the HTTP status as `code`. */
export class ChatError extends Error {
  override readonly name = "ChatError";
  readonly type: string;
  readonly code: number;

  constructor(message: string, type = "BadRequestError", code = 400) {
    super(message);
    this.type = type;
    this.code = code;
  }

  toBody(): JsonObject {
    return { error: { message: this.message, type: this.type, param: null, code: this.code } };
  }
}

const ROLES = ["system", "developer", "user", "assistant", "tool"];

/** @throws {ChatError} */
export function readChatRequest(body: unknown): ChatRequest {
  if (!isObject(body as Json))
    throw new ChatError("Input should be a valid dictionary or object to extract fields from");
  const request = body as JsonObject;
  const { messages } = request;
  if (!Array.isArray(messages)) {
    throw new ChatError(
      "[{'type': 'missing', 'loc': ('body', 'messages'), 'msg': 'Field required'}]",
      "Bad Request",
    );
  }
  if (messages.length === 0) throw new ChatError("list index out of range");
  for (const [index, message] of messages.entries()) {
    const role = isObject(message) ? message["role"] : undefined;
    if (typeof role !== "string" || !ROLES.includes(role)) {
      throw new ChatError(`messages[${index}]: Unexpected message role.`);
    }
  }
  const range = (field: string, from: number, to: number, said: string): void => {
    const value = request[field];
    if (value === undefined || value === null) return;
    if (typeof value !== "number" || value < from || value > to)
      throw new ChatError(`${field} must be ${said}, got ${JSON.stringify(value)}.`);
  };
  range("temperature", 0, Number.MAX_VALUE, "non-negative");
  range("top_p", Number.MIN_VALUE, 1, "in (0, 1]");
  range("top_k", -1, Number.MAX_SAFE_INTEGER, "0 (disable), or at least 1");
  range("max_tokens", 1, Number.MAX_SAFE_INTEGER, "at least 1");
  range("max_completion_tokens", 1, Number.MAX_SAFE_INTEGER, "at least 1");
  range("n", 1, 128, "at least 1");
  return request as ChatRequest;
}

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
