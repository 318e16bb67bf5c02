/** Why a request failed, in our own words. `src/gateway/error-answer.ts` alone turns it into a status and a body. */
export type Failure =
  | { kind: "invalid_request"; param: string | null; code?: string }
  | { kind: "unauthenticated" }
  | { kind: "permission_denied"; code?: string }
  | { kind: "not_found"; code?: string; param?: string }
  | { kind: "model_not_found"; model: string }
  | { kind: "method_not_allowed"; allow: string }
  | { kind: "payload_too_large"; maxBytes: number }
  | { kind: "unsupported_media_type" }
  | { kind: "request_timeout"; afterMs: number }
  | { kind: "rate_limited"; retryAfterMs?: number; shed?: ShedReason; code?: string }
  | { kind: "unavailable"; retryAfterMs?: number; shed?: ShedReason; code?: string }
  | UpstreamFailure
  | { kind: "upstream_timeout"; phase: "connect" | "first_byte" | "idle" | "total"; afterMs: number }
  | { kind: "client_closed" };

/** Why the gateway itself turned a request away, before anything was done for it. Absent: an upstream's doing. */
export type ShedReason =
  | "event_loop"
  | "memory"
  | "in_flight"
  | "key_in_flight"
  | "queue_full"
  | "queue_timeout"
  | "failed_keys"
  | "draining";

/** The upstream's own refusal, already in OpenAI's terms (status, `type`, `code`, `param`). */
export interface UpstreamFailure {
  kind: "upstream";
  /** HTTP status for our client. */
  status: number;
  type: string;
  code: string | null;
  param: string | null;
  /** Wait the upstream asked for, in milliseconds. */
  retryAfterMs?: number;
  /** Value of `x-should-retry`; absent lets the SDK decide by status. */
  shouldRetry?: boolean;
  /** google.rpc status name, for example `RESOURCE_EXHAUSTED`. */
  reason?: string;
  /** Its own words where the message had to leave some out; for the operator's log alone. */
  said?: string;
}

/** The one error that crosses floors. Its message is shown to the caller, so it says what to change. */
export class GatewayError extends Error {
  override readonly name = "GatewayError";
  readonly failure: Failure;

  constructor(failure: Failure, message: string, options?: ErrorOptions) {
    super(message, options);
    this.failure = failure;
  }
}

/** A 400 that names the request field at fault; `param` is a path such as `messages[2].content[0].image_url`. */
export function invalidRequest(param: string | null, message: string, code?: string): GatewayError {
  return new GatewayError(
    { kind: "invalid_request", param, ...(code === undefined ? {} : { code }) },
    message,
  );
}
