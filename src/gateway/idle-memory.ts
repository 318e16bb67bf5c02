/** Gives memory back while nothing is asked of the gateway: V8 on its own keeps what the last rush of work took. */
import type { OpenRequests } from "./open-requests.ts";

/** Between two looks. */
const LOOK_EVERY_MS = 500;
/**
 * So many looks without a request, and the rush is over. Long, as it is not free: after a full collection requests cost a
 * third more for several seconds.
 */
const QUIET_LOOKS = 60;
/** A collection stops the process for some 50 ms: for less than this it is not worth it. */
const WORTH_BYTES = 16 * 1024 * 1024;

export interface IdleMemoryParts {
  openRequests: Pick<OpenRequests, "size" | "total">;
  /** Of the whole process; undefined where that cannot be read. */
  residentBytes: () => number | undefined;
  /** Collects all garbage and gives back the pages. */
  giveBack: () => void;
}

export class IdleMemory {
  readonly #parts: IdleMemoryParts;
  readonly #timer: NodeJS.Timeout;
  #seen = 0;
  #quiet = 0;
  /** What was left the last time; before that, what the process began with. */
  #floor: number;

  constructor(parts: IdleMemoryParts) {
    this.#parts = parts;
    this.#floor = parts.residentBytes() ?? 0;
    this.#timer = setInterval(() => this.#look(), LOOK_EVERY_MS).unref();
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    const { openRequests, residentBytes, giveBack } = this.#parts;
    const { size, total } = openRequests;
    if (size > 0 || total !== this.#seen) {
      this.#seen = total;
      this.#quiet = 0;
      return;
    }
    this.#quiet += 1;
    // Once for each quiet time.
    if (this.#quiet !== QUIET_LOOKS) return;
    const resident = residentBytes();
    if (resident === undefined || resident < this.#floor + WORTH_BYTES) return;
    giveBack();
    this.#floor = residentBytes() ?? resident;
  }
}
