/** Results as text: ratios first, absolute figures beside them. */
import type { Figures } from "./figures.ts";
import { POLLUX, type Results, targets } from "./targets.ts";

export function report(results: Results): string {
  const lines: string[] = [
    `Measured ${results.date} at ${results.commit} on ${results.machine}.${results.quick ? " A quick run." : ""}`,
    "",
    "### Targets",
    "",
    "| Figure | Aim | Seen | |",
    "| --- | --- | --- | --- |",
    ...targets(results).map(
      ({ figure, aim, seen, unit, met }) =>
        `| ${figure} | ${aim} | ${seen === undefined ? "not measured" : `${number(seen)}${unit === "x" ? "" : ` ${unit}`}`} | ${met === undefined ? "" : met ? "met" : "**not met**"} |`,
    ),
    "",
  ];
  for (const [group, contestants] of Object.entries(results.groups))
    lines.push(...groupTables(group, contestants));
  lines.push("### Memory and start", "", ...memoryTable(results), "", "### Who was measured, and how", "");
  for (const [name, configuration] of Object.entries(results.configurations)) {
    lines.push(`- ${name} ${results.versions[name] ?? ""}: ${configuration}`);
  }
  for (const [name, why] of Object.entries(results.missing)) lines.push(`- ${name}: not measured: ${why}`);
  for (const [name, failures] of Object.entries(results.failed)) {
    for (const failure of failures) lines.push(`- ${name}: left out: ${failure}`);
  }
  return `${lines.join("\n")}\n`;
}

function groupTables(group: string, contestants: Record<string, Figures>): string[] {
  const names = Object.keys(contestants);
  const figures = [...new Set(names.flatMap((name) => Object.keys(contestants[name]!)))];
  const own = contestants[POLLUX];
  return [
    `### Pollux and ${group}`,
    "",
    `| Figure | ${names.join(" | ")} |${names
      .filter((name) => name !== POLLUX)
      .map((name) => ` Pollux / ${name} |`)
      .join("")}`,
    `| --- | ${names.map(() => "---").join(" | ")} |${names
      .filter((name) => name !== POLLUX)
      .map(() => " --- |")
      .join("")}`,
    ...figures.map((figure) => {
      const values = names.map((name) => number(contestants[name]![figure]));
      const ratios = names
        .filter((name) => name !== POLLUX)
        .map((name) => number((own?.[figure] ?? NaN) / (contestants[name]![figure] ?? NaN)));
      return `| ${withUnit(figure)} | ${values.join(" | ")} |${ratios.map((text) => ` ${text} |`).join("")}`;
    }),
    "",
  ];
}

function memoryTable({ memory, startMs }: Results): string[] {
  const names = [...new Set([...Object.keys(memory), ...Object.keys(startMs)])];
  const figures = [...new Set(names.flatMap((name) => Object.keys(memory[name] ?? {})))];
  return [
    `| Figure | ${names.join(" | ")} |`,
    `| --- | ${names.map(() => "---").join(" | ")} |`,
    ...figures.map(
      (figure) => `| ${figure} | ${names.map((name) => number(memory[name]?.[figure])).join(" | ")} |`,
    ),
    `| start to first answer, ms | ${names.map((name) => number(startMs[name])).join(" | ")} |`,
  ];
}

function withUnit(figure: string): string {
  return /cpu$|p\d\d$/.test(figure) ? `${figure}, µs` : figure;
}

export function number(value: number | undefined): string {
  if (value === undefined || Number.isNaN(value) || !Number.isFinite(value)) return "";
  if (value >= 1000) return Math.round(value).toLocaleString("en-US");
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toPrecision(2);
}
