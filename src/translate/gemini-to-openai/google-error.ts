/** Reads an upstream's error body, whatever shape it has. */
import { nonEmpty, objects, record, string } from "./lenient.ts";

/** Google's error envelope, unwrapped; every field may be missing. */
export interface ReadError {
  /** HTTP status inside the envelope, which is the only one when the error comes in a stream. */
  code: number | undefined;
  /** google.rpc status name, for example `RESOURCE_EXHAUSTED`. */
  status: string | undefined;
  message: string | undefined;
  details: readonly Record<string, unknown>[];
}

/**
 * The error in a parsed body: Google's object; the array that its compatibility routes and its streams without
 * `alt=sse` wrap it in; OpenAI's object, as self-deployed models answer; vLLM's older flat object.
 * Undefined when there is none.
 */
export function readError(value: unknown): ReadError | undefined {
  const holder = Array.isArray(value)
    ? objects(value.slice(0, 100)).find((entry) => entry["error"] !== undefined)
    : record(value);
  if (holder === undefined) return undefined;
  const error = holder["error"];
  if (typeof error === "string") return { code: undefined, status: undefined, message: error, details: [] };
  const given = record(error) ?? (holder["object"] === "error" ? holder : undefined);
  if (given === undefined) return undefined;
  const code = Number(given["code"]);
  return {
    code: Number.isInteger(code) && code >= 400 && code <= 599 ? code : undefined,
    status: nonEmpty(given["status"]),
    message: nonEmpty(given["message"]),
    details: objects(given["details"]),
  };
}

/** The same from text; undefined for HTML, plain text, nothing, or JSON that holds no error. */
export function readErrorText(body: string): ReadError | undefined {
  try {
    return readError(JSON.parse(body));
  } catch {
    return undefined;
  }
}

/** `google.rpc.ErrorInfo.reason`, for example `API_KEY_INVALID`. */
export function errorReason(error: ReadError): string | undefined {
  for (const detail of error.details) {
    if (string(detail["@type"])?.endsWith("ErrorInfo") === true) return nonEmpty(detail["reason"]);
  }
  return undefined;
}
