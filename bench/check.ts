/** `--check`: the ratios of this run against the committed ones. */
import { existsSync, readFileSync } from "node:fs";
import { number } from "./report.ts";
import { type Results, targets } from "./targets.ts";

/**
 * How much worse a ratio may be than the committed one. Ten quick runs of one tree on the machine of the figures
 * stayed within half of this.
 */
const TOLERANCE = 0.25;

/** False when a ratio that both runs have is worse than noise explains. */
export function checkAgainst(results: Results, committed: string, say: (line: string) => void): boolean {
  if (!existsSync(committed)) {
    say(`There are no committed figures in ${committed}.`);
    return false;
  }
  const known = new Map(
    targets(JSON.parse(readFileSync(committed, "utf8")) as Results).map((row) => [row.figure, row]),
  );
  let fine = true;
  for (const { figure, aim, seen } of targets(results)) {
    const before = known.get(figure)?.seen;
    if (seen === undefined || before === undefined) continue;
    const worse = aim.startsWith("under") ? seen / before - 1 : before / seen - 1;
    const bad = worse > TOLERANCE;
    if (bad) fine = false;
    say(`${bad ? "WORSE" : "ok   "}  ${figure}: ${number(seen)}, committed ${number(before)}`);
  }
  return fine;
}
