/** Which step of shedding load the readings of a moment ask for, without going up and down with each of them. */
import type { ShedReason } from "../errors.ts";
import type { ShedStage } from "../observe/observer.ts";
import type { Limits } from "./gateway.ts";

/** The readings of a moment. */
export interface Load {
  /** Of the memory that the process may use: 0 to 1. */
  memoryShare: number;
  /** By which timers ran late since the last reading, on average. */
  eventLoopDelayMs: number;
  /** Of all places for requests, those to wait in included. */
  inFlightShare: number;
}

const STAGES: readonly ShedStage[] = ["none", "no_keep_alive", "no_large_bodies", "no_requests"];
/** One long step of work is no overload: a delay counts when it is there twice in a row. */
const READINGS_OF_DELAY = 2;
/** Readings in a row, all of them below the step by a tenth, before it is left for the one below. */
const READINGS_TO_RECOVER = 8;
const RECOVERED_SHARE = 0.9;

export class ShedLadder {
  #step = 0;
  #reason: ShedReason = "event_loop";
  #lateReadings = 0;
  #goodReadings = 0;

  get stage(): ShedStage {
    return STAGES[this.#step] ?? "none";
  }

  /** Which of the readings led to the step. */
  get reason(): ShedReason {
    return this.#reason;
  }

  /** Takes one reading. True when the step is another now. It climbs as far as it must, and comes down step by step. */
  read(load: Load, shed: Limits["shed"]): boolean {
    const late = load.eventLoopDelayMs >= leastDelayMs(shed);
    this.#lateReadings = late ? this.#lateReadings + 1 : 0;
    const counted = this.#lateReadings >= READINGS_OF_DELAY ? load : { ...load, eventLoopDelayMs: 0 };
    const asked = stepFor(counted, shed, 1);
    if (asked.step > this.#step) {
      this.#step = asked.step;
      this.#reason = asked.reason;
      this.#goodReadings = 0;
      return true;
    }
    if (this.#step === 0) return false;
    const still = stepFor(load, shed, RECOVERED_SHARE);
    if (still.step >= this.#step) {
      this.#reason = still.reason;
      this.#goodReadings = 0;
      return false;
    }
    this.#goodReadings += 1;
    if (this.#goodReadings < READINGS_TO_RECOVER) return false;
    this.#goodReadings = 0;
    this.#step -= 1;
    return true;
  }
}

/** The highest step one of whose readings is over, with every bound multiplied by `share`. */
function stepFor(
  load: Load,
  { noKeepAlive, noLargeBodies, noRequests }: Limits["shed"],
  share: number,
): { step: number; reason: ShedReason } {
  const bounds = [noKeepAlive, noLargeBodies, noRequests];
  for (let step = bounds.length; step > 0; step -= 1) {
    const bound = bounds[step - 1];
    if (bound === undefined) continue;
    if (isOver(load.memoryShare, bound.memoryShare, share)) return { step, reason: "memory" };
    if (load.eventLoopDelayMs >= bound.eventLoopDelayMs * share) return { step, reason: "event_loop" };
    if (isOver(load.inFlightShare, bound.inFlightShare, share)) return { step, reason: "in_flight" };
  }
  return { step: 0, reason: "event_loop" };
}

function leastDelayMs({ noKeepAlive, noLargeBodies, noRequests }: Limits["shed"]): number {
  return Math.min(noKeepAlive.eventLoopDelayMs, noLargeBodies.eventLoopDelayMs, noRequests.eventLoopDelayMs);
}

/** The whole as a bound is none. */
function isOver(reading: number, bound: number, share: number): boolean {
  return bound < 1 && reading >= bound * share;
}
