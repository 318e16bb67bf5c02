/** Google's error envelope and the pairs of `google.rpc` code and HTTP status (googleapis google/rpc/code.proto). */
import type { JsonObject } from "../wire/gemini.ts";

const HTTP_STATUS = {
  INVALID_ARGUMENT: 400,
  FAILED_PRECONDITION: 400,
  OUT_OF_RANGE: 400,
  UNAUTHENTICATED: 401,
  PERMISSION_DENIED: 403,
  NOT_FOUND: 404,
  ABORTED: 409,
  ALREADY_EXISTS: 409,
  RESOURCE_EXHAUSTED: 429,
  CANCELLED: 499,
  DATA_LOSS: 500,
  UNKNOWN: 500,
  INTERNAL: 500,
  UNIMPLEMENTED: 501,
  UNAVAILABLE: 503,
  DEADLINE_EXCEEDED: 504,
} as const;

export type RpcStatus = keyof typeof HTTP_STATUS;

export function isRpcStatus(value: string): value is RpcStatus {
  return Object.hasOwn(HTTP_STATUS, value);
}

/** The status Google pairs with an HTTP code, UNKNOWN where it pairs none. */
export function rpcStatusFor(httpStatus: number): RpcStatus {
  const named: Record<number, RpcStatus> = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    409: "ABORTED",
    429: "RESOURCE_EXHAUSTED",
    499: "CANCELLED",
    500: "INTERNAL",
    501: "UNIMPLEMENTED",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
  };
  return named[httpStatus] ?? "UNKNOWN";
}

export type ErrorDetail = { "@type": string } & JsonObject;

/** A refusal in Google's words. `code` is the HTTP status. */
export class GoogleApiError extends Error {
  override readonly name = "GoogleApiError";
  readonly status: RpcStatus;
  readonly code: number;
  readonly details: readonly ErrorDetail[];
  /** Response headers that go with it, such as `www-authenticate`. */
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: RpcStatus,
    message: string,
    more: { details?: readonly ErrorDetail[]; code?: number; headers?: Record<string, string> } = {},
  ) {
    super(message);
    this.status = status;
    this.code = more.code ?? HTTP_STATUS[status];
    this.details = more.details ?? [];
    this.headers = more.headers ?? {};
  }

  /** The JSON body Google sends. */
  toBody(): { error: JsonObject } {
    const error: JsonObject = { code: this.code, message: this.message, status: this.status };
    if (this.details.length > 0) error["details"] = [...this.details];
    return { error };
  }
}

export function invalidArgument(message: string): GoogleApiError {
  return new GoogleApiError("INVALID_ARGUMENT", message);
}

export function errorInfo(reason: string, metadata: Record<string, string>): ErrorDetail {
  return {
    "@type": "type.googleapis.com/google.rpc.ErrorInfo",
    reason,
    domain: "googleapis.com",
    metadata,
  };
}
