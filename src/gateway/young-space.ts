/**
 * Keeps V8's space for young objects at half of what it would grow to: the other half is as much memory as thousands of
 * open streams take, and requests and chunks cost the same without it.
 */
import { getHeapSpaceStatistics, setFlagsFromString } from "node:v8";

const LOOK_EVERY_MS = 250;
const MIB = 1024 * 1024;
/** V8 has begun on two halves of 16 MiB each, which it would double once more. */
const LARGE_BYTES = 20 * MIB;
/** V8 has given most of it back, as it does while little is asked of it; it has to be free to grow again. */
const SMALL_BYTES = 8 * MIB;
/** V8's own. */
const DOUBLES = 2;
const STAYS = 1;

export interface YoungSpaceParts {
  bytes: () => number;
  /** By how much V8 multiplies the space where much of what is in it lives on. */
  setGrowth: (factor: number) => void;
}

/**
 * The flag `--max-semi-space-size` would do the same, but V8 reads it before anything of ours runs. It reads the factor
 * of growth each time. Where a version of V8 does not, or where the space doubles twice between two looks, it grows as it
 * always did.
 */
export class YoungSpace {
  readonly #parts: YoungSpaceParts;
  readonly #timer: NodeJS.Timeout;
  #isHeld = false;

  constructor(parts: YoungSpaceParts = OF_V8) {
    this.#parts = parts;
    this.#timer = setInterval(() => this.#look(), LOOK_EVERY_MS).unref();
  }

  /** V8 compares its flags with those that compiled code was stored with, so it has its own again before that is stored. */
  close(): void {
    clearInterval(this.#timer);
    this.#hold(false);
  }

  #look(): void {
    const bytes = this.#parts.bytes();
    if (bytes > LARGE_BYTES) this.#hold(true);
    else if (bytes < SMALL_BYTES) this.#hold(false);
  }

  #hold(held: boolean): void {
    if (held === this.#isHeld) return;
    this.#isHeld = held;
    this.#parts.setGrowth(held ? STAYS : DOUBLES);
  }
}

/** Of this process. */
export const OF_V8: YoungSpaceParts = {
  bytes: () => getHeapSpaceStatistics().find(({ space_name }) => space_name === "new_space")?.space_size ?? 0,
  setGrowth: (factor) => setFlagsFromString(`--semi-space-growth-factor=${factor}`),
};
