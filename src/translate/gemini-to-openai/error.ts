/** An upstream's refusal in OpenAI's terms. */
import { GatewayError, type UpstreamFailure } from "../../errors.ts";
import { errorParam } from "./error-param.ts";
import { errorReason, readError, readErrorText, type ReadError } from "./google-error.ts";
import { signInHint } from "./sign-in-hints.ts";
import { upstreamWords } from "./upstream-words.ts";
import { isExhausted, type ResponseHeaders, retryAfterMs } from "./retry-advice.ts";

/** What the upstream's answer alone does not show. */
export interface FailureHints {
  /** Whose credential the upstream judged. The gateway's own being refused is no fault of the caller's key. Default: `own`. */
  credentials?: "own" | "caller";
  /** Who reads the message. Names of the gateway's own projects and addresses are for its operator. Default: `caller`. */
  reader?: "caller" | "operator";
  /** Milliseconds since the epoch, for `Retry-After` dates; without it the answer's own `Date` is used. */
  now?: number;
  /** Where the call went, so that a missing model can be explained. */
  location?: string;
}

/**
 * @param status HTTP status of the answer; below 400 when an error came where an answer should be
 * @param headers of the answer, lower-case names
 * @param body as text: Google's envelope bare or in an array, OpenAI's, HTML, plain text or nothing
 * @returns always an `upstream` failure; its message is the upstream's own text, bounded and without credentials,
 *   never an HTML page; where it is about signing in, what to do follows
 */
export function toFailure(
  status: number,
  headers: ResponseHeaders,
  body: string,
  hints: FailureHints = {},
): GatewayError {
  const error = readErrorText(body);
  if (error === undefined) return withoutEnvelope(status, headers, hints);
  return translate(error, status >= 400 ? status : (error.code ?? 502), headers, hints);
}

/** The error in a parsed stream event or answer body that came with status 200; undefined when it holds none. */
export function errorInEvent(value: unknown, hints: FailureHints = {}): GatewayError | undefined {
  const error = readError(value);
  return error === undefined ? undefined : translate(error, error.code ?? 500, {}, hints);
}

/** `shouldRetry` where the SDKs, going by the status alone, would repeat in vain. */
type Mapping = Pick<UpstreamFailure, "status" | "type" | "code" | "shouldRetry">;

/** By google.rpc status name; HTTP pairs from googleapis google/rpc/code.proto. */
const BY_STATUS = new Map<string, Mapping>([
  ["INVALID_ARGUMENT", { status: 400, type: "invalid_request_error", code: "invalid_argument" }],
  ["FAILED_PRECONDITION", { status: 400, type: "invalid_request_error", code: "failed_precondition" }],
  ["OUT_OF_RANGE", { status: 400, type: "invalid_request_error", code: "out_of_range" }],
  ["UNAUTHENTICATED", { status: 401, type: "authentication_error", code: "invalid_api_key" }],
  ["PERMISSION_DENIED", { status: 403, type: "permission_error", code: "permission_denied" }],
  ["NOT_FOUND", { status: 404, type: "invalid_request_error", code: "not_found" }],
  ["ALREADY_EXISTS", { status: 409, type: "invalid_request_error", code: "conflict", shouldRetry: false }],
  ["ABORTED", { status: 409, type: "api_error", code: "aborted" }],
  ["RESOURCE_EXHAUSTED", { status: 429, type: "rate_limit_error", code: "rate_limit_exceeded" }],
  // 499 is not a status a client can be sent; the caller did not cancel, or nobody would read this.
  ["CANCELLED", { status: 502, type: "api_error", code: "cancelled" }],
  ["INTERNAL", { status: 500, type: "server_error", code: "internal_error" }],
  ["UNKNOWN", { status: 500, type: "server_error", code: "internal_error" }],
  ["DATA_LOSS", { status: 500, type: "server_error", code: "internal_error" }],
  [
    "UNIMPLEMENTED",
    { status: 501, type: "invalid_request_error", code: "not_implemented", shouldRetry: false },
  ],
  ["UNAVAILABLE", { status: 503, type: "server_error", code: "overloaded" }],
  ["DEADLINE_EXCEEDED", { status: 504, type: "server_error", code: "timeout" }],
]);

/** The status name an HTTP status stands for when none was given. */
const BY_HTTP = new Map([
  [400, "INVALID_ARGUMENT"],
  [401, "UNAUTHENTICATED"],
  [403, "PERMISSION_DENIED"],
  [404, "NOT_FOUND"],
  [408, "DEADLINE_EXCEEDED"],
  [409, "ABORTED"],
  [429, "RESOURCE_EXHAUSTED"],
  [499, "CANCELLED"],
  [500, "INTERNAL"],
  [501, "UNIMPLEMENTED"],
  [503, "UNAVAILABLE"],
  [504, "DEADLINE_EXCEEDED"],
]);

