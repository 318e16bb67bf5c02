/** One of several targets that are all ready and of equal priority. */
import { rendezvousScore } from "./sticky.ts";
import type { Route, RouteTarget } from "./route.ts";
import type { TargetHealth } from "./target-health.ts";

export interface Candidate {
  readonly target: RouteTarget;
  readonly health: TargetHealth;
}

/** Assumed of a target that has work but has answered nothing yet. */
const UNKNOWN_MS = 1_000;
/** A target passed over for its latency is tried again now and then, or it could never show that it recovered. */
const STALE_AFTER_MS = 10_000;
const EXPLORE_SHARE = 0.05;

/**
 * `candidates` holds at least one. A sticky key decides alone; else chance by weight, or the sooner of two taken by
 * chance, which spreads load nearly as well as looking at all and never sends everybody to the same best one.
 *
 * @param random from 0 up to 1
 */
export function choose(
  candidates: readonly Candidate[],
  how: Route["choose"],
  stickyKey: string | undefined,
  nowMs: number,
  random: () => number,
): Candidate | undefined {
  if (candidates.length <= 1) return candidates[0];
  if (stickyKey !== undefined) {
    return least(candidates, ({ target }) => -rendezvousScore(stickyKey, target.id, target.weight));
  }
  return how === "latency" ? sooner(candidates, nowMs, random) : byWeight(candidates, random);
}

function byWeight(candidates: readonly Candidate[], random: () => number): Candidate | undefined {
  let total = 0;
  for (const { target } of candidates) total += target.weight;
  let left = random() * total;
  for (const candidate of candidates) {
    left -= candidate.target.weight;
    if (left < 0) return candidate;
  }
  // Rounding, or no weight at all.
  return candidates[0];
}

function sooner(
  candidates: readonly Candidate[],
  nowMs: number,
  random: () => number,
): Candidate | undefined {
  if (random() < EXPLORE_SHARE) {
    const oldest = least(candidates, ({ health }) => -health.latency.ageMs(nowMs));
    if (oldest?.health.inFlight === 0 && oldest.health.latency.ageMs(nowMs) >= STALE_AFTER_MS) return oldest;
  }
  const first = Math.floor(random() * candidates.length);
  const step = 1 + Math.floor(random() * (candidates.length - 1));
  const one = candidates[first];
  const other = candidates[(first + step) % candidates.length];
  if (one === undefined || other === undefined) return one;
  return cost(other) < cost(one) ? other : one;
}

/** Time to the first byte if everything under way is still ahead of us. */
function cost({ target, health }: Candidate): number {
  const { inFlight, latency } = health;
  if (latency.ms === undefined && inFlight === 0) return 0;
  return ((latency.ms ?? UNKNOWN_MS) * (inFlight + 1)) / target.weight;
}

function least(
  candidates: readonly Candidate[],
  rank: (candidate: Candidate) => number,
): Candidate | undefined {
  let best: Candidate | undefined;
  let bestRank = Infinity;
  for (const candidate of candidates) {
    const own = rank(candidate);
    if (best === undefined || own < bestRank) {
      best = candidate;
      bestRank = own;
    }
  }
  return best;
}
