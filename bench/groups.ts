/** Contestants that are compared with each other run in turns, the order reversed every other round. */
import type { Contestant } from "./contestants.ts";
import type { Load } from "./load.ts";
import { hold, release, type Running, settled, stop } from "./processes.ts";
import type { Figures } from "./results.ts";
import { type Step, takeFigures, takeTurns } from "./steps.ts";
import { BURST, UNARY, type Workload } from "./workloads.ts";

/** A contestant whose process runs, or one that needs none. */
export interface Seat {
  contestant: Contestant;
  port: number;
  gateway: Running | undefined;
}

/** Starts a contestant; `direct` is where the upstream is. */
export async function seat(contestant: Contestant, port: number, upstream: string): Promise<Seat> {
  if (contestant.start === undefined) {
    return { contestant, port: Number(new URL(upstream).port), gateway: undefined };
  }
  return { contestant, port, gateway: await contestant.start(port, upstream) };
}

/**
 * By count, not by time: a slow gateway would be measured cold. In the middle of it each other kind of work has a short
 * turn: V8 throws away code that is met by objects of other shapes, which would cost the first two rounds a quarter.
 */
export async function warm(load: Load, seat: Seat, steps: readonly Step[], share = 1): Promise<void> {
  const { warmRequests, warmStreams } = seat.contestant.pace;
  const requests = Math.max(Math.min(warmRequests, LEAST_WARM), Math.ceil(warmRequests * share));
  const streams = Math.ceil(warmStreams * share);
  await answered(load, seat, UNARY, requests / 2);
  await answered(load, seat, BURST, streams / 2);
  await takeTurns(load, seat, steps);
  await answered(load, seat, UNARY, requests / 2);
  await answered(load, seat, BURST, streams / 2);
}

/** Whatever the share. */
const LEAST_WARM = 20_000;

async function answered(load: Load, seat: Seat, workload: Workload, count: number): Promise<void> {
  const { contestant, port, gateway } = seat;
  if (count === 0) return;
  await load.run(contestant, port, workload, { connections: 64, requests: Math.ceil(count) }, gateway);
  await settled(gateway);
}

export interface GroupOptions {
  load: Load;
  seats: readonly Seat[];
  rounds: number;
  stepsOf: (name: string) => readonly Step[];
  /** Factor on all times. */
  shorter: number;
  say: (line: string) => void;
}

/** All rounds of all seats, which are warm. Whoever has no turn is held. */
export async function runRounds({
  load,
  seats,
  rounds,
  stepsOf,
  shorter,
  say,
}: GroupOptions): Promise<{ rounds: Record<string, Figures[]>; remarks: string[] }> {
  const found: Record<string, Figures[]> = {};
  const remarks = new Set<string>();
  for (const { contestant, gateway } of seats) {
    found[contestant.name] = [];
    hold(gateway);
  }
  for (let round = 0; round < rounds; round += 1) {
    say(`round ${round + 1} of ${rounds}`);
    for (const { contestant, port, gateway } of round % 2 === 0 ? seats : seats.toReversed()) {
      const { name } = contestant;
      await release(gateway);
      const taken = await takeFigures(load, contestant, port, gateway, stepsOf(name), shorter);
      hold(gateway);
      found[name]!.push(taken.figures);
      for (const remark of taken.remarks) remarks.add(remark);
    }
  }
  return { rounds: found, remarks: [...remarks] };
}

export async function leave(seats: readonly Seat[]): Promise<void> {
  for (const { gateway } of seats) if (gateway !== undefined) await stop(gateway);
}
