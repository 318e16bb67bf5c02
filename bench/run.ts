/** `npm run bench`: sets everything up, measures, and writes the tables, the JSON and the charts. */
import { readFileSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { baselineOf, compare } from "./baseline.ts";
import { chart } from "./chart.ts";
import { readCommitted, toJson, writeCommitted } from "./committed.ts";
import { growth } from "./growth.ts";
import { growthChart } from "./growth-chart.ts";
import { growthTable } from "./growth-table.ts";
import { measure } from "./measure.ts";
import { type Options, readOptions } from "./options.ts";
import { filledIn } from "./page.ts";
import { FULL, plannedSeconds, QUICK } from "./plan.ts";
import { baselineTable, report, verdictLine } from "./report.ts";
import type { Results } from "./results.ts";
import { CACHE, ROOT, setUp, type Tools } from "./setup.ts";

const began = performance.now();
const say = (line: string): void => {
  process.stderr.write(`${((performance.now() - began) / 1000).toFixed(0).padStart(4)} s  ${line}\n`);
};

try {
  const options = readOptions(process.argv.slice(2), console.log);
  if (options !== undefined) await main(options);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}

async function main(options: Options): Promise<void> {
  const { quick, check, growth: growing, repeat, save } = options;
  if (availableParallelism() < 2) {
    throw new Error("The benchmark needs two cores: one for the gateway, one for the upstream and the load.");
  }
  const tools = await setUp(options.peers && !quick && !growing, say);
  if (growing) {
    await measureGrowth(tools, options);
  } else if (repeat > 1) {
    const runs: Results[] = [];
    for (let at = 1; at <= repeat; at += 1) {
      say(`==== run ${at} of ${repeat}`);
      runs.push(await oneRun(tools, options));
      writeFileSync(join(CACHE, "repeated.json"), toJson(runs));
    }
    const baseline = baselineOf(runs);
    console.log(`\n${baselineTable(baseline)}`);
    if (save) {
      writeCommitted({ ...readCommitted(), quick: baseline });
      fillIn("performance.md", "baseline", baselineTable(baseline));
    }
  } else {
    const results = await oneRun(tools, options);
    const text = report(results);
    console.log(`\n${text}`);
    writeFileSync(join(CACHE, "results.json"), toJson(results));
    writeFileSync(join(CACHE, "chart.svg"), chart(results));
    if (save) {
      writeCommitted({ ...readCommitted(), full: results });
      writeFileSync(join(ROOT, "docs/performance.svg"), chart(results));
      fillIn("performance.md", "figures", text);
    }
    if (check) process.exitCode = checked(results) ? 0 : 1;
  }
  say("done");
}

async function oneRun(tools: Tools, { quick, only }: Options): Promise<Results> {
  const plan = quick ? QUICK : FULL;
  const from = performance.now();
  const results = await measure({
    tools,
    plan,
    quick,
    wants: (part) => only === undefined || only.includes(part),
    say,
  });
  const took = (performance.now() - from) / 1000;
  say(
    `took ${took.toFixed(0)} s${only === undefined ? `, planned ${plannedSeconds(plan).toFixed(0)} s` : ""}`,
  );
  return results;
}

function checked(results: Results): boolean {
  const baseline = readCommitted().quick;
  if (baseline === undefined)
    throw new Error("docs/performance.json has no baseline: --quick --repeat 5 --save");
  const verdicts = compare(results, baseline);
  for (const verdict of verdicts) console.log(verdictLine(verdict));
  return verdicts.length > 0 && verdicts.every(({ verdict }) => verdict !== "worse");
}

async function measureGrowth(tools: Tools, { save, only }: Options): Promise<void> {
  const found = await growth(tools, only, say);
  const text = growthTable(found);
  console.log(`\n${text}`);
  writeFileSync(join(CACHE, "growth.svg"), growthChart(found));
  if (!save) return;
  writeFileSync(join(ROOT, "docs/performance-growth.svg"), growthChart(found));
  fillIn("performance-growth.md", "growth", text);
}

function fillIn(page: string, part: string, text: string): void {
  const file = join(ROOT, "docs", page);
  writeFileSync(file, filledIn(readFileSync(file, "utf8"), part, text));
}
