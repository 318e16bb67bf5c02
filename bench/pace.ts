/** How fast each contestant is, roughly, so that a run can be planned, and what follows from it. */
import { BARE, DIRECT_NAME, NGINX, POLLUX, TLS } from "./results.ts";

export interface Pace {
  requestsPerSecond: number;
  streamsPerSecond: number;
  /** Answers it is warmed with: until it is as fast as it gets, at least 20,000. */
  warmRequests: number;
  warmStreams: number;
  /** Paced streams that are begun each second: some half of what it can do at most. */
  pacedStreams: number;
  startSeconds: number;
}

/** V8 goes on compiling for some 50,000 requests. */
const OWN: Pace = {
  requestsPerSecond: 12_000,
  streamsPerSecond: 6_000,
  warmRequests: 60_000,
  warmStreams: 6_000,
  pacedStreams: 60,
  startSeconds: 0.3,
};

export const PACES = {
  /** No process: only connections are to be opened. */
  [DIRECT_NAME]: { ...OWN, requestsPerSecond: 200_000, warmRequests: 1_000, warmStreams: 0, startSeconds: 0 },
  [NGINX]: {
    ...OWN,
    requestsPerSecond: 60_000,
    streamsPerSecond: 20_000,
    warmRequests: 20_000,
    startSeconds: 0.1,
  },
  [POLLUX]: OWN,
  [BARE]: OWN,
  [TLS]: { ...OWN, requestsPerSecond: 9_000, streamsPerSecond: 3_500 },
  Portkey: {
    ...OWN,
    requestsPerSecond: 1_500,
    streamsPerSecond: 500,
    warmRequests: 30_000,
    warmStreams: 3_000,
  },
  Bifrost: { ...OWN, requestsPerSecond: 5_500, streamsPerSecond: 1_500, warmRequests: 30_000 },
  /** Python compiles nothing while it runs: requests cost the same from the first thousand on. */
  LiteLLM: {
    requestsPerSecond: 100,
    streamsPerSecond: 23,
    warmRequests: 20_000,
    warmStreams: 200,
    pacedStreams: 10,
    startSeconds: 5.5,
  },
} as const satisfies Record<string, Pace>;

export const PROCESS_PACE: Pace = { ...OWN, warmRequests: 30_000, warmStreams: 2_000 };

export function warmSeconds(pace: Pace): number {
  const { requestsPerSecond, streamsPerSecond, warmRequests, warmStreams, startSeconds } = pace;
  return startSeconds + warmRequests / requestsPerSecond + warmStreams / streamsPerSecond;
}
