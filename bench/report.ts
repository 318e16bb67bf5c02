/** Results as text: ratios first, absolute figures beside them. */
import type { Baseline, Verdict } from "./baseline.ts";
import { CHUNKS, LATENCIES, p50, p99, REQUESTS, START, STEADY_ANSWERED, withinMs } from "./figure-names.ts";
import { FRONTIER_LIMITS_MS } from "./frontier.ts";
import {
  added,
  BARE,
  DIRECT_NAME,
  divide,
  type Figures,
  GATEWAYS,
  LIMIT,
  middle,
  NGINX,
  PEERS,
  POLLUX,
  PROCESSES,
  ratio,
  type Results,
  TLS,
} from "./results.ts";
import { number, table } from "./tables.ts";
import { targets } from "./targets.ts";

export function report(results: Results): string {
  const { quick, date, commit, machine, seconds } = results;
  return [
    `Measured ${date} at ${commit} on ${machine}, in ${Math.floor(seconds / 60)} min ${seconds % 60} s.${quick ? " A quick run." : ""}`,
    "",
    "### Targets",
    "",
    ...targetTable(results),
    ...ratioTable(results),
    ...addedTable(results),
    ...frontierTable(results),
    ...processTable(results),
    ...memoryTable(results),
    "### The figures themselves",
    "",
    whatTheLoadCanDo(results),
    "",
    ...Object.keys(results.groups).flatMap((group) => absoluteTable(results, group)),
    "### Who was measured, and how",
    "",
    ...whoAndHow(results),
  ].join("\n");
}

function targetTable(results: Results): string[] {
  // A quick run is not meant to have them all.
  const rows = targets(results).filter(({ seen }) => !results.quick || seen !== undefined);
  return table(
    ["Figure", "Aim", "Seen", "Rounds", ""],
    rows.map(({ figure, aim, is, unit, seen, range, met }) => [
      figure,
      `${is} ${unit === "x" ? aim : `${aim} ${unit}`}`,
      seen === undefined ? "not measured" : `${number(seen)}${unit === "x" ? "" : ` ${unit}`}`,
      range === undefined ? "" : `${number(range.low)} to ${number(range.high)}`,
      met === undefined ? "" : met ? "met" : "**not met**",
    ]),
  );
}

/** Pollux over each of the others. */
function ratioTable({ groups }: Results): string[] {
  const columns = [
    ...[NGINX, BARE].map((name) => ({ group: LIMIT, own: POLLUX, over: name })),
    { group: LIMIT, own: TLS, over: POLLUX },
    ...PEERS.map((name) => ({ group: GATEWAYS, own: POLLUX, over: name })),
  ].filter(({ group, own, over }) => groups[group]?.[own] !== undefined && groups[group][over] !== undefined);
  if (columns.length === 0) return [];
  const rows = figuresOf(columns.map(({ group, own }) => groups[group]![own]!))
    .filter((figure) => figure !== STEADY_ANSWERED)
    .map((figure) => [
      figure.replace(/, µs$/, ""),
      ...columns.map(({ group, own, over }) => number(ratio(groups[group], own, over, figure)?.middle)),
    ]);
  return [
    "### Ratios",
    "",
    "Medians of the ratios of each round.",
    "",
    ...table(["Figure", ...columns.map(({ own, over }) => `${own} / ${over}`)], rows),
  ];
}

function addedTable(results: Results): string[] {
  const columns = [
    { group: LIMIT, name: NGINX },
    { group: LIMIT, name: POLLUX },
    ...PEERS.map((name) => ({ group: GATEWAYS, name })),
  ].filter(({ group, name }) => results.groups[group]?.[name] !== undefined);
  if (results.groups[LIMIT]?.[DIRECT_NAME] === undefined) return [];
  return [
    "### Added latency",
    "",
    `In milliseconds, over asking the upstream directly (p50 and p99 of one less those of the other). ${whatWasNotHeld(results)}`.trim(),
    "",
    ...table(
      ["Added to", ...columns.map(({ name }) => name)],
      LATENCIES.map((latency) => [
        `${latency}: p50 / p99`,
        ...columns.map(({ group, name }) =>
          [p50, p99].map((quantile) => number(added(results, group, name, quantile(latency)))).join(" / "),
        ),
      ]),
    ),
  ];
}

/** Who does not answer as fast as it is asked has latencies of its queue. */
function whatWasNotHeld({ groups }: Results): string {
  const slow = Object.values(groups).flatMap((rounds) =>
    Object.keys(rounds).flatMap((name) => {
      const answered = middle(rounds, name, STEADY_ANSWERED);
      return answered !== undefined && answered < 190
        ? [
            `${name} answered ${number(answered)} of 200 requests a second, so its latency there is that of a queue.`,
          ]
        : [];
    }),
  );
  return slow.join(" ");
}

