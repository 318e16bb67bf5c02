/** Results as text for a terminal. */
import type { CaseResult, Failure } from "./result.ts";

const LONGEST_VALUE = 400;

/** A row for each section, and one for all. */
export function sectionTable(results: readonly CaseResult[]): string {
  const sections = [...new Set(results.map((result) => result.case.section))];
  const rows = [
    ["SECTION", "EXACT", "FAILED", "NOT RUN", "SHARE"],
    ...sections.map((section) =>
      row(
        section,
        results.filter((result) => result.case.section === section),
      ),
    ),
    row("all", results),
  ];
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((cells) => cells[column]!.length)));
  return rows
    .map((cells) =>
      cells
        .map((cell, column) => (column === 0 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!)))
        .join("  "),
    )
    .join("\n");
}

function row(name: string, results: readonly CaseResult[]): string[] {
  const { exact, failed, notRun } = tally(results);
  return [name, String(exact), String(failed), String(notRun), percent(exact, exact + failed)];
}

export interface Tally {
  exact: number;
  failed: number;
  notRun: number;
}

export function tally(results: readonly CaseResult[]): Tally {
  const count = (outcome: CaseResult["outcome"]): number =>
    results.filter((result) => result.outcome === outcome).length;
  return { exact: count("exact"), failed: count("failed"), notRun: count("not_run") };
}

/** Rounded down, so that 100 % means all. */
export function percent(part: number, whole: number): string {
  return whole === 0 ? "-" : `${Math.floor((part / whole) * 1000) / 10} %`;
}

/** What failed, why that is wrong, and how to see it again. */
export function failureText({ case: one, failures }: CaseResult): string {
  const lines = [
    `✗ ${one.id} (${one.profile})`,
    `  ${one.fact}`,
    ...one.source.map((source) => `  ${source}`),
  ];
  for (const failure of failures) {
    lines.push(`  ${whereOf(failure, one.exchanges.length)}: expected ${failure.expected}`);
    lines.push(`    seen ${shortJson(failure.seen)}`);
  }
  const answer = failures.find((failure) => failure.answer !== undefined)?.answer;
  if (answer !== undefined) lines.push(`  answer ${answer.replaceAll("\n", "\n    ")}`);
  const repeat = failures.find(({ curl }) => curl !== undefined)?.curl;
  if (repeat !== undefined) lines.push(`  ${repeat}`);
  return lines.join("\n");
}

export function whereOf(
  { viewpoint, path, exchange }: Pick<Failure, "viewpoint" | "path" | "exchange">,
  exchanges: number,
): string {
  const at = exchanges > 1 ? `exchange ${exchange + 1}, ` : "";
  return `${at}${viewpoint}${path === "" ? "" : ` ${path}`}`;
}

export function shortJson(value: unknown): string {
  if (value === undefined) return "nothing";
  const text = JSON.stringify(value) ?? String(value);
  return text.length > LONGEST_VALUE ? `${text.slice(0, LONGEST_VALUE)}… (${text.length} characters)` : text;
}
