/** docs/reliability.md is made of the reports of the test runners: what it says of a row is what they saw. */
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import { ROOT } from "./support/shell.ts";

interface Rows {
  FAULTS: { id: string; fault: string; behaviour: string }[];
  BAD_INPUTS: { id: string; fault: string; behaviour: string }[];
}

const script = (name: string): string => pathToFileURL(join(ROOT, "scripts", name)).href;
const { writeReliabilityPage } = (await import(script("reliability.mjs"))) as {
  writeReliabilityPage: (root: string, reports: string) => { changed: boolean; problems: string[] };
};
const { FAULTS, BAD_INPUTS } = (await import(script("reliability-rows.mjs"))) as Rows;

function project(): { root: string; reports: string; page: () => string } {
  const root = mkdtempSync(join(tmpdir(), "pollux-reliability-"));
  const reports = join(root, "reports");
  mkdirSync(reports);
  mkdirSync(join(root, "docs"));
  return { root, reports, page: () => readFileSync(join(root, "docs/reliability.md"), "utf8") };
}

function vitestReport(root: string, tests: [ancestors: string[], title: string, status: string][]): string {
  return JSON.stringify({
    testResults: [
      {
        name: join(root, "test/some.test.ts"),
        assertionResults: tests.map(([ancestorTitles, title, status]) => ({ ancestorTitles, title, status })),
      },
    ],
  });
}

test("a row is passed when all of its tests have passed, by the name of the test or of its group", () => {
  const { root, reports, page } = project();
  const report = vitestReport(root, [
    [["F-31 an error inside"], "whatever", "passed"],
    [["group"], "F-31 F-32 both", "passed"],
    [["group"], "F-33 a cut", "failed"],
    [["group"], "F-33 another cut", "passed"],
    [["group"], "F-30 a page", "pending"],
    [["group"], "not at the beginning F-29", "passed"],
  ]);
  writeFileSync(join(reports, "unit.json"), report);
  writeFileSync(
    join(reports, "python-1.xml"),
    '<testsuite><testcase classname="python.test_errors" name="test_f31_is_thrown[a]" time="1" />' +
      '<testcase classname="python.test_errors" name="test_f34_reasons" time="1"><failure message="x">no</failure></testcase></testsuite>',
  );
  const { changed, problems } = writeReliabilityPage(root, reports);
  expect(changed).toBe(true);
  expect(problems).not.toContainEqual(expect.stringContaining("F-31"));
  expect(problems).not.toContainEqual(expect.stringContaining("F-32"));
  expect(problems).toEqual(
    expect.arrayContaining(["F-33: 1 failed", "F-30: 1 skipped", "F-34: 1 failed", "F-29: no test"]),
  );
  const line = page()
    .split("\n")
    .find((text) => text.startsWith("| F-31 "));
  expect(line).toMatch(
    /\| passed \| \[test_errors\]\(\.\.\/test\/python\/test_errors\.py\), \[some\]\(\.\.\/test\/some\.test\.ts\) \|$/,
  );
  expect(page()).toMatch(/^\| F-33 .*\| 1 failed \|/m);
  expect(writeReliabilityPage(root, reports).changed).toBe(false);
});

test("rows are in order, each once, and say what happens and what must", () => {
  for (const rows of [FAULTS, BAD_INPUTS]) {
    const ids = rows.map(({ id }) => id);
    expect(ids).toEqual([...new Set(ids)].toSorted());
    for (const { fault, behaviour } of rows) {
      expect(fault.length).toBeGreaterThan(10);
      expect(behaviour.length).toBeGreaterThan(2);
    }
  }
});
