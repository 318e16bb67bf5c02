/** Reads the load again and again, and has it shed. */
import type { ShedReason } from "../errors.ts";
import type { ShedStage } from "../observe/observer.ts";
import type { Admission } from "./admission.ts";
import type { Gateway } from "./gateway.ts";
import type { ProcessLoad } from "./process-load.ts";
import { type Load, ShedLadder } from "./shed-ladder.ts";

const READ_EVERY_MS = 250;
/** Garbage of gigabytes takes seconds to collect. */
const READINGS_BETWEEN_COLLECTIONS = 40;

export interface LoadWatchParts {
  admission: Admission;
  process: ProcessLoad;
  /** In force at the time of a reading. */
  limits: () => Pick<Gateway["limits"], "shed">;
  /** The step has changed; `load` led to it. */
  onStage: (stage: ShedStage, reason: ShedReason, load: Load) => void;
}

/** One timer, four readings a second. */
export class LoadWatch {
  readonly #parts: LoadWatchParts;
  readonly #ladder = new ShedLadder();
  readonly #timer: NodeJS.Timeout;
  #sinceCollection = READINGS_BETWEEN_COLLECTIONS;

  constructor(parts: LoadWatchParts) {
    this.#parts = parts;
    this.#timer = setInterval(() => this.#read(), READ_EVERY_MS).unref();
  }

  close(): void {
    clearInterval(this.#timer);
    this.#parts.process.close();
    this.#parts.admission.shedTo("none", "event_loop");
  }

  #read(): void {
    const { admission, process, limits, onStage } = this.#parts;
    const { shed } = limits();
    const load: Load = { ...process.read(), inFlightShare: admission.inFlightShare };
    this.#sinceCollection += 1;
    // Much of what is in use may be garbage. Where nothing is taken any more, nothing else would have it collected.
    if (
      load.memoryShare >= shed.noLargeBodies.memoryShare &&
      this.#sinceCollection >= READINGS_BETWEEN_COLLECTIONS
    ) {
      this.#sinceCollection = 0;
      process.collectGarbage();
      load.memoryShare = process.read().memoryShare;
    }
    const changed = this.#ladder.read(load, shed);
    const { stage, reason } = this.#ladder;
    admission.shedTo(stage, reason);
    if (changed) onStage(stage, reason, load);
  }
}