function translate(
  error: ReadError,
  httpStatus: number,
  headers: ResponseHeaders,
  hints: FailureHints,
): GatewayError {
  // A name newer than the table falls back to the HTTP status.
  const named = error.status !== undefined && BY_STATUS.has(error.status) ? error.status : undefined;
  const reason = isCredentialRefusal(error) ? "UNAUTHENTICATED" : (named ?? BY_HTTP.get(httpStatus));
  const mapping = (reason === undefined ? undefined : BY_STATUS.get(reason)) ?? byClass(httpStatus);
  // A caller's own credential: its project is the caller's as well.
  const isTheirs = hints.credentials === "caller" || hints.reader === "operator";
  const words = upstreamWords(error.message, isTheirs);
  const told = words?.told ?? `The upstream answered HTTP ${httpStatus} without saying why.`;
  // The log has the upstream's own words, which name the project, for whose project it is.
  const hint = signInHint(error, isTheirs);
  const text = hint === undefined ? told : `${told} ${hint.says} To mend it: \`${hint.command}\`.`;
  const failure: UpstreamFailure = {
    kind: "upstream",
    ...mapping,
    param: mapping.status === 400 ? errorParam(error) : null,
  };
  if (words?.said !== undefined) failure.said = words.said;
  const name = error.status ?? reason;
  if (name !== undefined) failure.reason = name.slice(0, 64);
  const wait = retryAfterMs(headers, error, hints.now ?? dateOf(headers));
  if (wait !== undefined) failure.retryAfterMs = wait;

  switch (mapping.status) {
    case 400:
      if (isContextTooLong(text)) {
        failure.code = "context_length_exceeded";
        failure.param = "messages";
      }
      return new GatewayError(failure, text);
    case 401:
      return hints.credentials === "caller"
        ? new GatewayError(failure, text)
        : ownCredentialRefused(failure, text);
    case 404:
      return new GatewayError(failure, notFound(failure, text, hints));
    case 429:
      return new GatewayError(failure, rateLimited(failure, error, text));
    default:
      return new GatewayError(failure, text);
  }
}

/** The Gemini API answers a wrong key with 400 INVALID_ARGUMENT; only the reason tells it from a wrong field. */
function isCredentialRefusal(error: ReadError): boolean {
  const reason = errorReason(error);
  return (
    reason === "API_KEY_INVALID" ||
    (reason === undefined && /^API key (not valid|expired)/.test(error.message ?? ""))
  );
}

/** A 401 would make the caller throw away a key that is good. */
function ownCredentialRefused(failure: UpstreamFailure, text: string): GatewayError {
  return new GatewayError(
    { ...failure, status: 502, type: "server_error", code: "upstream_auth_error", shouldRetry: false },
    `The upstream refused the gateway's own credential; the gateway's operator has to renew it. It said: ${text}`,
  );
}

/** Vertex: "The input token count (1049000) exceeds the maximum number of tokens allowed (1048576)", and older forms. */
function isContextTooLong(text: string): boolean {
  return /\btoken count\b.{0,80}\b(exceeds|but (the )?model only supports)\b/is.test(text);
}

function notFound(failure: UpstreamFailure, text: string, hints: FailureHints): string {
  // "Publisher Model `...` was not found", "models/x is not found for API version v1beta"
  if (!/\bmodels?\b/i.test(text)) return text;
  failure.code = "model_not_found";
  failure.param = "model";
  const location = hints.location ?? /\/locations\/([a-z0-9-]{1,40})\//.exec(text)?.[1];
  if (location === undefined || location === "global") return text;
  return (
    `${text} The location may be the cause: Gemini 3 and later are served from "global" ` +
    `(and "us", "eu"), and this call went to "${location}".`
  );
}

function rateLimited(failure: UpstreamFailure, error: ReadError, text: string): string {
  if (isExhausted(error)) {
    failure.type = "insufficient_quota";
    failure.code = "insufficient_quota";
    failure.shouldRetry = false;
    return text;
  }
  // Reserved capacity that is used up comes back with time or money, not with a quick repeat.
  if (/\bexceeded the provisioned throughput\b/i.test(text)) failure.shouldRetry = false;
  const wait = failure.retryAfterMs;
  if (wait !== undefined && wait > LONGEST_SDK_WAIT_MS) {
    failure.shouldRetry = false;
    return `${text} Try again in ${Math.ceil(wait / 1000)} s.`;
  }
  return text;
}

/** The official SDKs do not wait longer than this before a repeat. */
const LONGEST_SDK_WAIT_MS = 60_000;

/** A page from a front end, plain text or nothing: the status is all that can be told. */
function withoutEnvelope(status: number, headers: ResponseHeaders, hints: FailureHints): GatewayError {
  const nothing: ReadError = { code: undefined, status: undefined, message: undefined, details: [] };
  const message = `The upstream answered HTTP ${status} with a body that is not a Gemini error.`;
  // These mean the same whoever says them. Any other refusal without an envelope is of our making, or a proxy's.
  if ([401, 403, 404, 408, 413, 429, 499, 500, 501, 503, 504].includes(status)) {
    return translate({ ...nothing, message }, status, headers, hints);
  }
  return new GatewayError(
    { kind: "upstream", status: 502, type: "server_error", code: "bad_upstream_response", param: null },
    message,
  );
}

function byClass(httpStatus: number): Mapping {
  if (httpStatus === 413) return { status: 413, type: "invalid_request_error", code: "request_too_large" };
  if (httpStatus >= 400 && httpStatus < 500) {
    return { status: httpStatus, type: "invalid_request_error", code: "invalid_request" };
  }
  return { status: 502, type: "server_error", code: "bad_upstream_response" };
}

function dateOf(headers: ResponseHeaders): number | undefined {
  const date = headers["date"];
  const parsed = Date.parse((Array.isArray(date) ? date[0] : date) ?? "");
  return Number.isNaN(parsed) ? undefined : parsed;
}
