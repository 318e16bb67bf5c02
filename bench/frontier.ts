/** The highest rate of requests that a contestant answers in time. */
import type { Contestant } from "./contestants.ts";
import { withinMs } from "./figure-names.ts";
import type { Load } from "./load.ts";
import { type Running, settled } from "./processes.ts";
import type { Figures } from "./results.ts";
import { UNARY } from "./workloads.ts";

export const FRONTIER_LIMITS_MS: readonly number[] = [1, 5, 10, 50];
export const FRONTIER_SECONDS = 1.2;
/** Until clients have their connections. */
const LEAD_SECONDS = 0.3;
/** A rate may be tried twice, and a limit that is not met ends there. Of what a contestant answers with no pause between requests. */
export const FRONTIER_SHARES: readonly number[] = [0.1, 0.2, 0.35, 0.5, 0.65, 0.8];

/** At a rate of requests, whatever the answers do, each counted from when it was due. */
export async function frontier(
  load: Load,
  contestant: Contestant,
  port: number,
  gateway: Running | undefined,
  saturated: number,
): Promise<Figures> {
  const best: Figures = {};
  let open = FRONTIER_LIMITS_MS;
  for (const share of FRONTIER_SHARES) {
    const rate = Math.max(1, Math.round(saturated * share));
    let p99 = await p99At(load, contestant, port, gateway, rate);
    // One stall of the machine delays more than one request in a hundred: a second try tells it from the rate.
    if (open.some((limit) => p99 > limit)) {
      p99 = Math.min(p99, await p99At(load, contestant, port, gateway, rate));
    }
    open = open.filter((limit) => p99 <= limit);
    for (const limit of open) best[withinMs(limit)] = rate;
    if (open.length === 0) break;
  }
  return best;
}

/** In milliseconds; infinite when the rate was not held. */
async function p99At(
  load: Load,
  contestant: Contestant,
  port: number,
  gateway: Running | undefined,
  rate: number,
): Promise<number> {
  const options = { connections: 1024, rate, lead: LEAD_SECONDS, seconds: FRONTIER_SECONDS - LEAD_SECONDS };
  const { latency_us: latency, ...result } = await load.run(contestant, port, UNARY, options, gateway);
  await settled(gateway);
  const kept = result.errors === 0 && result.late === 0 && result.done > 0.95 * result.issued;
  return kept && latency !== null ? latency.p99 / 1000 : Infinity;
}
