/** Contestants that are compared with each other run in turns, the order reversed every other round. */
import type { Contestant } from "./contestants.ts";
import { type Figures, frontier, median, type Step, takeFigures } from "./figures.ts";
import type { Load } from "./load.ts";
import { type Running, stop } from "./processes.ts";
import { BURST, UNARY } from "./workloads.ts";

export interface GroupResult {
  /** Medians over the rounds, by contestant. */
  medians: Record<string, Figures>;
  /** Every round, by contestant. */
  rounds: Record<string, Figures[]>;
  failed: Record<string, string[]>;
}

export interface GroupOptions {
  contestants: readonly Contestant[];
  /** Ports of their own from here on. */
  firstPort: number;
  upstream: string;
  upstreamOf?: (contestant: Contestant) => string;
  load: Load;
  rounds: number;
  steps: readonly Step[];
  /** Factor on all times. */
  shorter: number;
  withFrontier: boolean;
  warm: (contestant: Contestant) => number;
  say: (line: string) => void;
}

export async function runGroup(options: GroupOptions): Promise<GroupResult> {
  const { contestants, firstPort, upstream, load, rounds, steps, shorter, say } = options;
  const result: GroupResult = { medians: {}, rounds: {}, failed: {} };
  const present: { contestant: Contestant; port: number; gateway: Running | undefined }[] = [];
  try {
    for (const [index, contestant] of contestants.entries()) {
      const at = options.upstreamOf?.(contestant) ?? upstream;
      const port = contestant.start === undefined ? Number(new URL(at).port) : firstPort + index;
      const gateway = await contestant.start?.(port, at);
      say(`${contestant.name}: warming up`);
      const requests = options.warm(contestant);
      await load.run(contestant, port, UNARY, { connections: 64, requests }, gateway);
      await load.run(
        contestant,
        port,
        BURST,
        { connections: 64, requests: Math.ceil(requests / 10) },
        gateway,
      );
      present.push({ contestant, port, gateway });
      result.rounds[contestant.name] = [];
    }
    for (let round = 0; round < rounds; round += 1) {
      const order = round % 2 === 0 ? present : present.toReversed();
      for (const { contestant, port, gateway } of order) {
        say(`round ${round + 1} of ${rounds}: ${contestant.name}`);
        const taken = await takeFigures(load, contestant, port, gateway, steps, shorter);
        result.rounds[contestant.name]!.push(taken.figures);
        if (taken.failed.length > 0) result.failed[contestant.name] = taken.failed;
      }
    }
    for (const { contestant, port, gateway } of present) {
      const all = result.rounds[contestant.name]!;
      const names = new Set(all.flatMap((figures) => Object.keys(figures)));
      const medians: Figures = {};
      for (const name of names) medians[name] = median(all.map((figures) => figures[name] ?? NaN));
      if (options.withFrontier) {
        say(`${contestant.name}: the frontier`);
        Object.assign(medians, await frontier(load, contestant, port, gateway));
      }
      result.medians[contestant.name] = medians;
    }
  } finally {
    for (const { gateway } of present) if (gateway !== undefined) await stop(gateway);
  }
  return result;
}
