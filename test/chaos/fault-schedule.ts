/** What goes wrong when: decided before it begins, by the dice alone. */
import type { Toxic } from "../../src/toxics/fault-proxy.ts";
import type { Dice } from "./dice.ts";
import type { UpstreamName } from "./plan.ts";

export type FaultAction = { atMs: number } & (
  | { kind: "toxic"; upstream: UpstreamName; toxic: Toxic; forMs: number }
  | { kind: "upstream-restart"; upstream: UpstreamName; awayMs: number }
  | { kind: "reload"; file: "good" | "bad"; variant: number }
  | { kind: "pause"; forMs: number }
  | { kind: "SIGTERM" }
  | { kind: "SIGKILL" }
);

export interface ScheduleOptions {
  lengthMs: number;
  /** How often the gateway is ended and started anew. */
  restarts: { SIGTERM: number; SIGKILL: number };
}

/** At least one of each kind, spread over the phase. */
export function scheduleFaults(dice: Dice, { lengthMs, restarts }: ScheduleOptions): FaultAction[] {
  const actions: FaultAction[] = [];
  const at = (): number => dice.between(0, Math.floor(lengthMs * 0.9));
  const upstream = (): UpstreamName => dice.pick(["a", "b"]);
  const times = (everyMs: number, add: () => void): void => {
    for (let count = Math.max(1, Math.round(lengthMs / everyMs)); count > 0; count -= 1) add();
  };
  times(700, () => {
    const forMs = dice.between(200, 2500);
    actions.push({
      atMs: at(),
      kind: "toxic",
      upstream: upstream(),
      toxic: makeToxic(dice, actions.length),
      forMs,
    });
  });
  times(9_000, () =>
    actions.push({
      atMs: at(),
      kind: "upstream-restart",
      upstream: upstream(),
      awayMs: dice.between(50, 1500),
    }),
  );
  times(8_000, () =>
    actions.push({ atMs: at(), kind: "reload", file: "good", variant: dice.between(0, 99) }),
  );
  times(12_000, () =>
    actions.push({ atMs: at(), kind: "reload", file: "bad", variant: dice.between(0, 99) }),
  );
  times(20_000, () => actions.push({ atMs: at(), kind: "pause", forMs: dice.between(50, 1500) }));
  // One after the other, each with a part of the phase to itself.
  const signals = dice.shuffled(
    (["SIGTERM", "SIGKILL"] as const).flatMap((kind) => Array.from({ length: restarts[kind] }, () => kind)),
  );
  for (const [index, kind] of signals.entries()) {
    actions.push({ atMs: Math.floor((lengthMs * (index + dice.fraction() * 0.5)) / signals.length), kind });
  }
  return actions.sort((one, other) => one.atMs - other.atMs);
}

function makeToxic(dice: Dice, serial: number): Toxic {
  const type = dice.weighted({
    latency: 5,
    bandwidth: 3,
    slicer: 4,
    limit_data: 4,
    timeout: 2,
    slow_close: 2,
    reset_peer: 4,
    blackhole: 2,
  });
  const attributes: Record<typeof type, () => Record<string, number>> = {
    latency: () => ({ latency: dice.between(1, 300), jitter: dice.between(0, 200) }),
    bandwidth: () => ({ rate: dice.between(2, 200) }),
    slicer: () => ({ average_size: dice.between(2, 400), size_variation: 1, delay: dice.between(0, 2000) }),
    limit_data: () => ({ bytes: dice.between(0, 20_000) }),
    timeout: () => ({ timeout: dice.between(0, 1000) }),
    slow_close: () => ({ delay: dice.between(0, 1000) }),
    reset_peer: () => ({ timeout: dice.between(0, 500) }),
    blackhole: () => ({}),
  };
  return {
    name: `${type} ${serial}`,
    type,
    stream: dice.pick(["downstream", "downstream", "upstream"]),
    toxicity: dice.pick([0.2, 0.5, 1]),
    attributes: attributes[type](),
  };
}
