import { GatewayError } from "../../errors.ts";
import type { ErrorBody } from "../../wire/openai.ts";

export interface ErrorAnswer {
  status: number;
  headers: Record<string, string>;
  body: ErrorBody;
}

/** An error as an OpenAI server on the network would answer it, which is what a local model stands for. */
export function errorAnswer(error: unknown): ErrorAnswer {
  const failure = error instanceof GatewayError ? error.failure : undefined;
  const message = error instanceof Error ? error.message : String(error);
  switch (failure?.kind) {
    case "invalid_request":
      return answer(400, message, "invalid_request_error", failure.code ?? null, failure.param);
    case "not_found":
      return answer(404, message, "invalid_request_error", "not_found");
    case "method_not_allowed":
      return answer(405, message, "invalid_request_error", "method_not_allowed", null, {
        allow: failure.allow,
      });
    case "rate_limited":
      return answer(
        429,
        message,
        "rate_limit_error",
        "rate_limit_exceeded",
        null,
        retryAfter(failure.retryAfterMs),
      );
    case "unavailable":
      return answer(503, message, "server_error", "overloaded", null, retryAfter(failure.retryAfterMs));
    default:
      return answer(500, `The local model failed: ${message}`, "server_error", "local_model_failed");
  }
}

function answer(
  status: number,
  message: string,
  type: string,
  code: string | null,
  param: string | null = null,
  headers: Record<string, string> = {},
): ErrorAnswer {
  return { status, headers, body: { error: { message, type, param, code } } };
}

function retryAfter(afterMs = 1_000): Record<string, string> {
  return {
    "retry-after": String(Math.max(1, Math.ceil(afterMs / 1000))),
    "retry-after-ms": String(Math.ceil(afterMs)),
  };
}
