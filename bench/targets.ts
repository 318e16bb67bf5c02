/** What is aimed at: ratios of one run, everything switched on. */
import {
  AFTER,
  BACK_TO_BACK,
  CHUNKS,
  FIRST,
  IDLE,
  p50,
  p99,
  PACED_CPU,
  perStream,
  REQUESTS,
  SIXTEEN,
  STEADY,
} from "./figure-names.ts";
import {
  added,
  addedRatio,
  BARE,
  divide,
  GATEWAYS,
  LIMIT,
  NGINX,
  PEERS,
  POLLUX,
  ratio,
  type Ratio,
  type Results,
  TLS,
} from "./results.ts";

export interface Target {
  figure: string;
  aim: number;
  /** Whether the figure is to be at least that, or under it. */
  is: "at least" | "under";
  /** How `seen` is counted: `x` for a ratio. */
  unit: "x" | "ms" | "MiB" | "KiB" | "s";
  seen: number | undefined;
  /** Of the rounds, for a ratio. */
  range?: Ratio | undefined;
  met: boolean | undefined;
}

export function targets(results: Results): Target[] {
  const { groups, memory, startMs } = results;
  const limit = (figure: string, over: string, who = POLLUX): Ratio | undefined =>
    ratio(groups[LIMIT], who, over, figure);
  const peer = (figure: string, over: string): Ratio | undefined =>
    ratio(groups[GATEWAYS], POLLUX, over, figure);
  const more = (figure: string, over: string): Ratio | undefined =>
    addedRatio(results, GATEWAYS, POLLUX, over, figure);
  const own = memory[POLLUX];
  return [
    least("requests/s against nginx", limit(REQUESTS, NGINX), 0.25),
    least("requests/s against Portkey", peer(REQUESTS, "Portkey"), 11),
    least("requests/s against LiteLLM", peer(REQUESTS, "LiteLLM"), 30),
    least("requests/s against Bifrost", peer(REQUESTS, "Bifrost"), 1.2),
    least("requests/s with a TLS upstream against a plain one", limit(REQUESTS, POLLUX, TLS), 0.8),
    least("chunks/s against nginx", limit(CHUNKS, NGINX), 0.35),
    least("chunks/s against Portkey", peer(CHUNKS, "Portkey"), 13),
    least("chunks/s against Bifrost", peer(CHUNKS, "Bifrost"), 1.2),
    under("processor time of a paced chunk against nginx", limit(PACED_CPU, NGINX), 2.3),
    ...PEERS.map((name) =>
      under(`processor time of a paced chunk against ${name}`, peer(PACED_CPU, name), 1),
    ),
    under("added latency, 16 at a time, p50", added(results, LIMIT, POLLUX, p50(SIXTEEN)), 0.3, "ms"),
    under("added latency, 16 back to back, p50", added(results, LIMIT, POLLUX, p50(BACK_TO_BACK)), 0.3, "ms"),
    under("added latency at 200/s, p50", added(results, LIMIT, POLLUX, p50(STEADY)), 0.3, "ms"),
    ...PEERS.flatMap((name) => [
      under(`added latency, 16 at a time, p99 against ${name}`, more(p99(SIXTEEN), name), 1),
      under(`added latency at 200/s, p99 against ${name}`, more(p99(STEADY), name), 1),
    ]),
    under("added time to the first token, p50", added(results, LIMIT, POLLUX, p50(FIRST)), 0.4, "ms"),
    ...PEERS.map((name) =>
      under(`added time to the first token, p99 against ${name}`, more(p99(FIRST), name), 1),
    ),
    under("memory of an open slow stream, of 5,000", own?.[perStream(5000)], 32, "KiB"),
    under("memory after 5,000 streams against idle", divide(own?.[AFTER], own?.[IDLE]), 1.1),
    under("idle memory", own?.[IDLE], 90, "MiB"),
    under("start to first answer", divide(startMs[POLLUX], 1000), 0.4, "s"),
    least("requests/s with everything on against bare", limit(REQUESTS, BARE), 0.85),
    least("chunks/s with everything on against bare", limit(CHUNKS, BARE), 0.85),
  ];
}

function least(figure: string, range: Ratio | undefined, aim: number): Target {
  const seen = range?.middle;
  const met = seen === undefined ? undefined : seen >= aim;
  return { figure, aim, is: "at least", unit: "x", seen, range, met };
}

function under(
  figure: string,
  value: Ratio | number | undefined,
  aim: number,
  unit: Target["unit"] = "x",
): Target {
  const range = typeof value === "object" ? value : undefined;
  const seen = typeof value === "object" ? value.middle : value;
  const met = seen === undefined ? undefined : seen < aim;
  return { figure, aim, is: "under", unit, seen, range, met };
}
