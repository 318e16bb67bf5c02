/** What is aimed at: ratios of one run, everything switched on. */
import type { Figures } from "./figures.ts";

export interface Results {
  machine: string;
  date: string;
  commit: string;
  quick: boolean;
  versions: Record<string, string>;
  configurations: Record<string, string>;
  missing: Record<string, string>;
  /** By the peer that Pollux was compared with: medians of that group. */
  groups: Record<string, Record<string, Figures>>;
  failed: Record<string, string[]>;
  memory: Record<string, Figures>;
  startMs: Record<string, number>;
}

export interface Target {
  figure: string;
  aim: string;
  seen: number | undefined;
  /** How `seen` is written. */
  unit: string;
  met: boolean | undefined;
}

export const POLLUX = "Pollux";
export const BARE = "Pollux bare";
export const TLS = "Pollux over TLS";

export function targets(results: Results): Target[] {
  const { groups } = results;
  const get = (group: string, name: string, figure: string): number | undefined =>
    groups[group]?.[name]?.[figure];
  const ratio = (group: string, figure: string, over: string, name = POLLUX): number | undefined =>
    divide(get(group, name, figure), get(group, over, figure));
  const added = (group: string, name: string, figure: string): number | undefined => {
    const own = get(group, name, figure);
    const direct = get("nginx", "direct", figure);
    return own === undefined || direct === undefined ? undefined : (own - direct) / 1000;
  };
  const peers = ["Portkey", "LiteLLM", "Bifrost"].filter((name) => groups[name] !== undefined);
  const rows: Target[] = [
    least("requests/s against nginx", ratio("nginx", "unary/s", "nginx"), 0.25),
    least("requests/s against Portkey", ratio("Portkey", "unary/s", "Portkey"), 11),
    least("requests/s against LiteLLM", ratio("LiteLLM", "unary/s", "LiteLLM"), 30),
    least("requests/s against Bifrost", ratio("Bifrost", "unary/s", "Bifrost"), 1.2),
    least("requests/s with a TLS upstream against a plain one", ratio("TLS", "unary/s", POLLUX, TLS), 0.8),
    least("chunks/s against nginx", ratio("nginx", "chunks/s", "nginx"), 0.35),
    least("chunks/s against Portkey", ratio("Portkey", "chunks/s", "Portkey"), 13),
    least("chunks/s against Bifrost", ratio("Bifrost", "chunks/s", "Bifrost"), 1.2),
    most(
      "processor time of a paced chunk against nginx",
      ratio("nginx", "paced chunk cpu", "nginx"),
      2.3,
      "x",
    ),
    ...peers.map((peer) =>
      most(`processor time of a paced chunk against ${peer}`, ratio(peer, "paced chunk cpu", peer), 1, "x"),
    ),
    most("added latency, 16 at a time, p50", added("nginx", POLLUX, "16 at a time p50"), 0.3, "ms"),
    most("added latency, 200/s, p50", added("nginx", POLLUX, "200/s p50"), 0.3, "ms"),
    ...peers.flatMap((peer) => [
      most(`latency, 16 at a time, p99 against ${peer}`, ratio(peer, "16 at a time p99", peer), 1, "x"),
      most(`latency, 200/s, p99 against ${peer}`, ratio(peer, "200/s p99", peer), 1, "x"),
    ]),
    most("added time to the first token, p50", added("nginx", POLLUX, "first p50"), 0.4, "ms"),
    ...peers.map((peer) =>
      most(`time to the first token, p99 against ${peer}`, ratio(peer, "first p99", peer), 1, "x"),
    ),
    most("memory of a slow stream, 5,000 open", results.memory[POLLUX]?.["KiB a stream at 5000"], 32, "KiB"),
    most(
      "memory after 5,000 streams against idle",
      divide(results.memory[POLLUX]?.["MiB after 5000 streams"], results.memory[POLLUX]?.["idle MiB"]),
      1.1,
      "x",
    ),
    most("idle memory", results.memory[POLLUX]?.["idle MiB"], 90, "MiB"),
    most("start to first answer", divide(results.startMs[POLLUX], 1000), 0.4, "s"),
    least("requests/s with everything on against bare", ratio("nginx", "unary/s", BARE), 0.85),
    least("chunks/s with everything on against bare", ratio("nginx", "chunks/s", BARE), 0.85),
  ];
  return rows;
}

function divide(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined || Number.isNaN(a / b) ? undefined : a / b;
}

function least(figure: string, seen: number | undefined, aim: number): Target {
  return {
    figure,
    aim: `at least ${aim}`,
    seen,
    unit: "x",
    met: seen === undefined ? undefined : seen >= aim,
  };
}

function most(figure: string, seen: number | undefined, aim: number, unit: string): Target {
  const shown = unit === "x" ? String(aim) : `${aim} ${unit}`;
  return { figure, aim: `under ${shown}`, seen, unit, met: seen === undefined ? undefined : seen < aim };
}
