/** Time in which an old peak loses two thirds of its weight, given newer samples. */
const FADE_MS = 10_000;

/**
 * How long a target takes to its first byte, as a peak-sensitive moving average: it rises to a slow answer at once
 * and comes down over seconds, so that a target in trouble is left early and trusted late.
 * Source: Finagle's Peak EWMA, as described for Envoy,
 * https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/contrib/load_balancing_policies/peak_ewma/peak_ewma.html.
 */
export class Latency {
  #ms: number | undefined;
  #observedAtMs = -Infinity;

  /** Undefined before the first sample. */
  get ms(): number | undefined {
    return this.#ms;
  }

  /** Time since the last sample. */
  ageMs(nowMs: number): number {
    return nowMs - this.#observedAtMs;
  }

  observe(firstByteMs: number, nowMs: number): void {
    const old = this.#ms;
    if (old === undefined || firstByteMs >= old) {
      this.#ms = firstByteMs;
    } else {
      const kept = Math.exp(-Math.max(0, nowMs - this.#observedAtMs) / FADE_MS);
      this.#ms = old * kept + firstByteMs * (1 - kept);
    }
    this.#observedAtMs = nowMs;
  }

  /** No first byte came within `waitedMs`: the true time is unknown, but not less. */
  observeAtLeast(waitedMs: number, nowMs: number): void {
    if (this.#ms !== undefined && waitedMs > this.#ms) this.observe(waitedMs, nowMs);
  }
}
