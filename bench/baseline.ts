/** The ratios that a quick run is held against, and how far one may be off: both from repeated runs of one tree. */
import { CHUNK_CPU, REQUEST_CPU } from "./figure-names.ts";
import { LIMIT, NGINX, POLLUX, ratio, type Results } from "./results.ts";
import { median, predictedFactor } from "./statistics.ts";
import { targets } from "./targets.ts";

export interface Baseline {
  machine: string;
  date: string;
  commit: string;
  figures: Record<string, BaselineFigure>;
}

export interface BaselineFigure {
  better: "more" | "less";
  middle: number;
  /** Worse than the middle by more than this factor is more than noise. */
  tolerance: number;
  /** Of each run. */
  seen: number[];
}

/** Runs may agree by chance. */
const LEAST_TOLERANCE = 1.05;
/** Fewer say too little about how much runs differ: of three, the tolerance would be twice as wide. */
export const LEAST_RUNS = 5;

/** @throws Error for runs that are too few */
export function baselineOf(runs: readonly Results[]): Baseline {
  const [first] = runs;
  if (first === undefined || runs.length < LEAST_RUNS) {
    throw new Error(`A baseline takes at least ${LEAST_RUNS} runs: --repeat ${LEAST_RUNS}`);
  }
  const figures: Record<string, BaselineFigure> = {};
  const all = runs.map(checkedFigures);
  for (const [figure, { better }] of all[0]!) {
    const seen = all.map((one) => one.get(figure)?.value ?? NaN);
    if (!seen.every((value) => value > 0)) continue;
    const tolerance = Math.max(LEAST_TOLERANCE, predictedFactor(seen));
    figures[figure] = { better, middle: median(seen), tolerance, seen };
  }
  const { machine, date, commit } = first;
  return { machine, date, commit, figures };
}

export interface Verdict {
  figure: string;
  seen: number;
  baseline: BaselineFigure;
  /** Above 1: worse than the baseline's middle by this factor. */
  worse: number;
  verdict: "as before" | "worse" | "better";
}

/** Of each figure that both have. */
export function compare(results: Results, { figures }: Baseline): Verdict[] {
  const verdicts: Verdict[] = [];
  for (const [figure, { value, better }] of checkedFigures(results)) {
    const baseline = figures[figure];
    if (baseline === undefined) continue;
    const worse = better === "more" ? baseline.middle / value : value / baseline.middle;
    const verdict = !(worse <= baseline.tolerance)
      ? "worse"
      : worse < 1 / baseline.tolerance
        ? "better"
        : "as before";
    verdicts.push({ figure, seen: value, baseline, worse, verdict });
  }
  return verdicts;
}

/** The targets, and two processor times, which are steadier than rates. */
function checkedFigures(results: Results): Map<string, { value: number; better: "more" | "less" }> {
  const figures = new Map<string, { value: number; better: "more" | "less" }>();
  for (const { figure, is, seen, unit } of targets(results)) {
    const name = unit === "x" ? figure : `${figure}, ${unit}`;
    if (seen !== undefined) figures.set(name, { value: seen, better: is === "at least" ? "more" : "less" });
  }
  for (const [name, figure] of [
    ["processor time of a request against nginx", REQUEST_CPU],
    ["processor time of a chunk against nginx", CHUNK_CPU],
  ] as const) {
    const seen = ratio(results.groups[LIMIT], POLLUX, NGINX, figure)?.middle;
    if (seen !== undefined) figures.set(name, { value: seen, better: "less" });
  }
  return figures;
}
