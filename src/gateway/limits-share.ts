/** What one of several processes takes of the limits that are meant for all of them together. */
import type { Limits } from "./gateway.ts";

/** Bounds on how many there are at one time, over all requests. What one request may cost or take is not divided. */
export const DIVIDED_LIMITS = [
  "maxInFlight",
  "maxInFlightPerKey",
  "maxStreams",
  "maxQueue",
  "maxBodyBytesInFlight",
  "failedKeysPerSecond",
  "maxConnections",
  "maxConnectionsPerAddress",
  "upstreamConnections",
] as const satisfies readonly (keyof Limits)[];

/**
 * The equal share of each of `processes`, rounded up: connections are dealt out in turn. 0 stays 0, which switches a
 * limit off or has it follow from others.
 */
export function shareOf(limits: Limits, processes: number): Limits {
  if (processes === 1) return limits;
  const share = { ...limits };
  for (const name of DIVIDED_LIMITS) share[name] = Math.ceil(limits[name] / processes);
  return share;
}
