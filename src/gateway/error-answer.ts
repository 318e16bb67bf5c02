/** The one place that turns a failure into a status, headers and OpenAI's error body. */
import { GatewayError, type Failure } from "../errors.ts";
import type { ErrorBody } from "../wire/openai.ts";

export interface ErrorAnswer {
  status: number;
  headers: Record<string, string>;
  body: ErrorBody;
}

interface Facts {
  status: number;
  type: string;
  code: string | null;
  param?: string | null;
  retryAfterMs?: number | undefined;
  /** The wait differs from caller to caller already. */
  isSpread?: boolean;
  shouldRetry?: boolean | undefined;
  allow?: string;
}

/** The OpenAI SDKs ignore waits above this and fall back to a short backoff of their own. */
const LONGEST_HONOURED_WAIT_MS = 60_000;

/** For a 429 or 503 that says nothing of when to come back. */
const USUAL_WAIT_MS = 1_000;
const LEAST_SPREAD_MS = 250;
const MOST_SPREAD_MS = 2_000;

/**
 * Any thrown value to an answer. What is not a `GatewayError` is a bug: the client learns only the request id.
 * `x-should-retry` and `retry-after(-ms)` follow the contract of the official SDKs.
 *
 * @param random from 0 to 1: spreads clients that are told to wait. Told one time, a thousand of them would all come
 *   back at once, to an upstream that has only just recovered. Undefined: for an answer that has no headers.
 */
export function toErrorAnswer(error: unknown, requestId: string, random?: number): ErrorAnswer {
  if (!(error instanceof GatewayError)) {
    return {
      status: 500,
      headers: {},
      body: {
        error: {
          message: `The gateway failed to handle this request. Quote request id ${requestId} to its operator.`,
          type: "server_error",
          param: null,
          code: "internal_error",
        },
      },
    };
  }
  const facts = factsOf(error.failure);
  return {
    status: facts.status,
    headers: retryHeaders(random === undefined ? facts : withWait(facts), random ?? 0),
    body: {
      error: { message: error.message, type: facts.type, param: facts.param ?? null, code: facts.code },
    },
  };
}

function factsOf(failure: Failure): Facts {
  switch (failure.kind) {
    case "invalid_request":
      return {
        status: 400,
        type: "invalid_request_error",
        code: failure.code ?? null,
        param: failure.param,
      };
    case "unauthenticated":
      return { status: 401, type: "authentication_error", code: "invalid_api_key" };
    case "permission_denied":
      return { status: 403, type: "permission_error", code: failure.code ?? "permission_denied" };
    case "not_found":
      return {
        status: 404,
        type: "invalid_request_error",
        code: failure.code ?? "not_found",
        param: failure.param ?? null,
      };
    case "model_not_found":
      return { status: 404, type: "invalid_request_error", code: "model_not_found", param: "model" };
    case "method_not_allowed":
      return {
        status: 405,
        type: "invalid_request_error",
        code: "method_not_allowed",
        allow: failure.allow,
      };
    case "payload_too_large":
      return { status: 413, type: "invalid_request_error", code: "request_too_large" };
    case "unsupported_media_type":
      return { status: 415, type: "invalid_request_error", code: "unsupported_media_type" };
    case "request_timeout":
      return { status: 408, type: "invalid_request_error", code: "request_timeout" };
    case "rate_limited":
      return {
        status: 429,
        type: "rate_limit_error",
        code: failure.code ?? "rate_limit_exceeded",
        retryAfterMs: failure.retryAfterMs,
        isSpread: failure.shed !== undefined,
      };
    case "unavailable":
      return {
        status: 503,
        type: "server_error",
        code: failure.code ?? "overloaded",
        retryAfterMs: failure.retryAfterMs,
        isSpread: failure.shed !== undefined,
      };
    case "upstream":
      return failure;
    case "upstream_timeout":
      return {
        status: 504,
        type: "server_error",
        code: `upstream_${failure.phase}_timeout`,
        // Nothing was sent, so nothing can be done twice.
        shouldRetry: failure.phase === "connect" ? true : undefined,
      };
    case "client_closed":
      return { status: 499, type: "api_error", code: "client_closed" };
    default:
      return failure satisfies never;
  }
}

function withWait(facts: Facts): Facts {
  const { status, retryAfterMs, shouldRetry } = facts;
  if (retryAfterMs !== undefined || shouldRetry === false || (status !== 429 && status !== 503)) return facts;
  return { ...facts, retryAfterMs: USUAL_WAIT_MS, isSpread: false };
}

/** `retry-after` is what was asked for; `retry-after-ms`, which the SDKs look at first, is a little longer. */
function retryHeaders(facts: Facts, random: number): Record<string, string> {
  const headers: Record<string, string> = {};
  if (facts.allow !== undefined) headers["allow"] = facts.allow;
  let shouldRetry = facts.shouldRetry;
  if (facts.retryAfterMs !== undefined) {
    headers["retry-after"] = String(Math.ceil(facts.retryAfterMs / 1000));
    const waitMs = Math.ceil(facts.retryAfterMs);
    headers["retry-after-ms"] = String(facts.isSpread === true ? waitMs : spread(waitMs, random));
    if (facts.retryAfterMs > LONGEST_HONOURED_WAIT_MS) shouldRetry ??= false;
  }
  if (shouldRetry !== undefined) headers["x-should-retry"] = String(shouldRetry);
  return headers;
}

function spread(waitMs: number, random: number): number {
  if (waitMs > LONGEST_HONOURED_WAIT_MS) return waitMs;
  const most = Math.min(Math.max(waitMs / 4, LEAST_SPREAD_MS), MOST_SPREAD_MS);
  return Math.min(waitMs + Math.floor(random * most), LONGEST_HONOURED_WAIT_MS);
}
