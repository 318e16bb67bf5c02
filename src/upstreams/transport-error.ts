/** What the HTTP clients and the operating system say about a broken connection, as a `GatewayError` a caller can act on. */
import { GatewayError } from "../errors.ts";

type Phase = "connect" | "first_byte" | "idle" | "total";

/** No connection was made, so nothing was processed and a repeat is safe. */
export function connectFailure(origin: string, error: Error): Error {
  const code = codeOf(error);
  if (isOurMistake(code)) return error;
  const host = new URL(origin).host;
  if (code === "ENOTFOUND") {
    return failure(
      error,
      "upstream_unreachable",
      `The upstream host ${host} does not exist. Check the location and the base URL; models of Gemini 3 and later are served from the location "global".`,
      { status: 502, shouldRetry: false },
    );
  }
  if (isNameServerFailure(code)) {
    return failure(
      error,
      "upstream_unreachable",
      `The address of the upstream host ${host} cannot be looked up (${code}). Try again shortly.`,
      { status: 502, shouldRetry: true },
    );
  }
  if (isTls(code)) {
    return failure(
      error,
      "upstream_tls_error",
      `No secure connection to ${host}: ${tlsReason(code)} (${code}).`,
      {
        status: 502,
        shouldRetry: false,
      },
    );
  }
  return failure(
    error,
    "upstream_unreachable",
    `No connection to the upstream ${host} (${code}). Try again shortly.`,
    {
      status: 503,
      shouldRetry: true,
    },
  );
}

/** The connection was lost or the answer was not HTTP after the request had been sent. */
export function exchangeFailure(origin: string, error: Error, insideAnswer: boolean): Error {
  const code = codeOf(error);
  const host = new URL(origin).host;
  if (isSocketLoss(error)) {
    return failure(
      error,
      "upstream_reset",
      insideAnswer
        ? `The upstream ${host} closed the connection before its answer was complete.`
        : `The upstream ${host} closed the connection without an answer.`,
      { status: 502, shouldRetry: true },
    );
  }
  if (code === "UND_ERR_HEADERS_OVERFLOW" || code === "ERR_HTTP1_HEAD_TOO_LARGE")
    return badAnswer(origin, "its headers are too large", error);
  if (
    code === "ERR_HTTP1_FRAMING" ||
    code.startsWith("HPE_") ||
    error.name === "HTTPParserError" ||
    code === "UND_ERR_RES_CONTENT_LENGTH_MISMATCH"
  ) {
    return badAnswer(origin, "it is not valid HTTP", error);
  }
  // Thrown by the receiver itself: a mistake in the program, which must not pass for the upstream's.
  return error;
}

/** An answer came, but not one that can be read. */
export function badAnswer(origin: string, why: string, cause?: Error): GatewayError {
  return failure(
    cause,
    "bad_upstream_response",
    `The answer of the upstream ${new URL(origin).host} cannot be read: ${why}.`,
    {
      status: 502,
    },
  );
}

export function timeoutFailure(origin: string, phase: Phase, afterMs: number): GatewayError {
  const host = new URL(origin).host;
  const what = {
    connect: `No connection to the upstream ${host}`,
    first_byte: `No answer from the upstream ${host}`,
    idle: `The upstream ${host} fell silent inside its answer; nothing came`,
    total: `The answer of the upstream ${host} was not complete`,
  }[phase];
  return new GatewayError({ kind: "upstream_timeout", phase, afterMs }, `${what} within ${afterMs} ms.`);
}

/** The time to connect went by before the name server had said where. */
export function nameTimeout(origin: string, afterMs: number): GatewayError {
  return failure(
    undefined,
    "upstream_unreachable",
    `The address of the upstream host ${new URL(origin).host} was not found within ${afterMs} ms. Try again shortly.`,
    { status: 502, shouldRetry: true },
  );
}

export function busyFailure(origin: string): GatewayError {
  return new GatewayError(
    { kind: "unavailable", retryAfterMs: 1_000 },
    `All connections to the upstream ${new URL(origin).host} are in use. Try again shortly, or raise POLLUX_UPSTREAM_CONNECTIONS.`,
  );
}

/** The peer, or the network, ended the connection. */
export function isSocketLoss(error: Error): boolean {
  const code = codeOf(error);
  return (
    code === "UND_ERR_SOCKET" ||
    code === "ECONNRESET" ||
    code === "EPIPE" ||
    code === "ECONNABORTED" ||
    code === "ETIMEDOUT"
  );
}

function failure(
  cause: Error | undefined,
  code: string,
  message: string,
  { status, shouldRetry }: { status: number; shouldRetry?: boolean },
): GatewayError {
  return new GatewayError(
    {
      kind: "upstream",
      status,
      type: "server_error",
      code,
      param: null,
      ...(shouldRetry === undefined ? {} : { shouldRetry }),
    },
    message,
    cause === undefined ? undefined : { cause },
  );
}

function codeOf(error: Error): string {
  const code: unknown = "code" in error ? error.code : undefined;
  return typeof code === "string" ? code : error.name;
}

/** Codes of getaddrinfo and of c-ares, but for a name that does not exist. */
function isNameServerFailure(code: string): boolean {
  return code.startsWith("EAI_") || ["ESERVFAIL", "ENODATA", "EREFUSED", "ETIMEOUT"].includes(code);
}

/** A header or path that the client refuses to send. Everything from outside was checked long before. */
function isOurMistake(code: string): boolean {
  return (
    code === "UND_ERR_INVALID_ARG" ||
    code === "ERR_UNSENDABLE_REQUEST" ||
    code === "TypeError" ||
    code === "AssertionError" ||
    code === "ERR_ASSERTION"
  );
}

const TLS_CODES = new Set([
  "CERT_HAS_EXPIRED",
  "CERT_NOT_YET_VALID",
  "CERT_REVOKED",
  "CERT_UNTRUSTED",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "INVALID_CA",
  "HOSTNAME_MISMATCH",
  "EPROTO",
]);

function isTls(code: string): boolean {
  return TLS_CODES.has(code) || code.startsWith("ERR_TLS_") || code.startsWith("ERR_SSL_");
}

function tlsReason(code: string): string {
  if (code === "CERT_HAS_EXPIRED" || code === "CERT_NOT_YET_VALID")
    return "its certificate is not valid today";
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID" || code === "HOSTNAME_MISMATCH")
    return "its certificate is for another host";
  if (TLS_CODES.has(code) && code !== "EPROTO")
    return "its certificate is not trusted; NODE_EXTRA_CA_CERTS adds an authority";
  return "the TLS handshake failed";
}
