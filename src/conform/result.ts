/** What became of a case. */
import type { Violation } from "./fact.ts";
import type { Case } from "./load-cases.ts";

/** Who looked: the scripted Google, a plain client, or an official SDK. */
export type Viewpoint = "calls" | "sent" | "seen" | "node" | "python" | "run";

export interface Failure extends Violation {
  viewpoint: Viewpoint;
  /** Which exchange, from 0. */
  exchange: number;
  /** What the client got in that exchange, shortly. */
  answer?: string;
  /** Repeats the exchange, where it can be repeated from outside. */
  curl?: string;
}

export interface CaseResult {
  case: Case;
  outcome: "exact" | "failed" | "not_run";
  failures: Failure[];
  /** Facts that were not judged, and why: an SDK that is not there, a surface the gateway does not have. */
  notJudged: string[];
  ms: number;
}
