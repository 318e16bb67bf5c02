/** Buckets of a window: the oldest tenth falls away at once, which is exact enough for a rate. */
const BUCKETS = 10;

/** How often something happened within the last `windowMs`. Fixed memory; a clock set back only delays forgetting. */
export class SlidingCount {
  readonly #widthMs: number;
  readonly #counts: number[] = Array.from({ length: BUCKETS }, () => 0);
  #newest = -Infinity;
  #total = 0;

  constructor(windowMs: number) {
    this.#widthMs = windowMs / BUCKETS;
  }

  add(nowMs: number): void {
    this.#advance(nowMs);
    const index = this.#index(this.#newest);
    this.#counts[index] = (this.#counts[index] ?? 0) + 1;
    this.#total += 1;
  }

  total(nowMs: number): number {
    this.#advance(nowMs);
    return this.#total;
  }

  clear(): void {
    this.#counts.fill(0);
    this.#total = 0;
  }

  #advance(nowMs: number): void {
    const bucket = Math.floor(nowMs / this.#widthMs);
    if (bucket <= this.#newest) return;
    if (bucket - this.#newest >= BUCKETS) {
      this.clear();
    } else {
      for (let passed = this.#newest + 1; passed <= bucket; passed += 1) {
        const index = this.#index(passed);
        this.#total -= this.#counts[index] ?? 0;
        this.#counts[index] = 0;
      }
    }
    this.#newest = bucket;
  }

  #index(bucket: number): number {
    return ((bucket % BUCKETS) + BUCKETS) % BUCKETS;
  }
}
