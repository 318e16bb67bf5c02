// docs/reliability.md, written from what a run of all the tests has shown. Plain JavaScript for Node 20.
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";

import { BAD_INPUTS, FAULTS } from "./reliability-rows.mjs";

export const RELIABILITY_PAGE = "docs/reliability.md";

/**
 * Reads the reports of a whole run and writes the page.
 * @returns {{ changed: boolean, problems: string[] }} whether the page was another before, and every row that is not shown
 */
export function writeReliabilityPage(root, reports) {
  const shown = collect(root, reports);
  const text = page(shown);
  const path = join(root, RELIABILITY_PAGE);
  const changed = !existsSync(path) || readFileSync(path, "utf8") !== text;
  if (changed) writeFileSync(path, text);
  const problems = [...FAULTS, ...BAD_INPUTS]
    .map(({ id }) => ({ id, result: resultOf(shown.get(id)) }))
    .filter(({ result }) => result !== "passed")
    .map(({ id, result }) => `${id}: ${result}`);
  return { changed, problems };
}

/** By row: the files of its tests, and how many of them passed, failed and were skipped. */
export function collect(root, reports) {
  const rows = new Map();
  for (const name of readdirSync(reports)) {
    const text = readFileSync(join(reports, name), "utf8");
    if (name.endsWith(".json")) collectVitest(rows, root, JSON.parse(text));
    else if (name.endsWith(".xml")) collectJunit(rows, text);
  }
  return rows;
}

function collectVitest(rows, root, report) {
  for (const { name, assertionResults } of report.testResults) {
    for (const { ancestorTitles, title, status } of assertionResults) {
      const ids = new Set([...ancestorTitles, title].flatMap(idsOf));
      for (const id of ids) add(rows, id, relative(root, name), status);
    }
  }
}

function collectJunit(rows, xml) {
  for (const [, opening, body = ""] of xml.matchAll(/<testcase ([^>]*?)(?:\/>|>([\s\S]*?)<\/testcase>)/g)) {
    const name = /\bname="([^"]*)"/.exec(opening)?.[1] ?? "";
    const id = /^test_([fs])(\d\d)_/.exec(name);
    if (id === null) continue;
    const module = /\bclassname="([^"]*)"/.exec(opening)?.[1] ?? "";
    const status = /<(failure|error)\b/.test(body)
      ? "failed"
      : body.includes("<skipped")
        ? "skipped"
        : "passed";
    add(rows, `${id[1].toUpperCase()}-${id[2]}`, `test/${module.replaceAll(".", "/")}.py`, status);
  }
}

/** The ids that a title begins with: `F-32 F-33 a cut` has two. */
function idsOf(title) {
  const start = /^(?:[FS]-\d\d[\s:,]*)+/.exec(title)?.[0] ?? "";
  return start.match(/[FS]-\d\d/g) ?? [];
}

function add(rows, id, file, status) {
  const entry = rows.get(id) ?? { files: new Set(), passed: 0, failed: 0, skipped: 0 };
  entry.files.add(file);
  entry[status === "passed" ? "passed" : status === "failed" ? "failed" : "skipped"] += 1;
  rows.set(id, entry);
}

function resultOf(entry) {
  if (entry === undefined) return "no test";
  if (entry.failed > 0) return `${entry.failed} failed`;
  return entry.skipped > 0 ? `${entry.skipped} skipped` : "passed";
}

function page(shown) {
  return `# Reliability

Pollux is run against every fault and every bad input of these tables. The page is written by a run of all the tests (\`npm test\`): a row says \`passed\` when every test whose name begins with its id has passed, and \`npm test\` fails when one has not, or when this page is not the one that the run would write.

What the codes of a failure mean is in [errors](errors.md); how to see what happened to a request is in [observability](observability.md); the limits are in [limits](limits.md). The long test under random faults is the [chaos run](chaos.md).

## Faults

${table(FAULTS, shown)}

## Bad inputs

${table(BAD_INPUTS, shown)}

Rows that need a durable store (budgets, idempotency keys, a ledger of usage) are not here: Pollux has none.
`;
}

function table(rows, shown) {
  const lines = rows.map(({ id, fault, behaviour }) => {
    const entry = shown.get(id);
    const files = [...(entry?.files ?? [])].sort().map((file) => `[${baseName(file)}](../${file})`);
    return `| ${id} | ${fault} | ${behaviour} | ${resultOf(entry)} | ${files.join(", ")} |`;
  });
  return [
    "| Row | What happens | What Pollux does | Result | Shown in |",
    "| --- | --- | --- | --- | --- |",
    ...lines,
  ].join("\n");
}

function baseName(file) {
  return file.slice(file.lastIndexOf("/") + 1).replace(/\.test\.ts$|\.py$/, "");
}
