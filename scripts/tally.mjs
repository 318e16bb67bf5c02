// Counts of passed, failed and skipped tests, read from the runners' own reports. Plain JavaScript for Node 20.
import { readFileSync, rmSync } from "node:fs";

/** Forgets the report of an earlier run, so that a runner that dies cannot be credited with it. */
export function forgetReport(path) {
  rmSync(path, { force: true });
}

/** Reads vitest's JSON report. `code` is the runner's exit code: a failure outside every test counts as one. */
export function tallyVitest(path, code) {
  let report;
  try {
    report = JSON.parse(readFileSync(path, "utf8"));
  } catch {
    return { passed: 0, failed: 1, skipped: 0 };
  }
  const failed = report.numFailedTests;
  return {
    passed: report.numPassedTests,
    failed: code !== 0 && failed === 0 ? 1 : failed,
    skipped: report.numPendingTests + report.numTodoTests,
  };
}

/** Reads a JUnit XML report of pytest. A test that fails and whose clean-up fails as well counts once. */
export function tallyJunit(path, code) {
  let xml;
  try {
    xml = readFileSync(path, "utf8");
  } catch {
    return { passed: 0, failed: 1, skipped: 0 };
  }
  const opening = /<testsuite [^>]*>/.exec(xml)?.[0] ?? "";
  const count = (name) => Number(new RegExp(`\\b${name}="(\\d+)"`).exec(opening)?.[1] ?? 0);
  const failed = count("failures") + count("errors");
  const skipped = count("skipped");
  return {
    passed: Math.max(0, count("tests") - failed - skipped),
    failed: code !== 0 && failed === 0 ? 1 : failed,
    skipped,
  };
}

/** The table of suites, ending in the line `N passed, N failed, N skipped`. */
export function formatTally(suites) {
  const width = Math.max(...suites.map((suite) => suite.name.length), 5);
  const total = { passed: 0, failed: 0, skipped: 0 };
  const lines = [`${"suite".padEnd(width)}   passed  failed  skipped     time`];
  for (const { name, passed, failed, skipped, seconds } of suites) {
    total.passed += passed;
    total.failed += failed;
    total.skipped += skipped;
    const columns = [
      String(passed).padStart(8),
      String(failed).padStart(7),
      String(skipped).padStart(8),
      `${seconds.toFixed(1)} s`.padStart(8),
    ];
    lines.push(`${name.padEnd(width)} ${columns.join(" ")}`);
  }
  lines.push("", `${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
  return { text: lines.join("\n"), total };
}
