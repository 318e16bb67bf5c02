/** The history: what each client saw, and what the upstreams did for it. Times are of `performance.now()` in the driver. */
import type { RequestPlan, UpstreamName } from "./plan.ts";

export type Ending =
  /** The answer came to its end, as HTTP has it. */
  | "complete"
  /** This client went away, as planned. */
  | "left"
  /** The connection ended before the answer did. */
  | "broken"
  /** No connection was made. */
  | "refused"
  /** Nothing for so long that the driver gave up. */
  | "gave-up";

/** One call that reached an upstream for a request. */
export interface UpstreamCall {
  upstream: UpstreamName;
  fault?: string;
  at: number;
  /** When the upstream's side of it was over. */
  endedAt?: number;
}

export interface Observation {
  plan: RequestPlan;
  /** The phase in which it was sent, such as "calm 2". */
  phase: string;
  startedAt: number;
  endedAt: number;
  /** When a leaving client left. */
  leftAt?: number;
  status?: number;
  headers: Readonly<Record<string, string>>;
  /** The data of a stream's events, in order. */
  events: string[];
  /** False where the client's library does not show `[DONE]`. */
  showsDone: boolean;
  /** The body of an answer that is not a stream. */
  body: string;
  /** Of a client by hand: bytes received, heads and interim answers included. */
  bytes: number;
  /** Every way in which it ended; a sound client sees one. */
  endings: Ending[];
  error?: string;
  calls: UpstreamCall[];
}

export function newObservation(plan: RequestPlan, phase: string): Observation {
  return {
    plan,
    phase,
    startedAt: performance.now(),
    endedAt: 0,
    headers: {},
    events: [],
    showsDone: true,
    body: "",
    bytes: 0,
    endings: [],
    calls: [],
  };
}

export function endObservation(observation: Observation, ending: Ending, error?: string): void {
  observation.endings.push(ending);
  observation.endedAt = performance.now();
  if (error !== undefined) observation.error = error;
}
