/** The refusals under load: what could not be begun now may be sent again, at a time that differs from caller to caller. */
import { GatewayError, type ShedReason } from "../errors.ts";

/** Why a request is not begun, with the limit behind it in words. */
export interface LoadRefusal {
  /** OpenAI's `error.code`; it names the limit. */
  code: LoadCode;
  shed: ShedReason;
  /** What is exceeded; the advice follows. */
  message: string;
}

export type LoadCode =
  | "key_in_flight_limit"
  | "failed_key_limit"
  | "queue_full"
  | "queue_timeout"
  | "stream_limit"
  | "body_memory_limit"
  | "overloaded";

/** Limits of one caller: the gateway itself is well. */
const OF_THE_CALLER: ReadonlySet<LoadCode> = new Set<LoadCode>(["key_in_flight_limit", "failed_key_limit"]);

const LEAST_WAIT_MS = 1_000;

/** @param random from 0 to 1. It spreads the callers over the two seconds after the first. */
export function refusedUnderLoad({ code, shed, message }: LoadRefusal, random: number): GatewayError {
  const retryAfterMs = LEAST_WAIT_MS + Math.floor(random * 2 * LEAST_WAIT_MS);
  const kind = OF_THE_CALLER.has(code) ? "rate_limited" : "unavailable";
  return new GatewayError(
    { kind, retryAfterMs, shed, code },
    `${message} Send the request again in a few seconds.`,
  );
}
