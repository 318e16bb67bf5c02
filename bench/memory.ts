/** Resident memory: idle, with slow streams open, and after they have closed. */
import type { Contestant } from "./contestants.ts";
import { AFTER, IDLE, openMiB, openOf, perStream } from "./figure-names.ts";
import { leave, type Seat, seat } from "./groups.ts";
import type { Load } from "./load.ts";
import { residentBytes } from "./process-figures.ts";
import { hold, pause, release, settled } from "./processes.ts";
import type { Figures } from "./results.ts";
import { BURST, SLOW, UNARY } from "./workloads.ts";

const MIB = 1024 * 1024;

export interface MemoryPlan {
  /** Numbers of open streams, one after the other. */
  streams: readonly number[];
  /** Answers and streams before anything is read. */
  requests: number;
  bursts: number;
  /** Of nothing, before idle memory is read: Pollux gives memory back after half a minute. */
  quietSeconds: number;
  /** Whether memory is read again after the streams, and as much time. */
  afterwards: boolean;
}

/** Streams that are opened a second. */
const OPENED = 1200;

/** Until all are open and have said a word or two. */
export function holdSeconds(streams: number): number {
  return streams / OPENED + 6;
}

/**
 * Everybody is idle at the same time, and has streams open one after the other. Whoever still works on its streams once
 * they are closed, or on requests that nobody waits for any more, is held while another has its turn: it would take
 * the core that they share.
 */
export async function measureMemory(
  load: Load,
  contestants: readonly Contestant[],
  firstPort: number,
  upstream: string,
  plan: MemoryPlan,
  say: (line: string) => void,
): Promise<Record<string, Figures>> {
  const found: Record<string, Figures> = {};
  const seats: Seat[] = [];
  try {
    for (const [index, contestant] of contestants.entries()) {
      say(`${contestant.name}: memory`);
      const one = await seat(contestant, firstPort + index, upstream);
      seats.push(one);
      found[contestant.name] = {};
      const { port, gateway } = one;
      await load.run(contestant, port, UNARY, { connections: 64, requests: plan.requests }, gateway);
      await load.run(contestant, port, BURST, { connections: 64, requests: plan.bursts }, gateway);
    }
    await pause(plan.quietSeconds * 1000);
    for (const { contestant, gateway } of seats) found[contestant.name]![IDLE] = mib(gateway!.pid);
    for (const streams of plan.streams) {
      for (const one of seats) {
        say(`${one.contestant.name}: memory with ${streams} streams`);
        await release(one.gateway);
        Object.assign(found[one.contestant.name]!, await withStreams(load, one, streams, found));
        if (!(await settled(one.gateway))) hold(one.gateway);
      }
    }
    if (plan.afterwards) {
      await Promise.all(seats.map(({ gateway }) => release(gateway)));
      await pause(plan.quietSeconds * 1000);
      for (const { contestant, gateway } of seats) found[contestant.name]![AFTER] = mib(gateway!.pid);
    }
    return found;
  } finally {
    await leave(seats);
  }
}

async function withStreams(
  load: Load,
  { contestant, port, gateway }: Seat,
  streams: number,
  found: Readonly<Record<string, Figures>>,
): Promise<Figures> {
  const seconds = holdSeconds(streams);
  const held = load.run(contestant, port, SLOW, { connections: streams, hold: OPENED, seconds }, gateway);
  await pause(seconds * 1000 - 1000);
  const full = mib(gateway!.pid);
  const { open } = await held;
  const idle = found[contestant.name]![IDLE]!;
  return {
    [openMiB(streams)]: full,
    [openOf(streams)]: open,
    [perStream(streams)]: ((full - idle) * 1024) / Math.max(1, open),
  };
}

function mib(pid: number): number {
  return residentBytes(pid) / MIB;
}
