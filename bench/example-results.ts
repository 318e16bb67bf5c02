/** Results made up for the tests: every figure of `other` is twice that of `own`, so that ratios can be told. */
import {
  AFTER,
  CHUNK_CPU,
  CHUNKS,
  IDLE,
  LATENCIES,
  p50,
  p99,
  PACED_CPU,
  perStream,
  REQUEST_CPU,
  REQUESTS,
  STEADY_ANSWERED,
} from "./figure-names.ts";
import {
  BARE,
  DIRECT_NAME,
  type Figures,
  GATEWAYS,
  LIMIT,
  NGINX,
  PEERS,
  POLLUX,
  type Results,
} from "./results.ts";

/** Every figure of a round is the same number, but for what is answered of 200/s. */
export function figures(value: number): Figures {
  const names = [REQUESTS, REQUEST_CPU, CHUNKS, CHUNK_CPU, PACED_CPU];
  for (const latency of LATENCIES) names.push(p50(latency), p99(latency));
  return { ...Object.fromEntries(names.map((name) => [name, value])), [STEADY_ANSWERED]: 200 };
}

const rounds = (value: number): Figures[] => [figures(value), figures(value), figures(value)];

export function exampleResults(own = 1000): Results {
  return {
    machine: "2 cores",
    date: "2026-11-21",
    commit: "abc",
    quick: false,
    seconds: 600,
    contestants: { [POLLUX]: { version: "this tree", configuration: "as users run it" } },
    missing: {},
    remarks: [],
    groups: {
      [LIMIT]: {
        [DIRECT_NAME]: rounds(100),
        [NGINX]: rounds(2000),
        [POLLUX]: rounds(own),
        [BARE]: rounds(own),
      },
      [GATEWAYS]: {
        [POLLUX]: rounds(own),
        ...Object.fromEntries(PEERS.map((name) => [name, rounds(2000)])),
      },
    },
    frontier: {},
    memory: { [POLLUX]: { [IDLE]: 80, [perStream(5000)]: 20, [AFTER]: 84 } },
    startMs: { [POLLUX]: 170 },
  };
}
