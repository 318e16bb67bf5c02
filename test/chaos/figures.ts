/** Counts of a run: by the way, for the progress line; at the end, as a table and as JSON. */
import { abandonedFor } from "./check-run.ts";
import { isClean, outcomeWord } from "./check-answer.ts";
import type { Observation } from "./observation.ts";

export class Figures {
  readonly outcomes: Record<string, number> = {};
  readonly errors: Record<string, number> = {};
  readonly kinds: Record<string, number> = {};
  readonly conducts: Record<string, number> = {};
  readonly faults: Record<string, number> = {};
  readonly actions: Record<string, number> = {};
  /** By the request log. */
  readonly logged: Record<string, number> = {};
  requests = 0;
  streamEvents = 0;
  upstreamCalls = 0;
  clean = { chaos: { all: 0, ok: 0 }, calm: { all: 0, ok: 0 } };
  readonly #abandonedMs: number[] = [];

  take(observation: Observation): void {
    const { plan } = observation;
    const word = outcomeWord(observation);
    this.requests += 1;
    this.streamEvents += observation.events.length;
    this.upstreamCalls += observation.calls.length;
    count(this.outcomes, word);
    count(this.kinds, plan.kind);
    count(this.conducts, plan.conduct);
    for (const fault of Object.values(plan.faults)) count(this.faults, fault.split("=")[0] ?? fault);
    const code = errorCode(observation);
    if (code !== undefined) count(this.errors, `${word}: ${code}`);
    // Who came while the process was being ended could not be answered; whether that is so is checked apart.
    if (isClean(observation) && word !== "refused" && word !== "broken") {
      const clean = observation.phase.startsWith("chaos") ? this.clean.chaos : this.clean.calm;
      clean.all += 1;
      if (word === "ok") clean.ok += 1;
    }
    if (
      observation.leftAt !== undefined &&
      observation.phase.startsWith("calm") &&
      observation.calls.length > 0
    ) {
      this.#abandonedMs.push(abandonedFor(observation));
    }
  }

  act(kind: string): void {
    count(this.actions, kind);
  }

  log(outcome: string): void {
    count(this.logged, outcome);
  }

  /** As they are written to a file. */
  toJSON(): object {
    return { ...this, abandoned: this.abandoned };
  }

  /** Milliseconds from a client's leaving to the end of its upstream calls, in calm phases. */
  get abandoned(): { calls: number; median: number; p99: number; most: number } {
    const sorted = this.#abandonedMs.toSorted((one, other) => one - other);
    const at = (share: number): number => Math.round(sorted[Math.floor((sorted.length - 1) * share)] ?? 0);
    return { calls: sorted.length, median: at(0.5), p99: at(0.99), most: at(1) };
  }
}

function count(counts: Record<string, number>, key: string): void {
  counts[key] = (counts[key] ?? 0) + 1;
}

function errorCode({ events, body, status }: Observation): string | undefined {
  const text = status === 200 ? events.findLast((data) => data.startsWith('{"error"')) : body;
  if (text === undefined || text === "" || (status === 200 && events.length === 0)) return undefined;
  try {
    const { error } = JSON.parse(text) as { error?: { code?: string | null; type?: string } };
    return error === undefined ? undefined : String(error.code ?? error.type);
  } catch {
    return undefined;
  }
}
