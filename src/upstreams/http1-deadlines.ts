/** How long a call may wait in each of its phases, and what is said when it waited longer. */
import { busyFailure, nameTimeout, timeoutFailure } from "./transport-error.ts";
import type { UpstreamTimeouts } from "./upstream.ts";

/** `queued`: no connection is free. `sent`: written. `answering`: head received. */
export type Phase = "queued" | "connecting" | "sent" | "answering";

/**
 * On the clock of `startedAt` and `since`, in milliseconds; `Infinity` for never. `since` is when the present wait
 * began. A call that the gateway itself has paused waits for nobody.
 */
export function deadlineOf(
  phase: Phase | "paused" | "ended",
  { connectMs, firstByteMs, idleMs, totalMs }: UpstreamTimeouts,
  startedAt: number,
  since: number,
): number {
  const total = totalMs > 0 ? startedAt + totalMs : Infinity;
  let phaseMs = connectMs;
  if (phase === "answering") phaseMs = idleMs;
  else if (phase === "sent") phaseMs = firstByteMs;
  else if (phase === "paused") phaseMs = 0;
  return phaseMs > 0 ? Math.min(total, since + phaseMs) : total;
}

/** @param findsName the address of the host is still being looked up */
export function timedOut(
  origin: string,
  phase: Phase | "ended",
  { connectMs, firstByteMs, idleMs, totalMs }: UpstreamTimeouts,
  waitedMs: number,
  findsName: boolean,
): Error {
  if (totalMs > 0 && waitedMs >= totalMs) return timeoutFailure(origin, "total", totalMs);
  switch (phase) {
    case "queued":
      return busyFailure(origin);
    case "answering":
      return timeoutFailure(origin, "idle", idleMs);
    case "sent":
      return timeoutFailure(origin, "first_byte", firstByteMs);
    default:
      return findsName ? nameTimeout(origin, connectMs) : timeoutFailure(origin, "connect", connectMs);
  }
}
