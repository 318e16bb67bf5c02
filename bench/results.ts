/** What one run of the benchmark found, and how it is read: ratios inside one group and one round. */
import { median } from "./statistics.ts";

/** By name; the name says the unit. */
export type Figures = Record<string, number>;

/** Of the contestants of one group, round by round. */
export type Rounds = Record<string, readonly Figures[]>;

export interface Results {
  machine: string;
  date: string;
  commit: string;
  quick: boolean;
  /** How long the run took. */
  seconds: number;
  contestants: Record<string, { version: string; configuration: string }>;
  /** Who could not be had, and why. */
  missing: Record<string, string>;
  /** What went wrong, or was not sustained. */
  remarks: string[];
  groups: Record<string, Rounds>;
  frontier: Record<string, Figures>;
  memory: Record<string, Figures>;
  startMs: Record<string, number>;
}

export const DIRECT_NAME = "direct";
export const NGINX = "nginx";
export const POLLUX = "Pollux";
export const BARE = "Pollux bare";
export const TLS = "Pollux over TLS";
export const PEERS = ["Portkey", "Bifrost", "LiteLLM"] as const;

/** Of Pollux in as many processes. */
export const processesName = (count: number): string => (count === 1 ? "1 process" : `${count} processes`);

/** Group names. */
export const LIMIT = "limit";
export const GATEWAYS = "gateways";
export const PROCESSES = "processes";

/** The median of a figure over the rounds; undefined when it was not measured. */
export function middle(rounds: Rounds | undefined, who: string, figure: string): number | undefined {
  const value = median((rounds?.[who] ?? []).map((figures) => figures[figure] ?? NaN));
  return Number.isNaN(value) ? undefined : value;
}

export interface Ratio {
  middle: number;
  low: number;
  high: number;
}

/** A figure of one over that of another, of each round: what the machine did then falls on both. */
export function ratio(
  rounds: Rounds | undefined,
  who: string,
  over: string,
  figure: string,
): Ratio | undefined {
  const others = rounds?.[over] ?? [];
  const ratios = (rounds?.[who] ?? [])
    .map((figures, at) => (figures[figure] ?? NaN) / (others[at]?.[figure] ?? NaN))
    .filter(Number.isFinite);
  if (ratios.length === 0) return undefined;
  return { middle: median(ratios), low: Math.min(...ratios), high: Math.max(...ratios) };
}

/** What a gateway adds to a latency, in milliseconds: its own (in microseconds) less that without a gateway. */
export function added(results: Results, group: string, who: string, figure: string): number | undefined {
  const own = middle(results.groups[group], who, figure);
  const direct = middle(results.groups[LIMIT], DIRECT_NAME, figure);
  return own === undefined || direct === undefined ? undefined : (own - direct) / 1000;
}

/** What one adds to a latency over what another adds, round by round; without direct figures, of the whole latencies. */
export function addedRatio(
  results: Results,
  group: string,
  who: string,
  over: string,
  figure: string,
): Ratio | undefined {
  const direct = middle(results.groups[LIMIT], DIRECT_NAME, figure) ?? 0;
  const less = (name: string): Figures[] =>
    (results.groups[group]?.[name] ?? []).map((figures) => ({ [figure]: (figures[figure] ?? NaN) - direct }));
  return ratio({ [who]: less(who), [over]: less(over) }, who, over, figure);
}

export function divide(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined || !Number.isFinite(a / b) ? undefined : a / b;
}