function frontierTable({ frontier }: Results): string[] {
  const names = Object.keys(frontier);
  if (names.length === 0) return [];
  return [
    "### Frontier",
    "",
    "The highest rate of requests a second, on one core, whose p99 stays within a limit.",
    "",
    ...table(
      ["p99 within", ...names],
      FRONTIER_LIMITS_MS.map((limit) => [
        `${limit} ms`,
        ...names.map((name) => number(frontier[name]?.[withinMs(limit)]) || "none"),
      ]),
    ),
  ];
}

function processTable({ groups, missing }: Results): string[] {
  const rounds = groups[PROCESSES];
  if (rounds === undefined) {
    const why = missing["several processes"];
    return why === undefined ? [] : ["### Several processes", "", `Not measured: ${why}.`, ""];
  }
  const [alone = "", ...more] = Object.keys(rounds);
  return [
    "### Several processes",
    "",
    "On both cores, one of which the upstream and the load use as well.",
    "",
    ...table(
      ["Figure", alone, ...more.flatMap((name) => [name, `${name} / ${alone}`])],
      [REQUESTS, CHUNKS].map((figure) => [
        figure,
        number(middle(rounds, alone, figure)),
        ...more.flatMap((name) => [
          number(middle(rounds, name, figure)),
          number(ratio(rounds, name, alone, figure)?.middle),
        ]),
      ]),
    ),
  ];
}

function memoryTable({ memory, startMs }: Results): string[] {
  const names = [...new Set([...Object.keys(memory), ...Object.keys(startMs)])];
  if (names.length === 0) return [];
  const rows = figuresOf([Object.values(memory)]).map((figure) => [
    `memory ${figure}`,
    ...names.map((name) => number(memory[name]?.[figure])),
  ]);
  return [
    "### Memory and start",
    "",
    ...table(["Figure", ...names], [...rows, [START, ...names.map((name) => number(startMs[name]))]]),
  ];
}

/** How far the load and the upstream are from being the limit. */
function whatTheLoadCanDo({ groups, frontier }: Results): string {
  const rounds = groups[LIMIT];
  const parts: string[] = [];
  for (const figure of [REQUESTS, CHUNKS]) {
    const direct = middle(rounds, DIRECT_NAME, figure);
    const times = divide(direct, middle(rounds, NGINX, figure));
    if (direct === undefined || times === undefined) continue;
    parts.push(`${number(direct)} ${figure}, ${number(times)} times what comes through nginx`);
  }
  if (parts.length === 0) return "";
  const all = (rounds?.[DIRECT_NAME] ?? []).map((figures) => figures[REQUESTS] ?? NaN);
  const spread = `From round to round that was ${number(Math.min(...all))} to ${number(Math.max(...all))} requests/s, which is how quiet the machine was.`;
  const rate = frontier[DIRECT_NAME]?.[withinMs(1)];
  const held =
    rate === undefined
      ? ""
      : ` Asked at random times they hold ${number(rate)} requests/s with a p99 within 1 ms.`;
  return `The load and the upstream share a core. Asking each other directly they come to ${parts.join(" and ")}. ${spread}${held} Where their core was the limit, and not the gateway's, a remark below says so.`;
}

function absoluteTable({ groups }: Results, group: string): string[] {
  const rounds = groups[group]!;
  const names = Object.keys(rounds);
  return table(
    [`Group "${group}"`, ...names],
    figuresOf(Object.values(rounds)).map((figure) => [
      figure,
      ...names.map((name) => number(middle(rounds, name, figure))),
    ]),
  );
}

function whoAndHow({ contestants, missing, remarks }: Results): string[] {
  return [
    ...Object.entries(contestants).map(
      ([name, { version, configuration }]) =>
        `- ${name}${version === "" ? "" : ` (${version})`}: ${configuration}`,
    ),
    ...Object.entries(missing).map(([name, why]) => `- ${name}: not measured: ${why}`),
    ...remarks.map((remark) => `- Remark: ${remark}`),
    "",
  ];
}

/** What `--check` goes by. */
export function baselineTable({ date, commit, figures }: Baseline): string {
  const runs = Object.values(figures)[0]?.seen.length ?? 0;
  return [
    `From ${runs} quick runs on ${date} at ${commit}. A figure that is worse by more than its tolerance fails the check.`,
    "",
    ...table(
      ["Figure", "Median", "Lowest", "Highest", "Tolerance"],
      Object.entries(figures).map(([figure, { middle: at, seen, tolerance }]) => [
        figure,
        number(at),
        number(Math.min(...seen)),
        number(Math.max(...seen)),
        `${number((tolerance - 1) * 100)} %`,
      ]),
    ),
  ].join("\n");
}

export function verdictLine({ figure, seen, baseline, verdict }: Verdict): string {
  const mark = { "as before": "ok    ", worse: "WORSE ", better: "better" }[verdict];
  return `${mark}  ${figure}: ${number(seen)}, committed ${number(baseline.middle)} within a factor of ${number(baseline.tolerance)}`;
}

/** Every name that any of them has, in the order that they come in. */
function figuresOf(rounds: readonly (readonly Figures[])[]): string[] {
  return [...new Set(rounds.flatMap((all) => all.flatMap((figures) => Object.keys(figures))))];
}
