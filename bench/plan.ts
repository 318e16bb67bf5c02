/** What a run consists of, and how long that takes. */
import { FRONTIER_SECONDS, FRONTIER_SHARES } from "./frontier.ts";
import { holdSeconds, type MemoryPlan } from "./memory.ts";
import { type Pace, PACES, PROCESS_PACE, warmSeconds } from "./pace.ts";
import {
  BARE,
  DIRECT_NAME,
  GATEWAYS,
  LIMIT,
  NGINX,
  PEERS,
  POLLUX,
  PROCESSES,
  processesName,
  TLS,
} from "./results.ts";
import { LATENCY, OTHER, type Step, THROUGHPUT, TURN_SECONDS } from "./steps.ts";

export interface Plan {
  rounds: number;
  /** Factor on the time of each step. */
  shorter: number;
  /** Share of the answers that a full run warms with. */
  warmShare: number;
  groups: Readonly<Record<string, Readonly<Record<string, readonly Step[]>>>>;
  /** Whose frontier is looked for. */
  frontier: readonly string[];
  memory: MemoryPlan & { contestants: readonly string[] };
  /** How often each is started. */
  starts: Readonly<Record<string, number>>;
}

const ALL = [...THROUGHPUT, ...LATENCY, ...OTHER];
const MAIN = [...THROUGHPUT, ...LATENCY];

export const PROCESS_COUNTS: readonly number[] = [1, 2, 4];

export const FULL: Plan = {
  rounds: 5,
  shorter: 1,
  warmShare: 1,
  groups: {
    [LIMIT]: {
      [DIRECT_NAME]: MAIN,
      [NGINX]: ALL,
      [POLLUX]: ALL,
      [BARE]: THROUGHPUT,
      [TLS]: THROUGHPUT,
    },
    [GATEWAYS]: Object.fromEntries([POLLUX, ...PEERS].map((name) => [name, ALL])),
    [PROCESSES]: Object.fromEntries(PROCESS_COUNTS.map((count) => [processesName(count), THROUGHPUT])),
  },
  frontier: [DIRECT_NAME, NGINX, POLLUX, ...PEERS],
  memory: {
    contestants: [POLLUX, ...PEERS],
    streams: [1000, 5000],
    requests: 2000,
    bursts: 200,
    quietSeconds: 34,
    afterwards: true,
  },
  starts: { [POLLUX]: 7, Portkey: 3, Bifrost: 3, LiteLLM: 2 },
};

/** Half the warming, which is most of what Pollux needs, and shorter steps: as noisy as its repeated runs show. */
export const QUICK: Plan = {
  rounds: 3,
  shorter: 0.6,
  warmShare: 0.5,
  groups: { [LIMIT]: { [DIRECT_NAME]: MAIN, [NGINX]: MAIN, [POLLUX]: MAIN, [BARE]: THROUGHPUT } },
  frontier: [],
  memory: { ...FULL.memory, contestants: [POLLUX], streams: [5000], afterwards: false },
  starts: { [POLLUX]: 5 },
};

/** To build Pollux, to look for the peers, which are there, and to start the upstream. */
const SET_UP_SECONDS = 15;
/** To start the load for a step, and for the gateway to be done with what is left over. */
const STEP_SECONDS = 0.15;
const ROUND_SECONDS = 0.4;

/** The peers are there already: fetching them the first time is not in it. */
export function plannedSeconds(plan: Plan): number {
  let seconds = SET_UP_SECONDS;
  for (const [group, members] of Object.entries(plan.groups)) {
    for (const [name, steps] of Object.entries(members)) {
      const steady = steps.reduce(
        (sum, { seconds: long, leadSeconds = 0 }) => sum + leadSeconds + long * plan.shorter + STEP_SECONDS,
        0,
      );
      seconds += plan.rounds * (steady + ROUND_SECONDS);
      if (group !== GATEWAYS) seconds += warmSeconds(paceOf(name)) * plan.warmShare + turnsSeconds(steps);
    }
  }
  // A few are tried twice.
  seconds += 1.3 * plan.frontier.length * FRONTIER_SHARES.length * (FRONTIER_SECONDS + STEP_SECONDS);
  for (const [name, times] of Object.entries(plan.starts))
    seconds += times * (paceOf(name).startSeconds + 0.5);
  return seconds + betweenSeconds(plan);
}

function turnsSeconds(steps: readonly Step[]): number {
  return steps.filter((step) => !THROUGHPUT.includes(step)).length * (TURN_SECONDS + STEP_SECONDS);
}

/** LiteLLM takes minutes to be warm. It is warmed on the load's core, while the others are, and memory is measured. */
function betweenSeconds(plan: Plan): number {
  const { LiteLLM: slow, ...others } = plan.groups[GATEWAYS] ?? {};
  const rest = Object.entries(others).reduce(
    (sum, [name, steps]) => sum + warmSeconds(paceOf(name)) + turnsSeconds(steps),
    0,
  );
  return Math.max(memorySeconds(plan) + rest, slow === undefined ? 0 : warmSeconds(PACES.LiteLLM) * 1.1);
}

function memorySeconds({ memory }: Plan): number {
  const { contestants, streams, requests, bursts, quietSeconds, afterwards } = memory;
  let seconds = quietSeconds * (afterwards ? 2 : 1);
  for (const name of contestants) {
    const { requestsPerSecond, streamsPerSecond, startSeconds } = paceOf(name);
    seconds += startSeconds + requests / requestsPerSecond + bursts / streamsPerSecond;
    for (const count of streams) seconds += holdSeconds(count) + ROUND_SECONDS;
  }
  return seconds;
}

function paceOf(name: string): Pace {
  return name in PACES ? PACES[name as keyof typeof PACES] : PROCESS_PACE;
}
