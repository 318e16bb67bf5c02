/** How long after the end of a process another takes its place. */
const LONG_LIFE_MS = 10_000;
const FIRST_MS = 500;
const MOST_MS = 30_000;

/**
 * 0 after a life of some length. Otherwise twice as long as the last time: what ends as soon as it has begun will do so
 * again.
 * @param lastMs the delay before the process that has now ended; 0 for the first
 */
export function restartDelay(livedMs: number, lastMs: number): number {
  if (livedMs >= LONG_LIFE_MS) return 0;
  return Math.min(MOST_MS, Math.max(FIRST_MS, lastMs * 2));
}
