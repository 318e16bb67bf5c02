/** Failures of OpenAI-shaped upstreams, whole or in a stream. */
import { GatewayError } from "../../errors.ts";
import { errorInEvent } from "../gemini-to-openai/error.ts";
import { nonEmpty, record } from "../gemini-to-openai/lenient.ts";
import { isBlank } from "./json.ts";

/**
 * The error in a parsed answer or stream event: Google's, bare or in an array, or OpenAI's, which keeps its `type`,
 * `code` and `param`. Undefined when there is none.
 */
export function answerError(value: unknown): GatewayError | undefined {
  const body = record(value);
  // Some servers write `"error": null`, `""` or `{}` beside every good answer.
  if (body !== undefined && Array.isArray(body["choices"]) && isNothing(body["error"])) return undefined;
  const error = errorInEvent(value);
  if (error === undefined || error.failure.kind !== "upstream") return error;
  const own = record(body?.["error"]) ?? body;
  const type = identifier(own?.["type"]);
  if (own === undefined || type === undefined || own["status"] !== undefined) return error;
  const { failure } = error;
  return new GatewayError(
    {
      ...failure,
      type,
      code: identifier(own["code"]) ?? failure.code,
      param: nonEmpty(own["param"])?.slice(0, 200) ?? null,
    },
    error.message,
  );
}

/** The upstream answered 200 with something that is no answer; its text is not passed on. */
export function notAnAnswer(what: string, cause?: unknown): GatewayError {
  return new GatewayError(
    {
      kind: "upstream",
      status: 502,
      type: "server_error",
      code: "bad_upstream_response",
      param: null,
      shouldRetry: true,
    },
    `The upstream answered with a body that ${what}.`,
    cause === undefined ? undefined : { cause },
  );
}

/** The stream ended without a reason, so the answer was cut. */
export function truncated(): GatewayError {
  return new GatewayError(
    {
      kind: "upstream",
      status: 502,
      type: "server_error",
      code: "upstream_truncated",
      param: null,
      shouldRetry: true,
    },
    "The upstream's stream ended before the answer did. Send the request again.",
  );
}

function isNothing(error: unknown): boolean {
  const object = record(error);
  return object === undefined ? isBlank(error) || error === false : Object.keys(object).length === 0;
}

function identifier(value: unknown): string | undefined {
  return typeof value === "string" && /^[\w.-]{1,64}$/.test(value) ? value : undefined;
}
