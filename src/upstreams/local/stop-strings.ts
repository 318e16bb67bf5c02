/** Looks for stop strings in text that comes in pieces; what might be the beginning of one is held back. */
export class StopStrings {
  readonly #stops: readonly string[];
  #held = "";
  #stopped = false;

  /** `stops` holds no empty string. */
  constructor(stops: readonly string[]) {
    this.#stops = stops;
  }

  /** A stop string was found: the text before it has been given, and no more will be. */
  get stopped(): boolean {
    return this.#stopped;
  }

  /** The text that is now known to stand before any stop string. */
  push(text: string): string {
    if (this.#stopped) return "";
    const all = this.#held + text;
    const at = this.#firstStop(all);
    if (at !== undefined) {
      this.#stopped = true;
      this.#held = "";
      return all.slice(0, at);
    }
    const keep = this.#possibleBeginning(all);
    this.#held = all.slice(all.length - keep);
    return all.slice(0, all.length - keep);
  }

  /** What was held back, once no more text comes. */
  end(): string {
    const held = this.#held;
    this.#held = "";
    return held;
  }

  #firstStop(text: string): number | undefined {
    const places = this.#stops.map((stop) => text.indexOf(stop)).filter((at) => at !== -1);
    return places.length === 0 ? undefined : Math.min(...places);
  }

  #possibleBeginning(text: string): number {
    return Math.max(0, ...this.#stops.map((stop) => longestOverlap(text, stop)));
  }
}

/** Length of the longest end of `text` that is a beginning of `marker`, the whole of it excepted. */
export function longestOverlap(text: string, marker: string): number {
  for (let length = Math.min(text.length, marker.length - 1); length > 0; length--) {
    if (text.endsWith(marker.slice(0, length))) return length;
  }
  return 0;
}
