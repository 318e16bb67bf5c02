import { GatewayError } from "../errors.ts";
import type { Outcome } from "../routing/route.ts";
import { isUnusableAnswer } from "../translate/gemini-to-openai/finish-reason.ts";

/** Codes of failures in which no connection was made, or none that answered: another target may well answer. */
const UNREACHED = new Set<string | null>(["upstream_unreachable", "upstream_reset"]);

/** What a failed attempt, of which the client has seen nothing, teaches about its target. */
export function outcomeOf(error: unknown): Outcome {
  // A mistake of the gateway itself says nothing about the target.
  if (!(error instanceof GatewayError)) return { kind: "answered" };
  const { failure } = error;
  switch (failure.kind) {
    case "upstream":
      return upstreamOutcome(failure.status, failure.code, failure.retryAfterMs);
    case "upstream_timeout":
      return { kind: failure.phase === "connect" ? "unavailable" : "failed" };
    case "unavailable":
    case "rate_limited":
      return withWait(failure.kind, failure.retryAfterMs);
    case "model_not_found":
      return { kind: "not_found" };
    case "client_closed":
      return { kind: "abandoned" };
    default:
      return { kind: "answered" };
  }
}

function upstreamOutcome(status: number, code: string | null, retryAfterMs: number | undefined): Outcome {
  if (status === 429) return withWait("rate_limited", retryAfterMs);
  if (status === 503 || UNREACHED.has(code)) return withWait("unavailable", retryAfterMs);
  // The target is as good as ever, and asking it again is paid for again: that is for the caller to decide.
  if (isUnusableAnswer(code)) return { kind: "answered" };
  // A target that refuses our credentials has as little to offer as one without the model, now and for a while.
  if (status === 404 || code === "upstream_auth_error") return { kind: "not_found" };
  return { kind: status >= 500 && status !== 501 ? "failed" : "answered" };
}

function withWait(kind: "rate_limited" | "unavailable", retryAfterMs: number | undefined): Outcome {
  return retryAfterMs === undefined ? { kind } : { kind, retryAfterMs };
}
