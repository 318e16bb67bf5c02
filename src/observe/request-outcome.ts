/**
 * How a request ended, in one word of a closed set: who ended it, and at what point. The idea is HAProxy's, whose
 * logs carry two letters for the same (HAProxy configuration manual, "Session state at disconnection").
 */
import { type Failure, GatewayError, type UpstreamFailure } from "../errors.ts";

/** How far a request had come: the client sends it, it waits for its turn, for an upstream, its answer is being sent. */
export type RequestPhase = "sending" | "queued" | "waiting" | "streaming";

/** How loudly the log tells of it. */
type Level = "info" | "warn" | "error";

/** Every word, with what it means. `docs/observability.md` shows this table. */
export const OUTCOMES = {
  completed: {
    level: "info",
    means: "Answered, and the whole answer was handed to the client's connection.",
  },

  "client_closed.sending": { level: "info", means: "The client left before its request was complete." },
  "client_closed.queued": { level: "info", means: "The client left while its request waited for its turn." },
  "client_closed.waiting": {
    level: "info",
    means: "The client left before anything of the answer was sent.",
  },
  "client_closed.streaming": { level: "info", means: "The client left while the answer was being sent." },

  "slow_client.sending": { level: "warn", means: "The request did not arrive in time." },
  "slow_client.reading": { level: "warn", means: "The client did not read its answer, and was let go." },

  "refused.http": { level: "info", means: "Not HTTP as this server takes it." },
  "refused.route": { level: "info", means: "No such path, or not with this method." },
  "refused.access": {
    level: "info",
    means: "No access key or a wrong one, a host, project or location that is not allowed.",
  },
  "refused.size": { level: "info", means: "A body larger than the limit." },
  "refused.request": {
    level: "info",
    means: "A request that cannot be answered as it is; the error says why.",
  },

  "shed.event_loop": { level: "warn", means: "Turned away: the event loop lags." },
  "shed.memory": { level: "warn", means: "Turned away: memory is short." },
  "shed.in_flight": { level: "warn", means: "Turned away: too many requests at one time." },
  "shed.key_in_flight": {
    level: "warn",
    means: "Turned away: too many requests with this access key at one time.",
  },
  "shed.queue_full": { level: "warn", means: "Turned away: the queue is full." },
  "shed.queue_timeout": { level: "warn", means: "Turned away: its turn did not come in time." },
  "shed.failed_keys": { level: "warn", means: "Turned away: too many wrong access keys from this address." },
  "shed.draining": { level: "warn", means: "Turned away: the gateway is stopping." },
  "draining.waiting": {
    level: "warn",
    means: "Ended before its answer began, as the gateway stopped and its deadline had passed.",
  },
  "draining.streaming": {
    level: "warn",
    means: "Ended within its answer, as the gateway stopped and its deadline had passed.",
  },

  upstream_refused: { level: "warn", means: "The upstream refused the request (4xx)." },
  upstream_rate_limited: { level: "warn", means: "The upstream has no capacity or quota left (429)." },
  upstream_error: { level: "warn", means: "The upstream failed (5xx)." },
  "upstream_error.streaming": { level: "warn", means: "The upstream reported an error inside its stream." },
  upstream_unreachable: { level: "warn", means: "No connection: name, address, refusal or TLS." },
  upstream_unavailable: {
    level: "warn",
    means: "All connections to it are in use, or there is no upstream.",
  },
  upstream_auth: {
    level: "warn",
    means: "No credential could be had for it, or it refused the gateway's own.",
  },
  upstream_reset: { level: "warn", means: "It closed the connection without an answer." },
  "upstream_reset.streaming": { level: "warn", means: "It closed the connection within its answer." },
  upstream_truncated: { level: "warn", means: "Its answer ended without saying why." },
  "upstream_truncated.streaming": { level: "warn", means: "Its stream ended without saying why." },
  upstream_unusable: { level: "warn", means: "It answered with something that is no answer." },
  "upstream_unusable.streaming": {
    level: "warn",
    means: "It sent something within its stream that is no part of an answer.",
  },
  "upstream_timeout.connect": { level: "warn", means: "No connection to it in time." },
  "upstream_timeout.first_byte": { level: "warn", means: "No head of an answer in time." },
  "upstream_timeout.idle": { level: "warn", means: "It fell silent within its answer." },
  "upstream_timeout.total": {
    level: "warn",
    means: "Its answer took longer than the limit for a whole one.",
  },

  bug: { level: "error", means: "A mistake in the gateway: the log holds it under the request id." },
} as const satisfies Record<string, { level: Level; means: string }>;

export type RequestOutcome = keyof typeof OUTCOMES;

/** The word for what went wrong in a request that had come so far. */
export function outcomeOfError(error: unknown, phase: RequestPhase): RequestOutcome {
  return error instanceof GatewayError ? outcomeOfFailure(error.failure, phase) : "bug";
}

function outcomeOfFailure(failure: Failure, phase: RequestPhase): RequestOutcome {
  switch (failure.kind) {
    case "invalid_request":
    case "unsupported_media_type":
    case "model_not_found":
      return "refused.request";
    case "unauthenticated":
    case "permission_denied":
      return "refused.access";
    case "not_found":
      return failure.code === "unknown_url" ? "refused.route" : "refused.request";
    case "method_not_allowed":
      return "refused.route";
    case "payload_too_large":
      return "refused.size";
    case "request_timeout":
      return "slow_client.sending";
    case "rate_limited":
      return failure.shed === undefined ? "upstream_rate_limited" : `shed.${failure.shed}`;
    case "unavailable":
      if (failure.shed === undefined) return "upstream_unavailable";
      if (failure.shed === "draining" && (phase === "waiting" || phase === "streaming")) {
        return `draining.${phase}`;
      }
      return `shed.${failure.shed}`;
    case "upstream":
      return outcomeOfUpstream(failure, phase);
    case "upstream_timeout":
      return `upstream_timeout.${failure.phase}`;
    case "client_closed":
      return `client_closed.${phase}`;
    default:
      return failure satisfies never;
  }
}

function outcomeOfUpstream({ status, code }: UpstreamFailure, phase: RequestPhase): RequestOutcome {
  const within = phase === "streaming";
  switch (code) {
    case "upstream_reset":
      return within ? "upstream_reset.streaming" : "upstream_reset";
    case "upstream_truncated":
      return within ? "upstream_truncated.streaming" : "upstream_truncated";
    case "upstream_auth_error":
      return "upstream_auth";
    case "upstream_unreachable":
    case "upstream_tls_error":
      return "upstream_unreachable";
    case "cancelled":
      return within ? "upstream_error.streaming" : "upstream_error";
    default:
  }
  // Ours for what is no answer, whatever its code: it names what the model did.
  if (status === 502) return within ? "upstream_unusable.streaming" : "upstream_unusable";
  if (within) return "upstream_error.streaming";
  if (status === 429) return "upstream_rate_limited";
  return status < 500 ? "upstream_refused" : "upstream_error";
}
