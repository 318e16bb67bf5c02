/** The scripts behind `npm start` and `npm test`: what they take for installed, and what they count. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

// The scripts are plain JavaScript, since they run before TypeScript can; their types are stated here.
const script = (name: string): Promise<unknown> =>
  import(new URL(`../scripts/${name}`, import.meta.url).href);
const { isInstalled } = (await script("install-packages.mjs")) as {
  isInstalled: (folder: string) => boolean;
};
const { tallyVitest, tallyJunit, formatTally } = (await script("tally.mjs")) as {
  tallyVitest: (path: string, code: number | null) => Counts;
  tallyJunit: (path: string, code: number | null) => Counts;
  formatTally: (suites: ({ name: string; seconds: number } & Counts)[]) => { text: string; total: Counts };
};

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "pollux-scripts-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

function write(path: string, content: unknown): string {
  const whole = join(folder, path);
  mkdirSync(dirname(whole), { recursive: true });
  writeFileSync(whole, typeof content === "string" ? content : JSON.stringify(content));
  return whole;
}

/** Lays out a lockfile and an installation as npm leaves it. */
function install(wanted: object, present: object): void {
  write("package-lock.json", { packages: { "": { name: "x" }, ...wanted } });
  write("node_modules/.package-lock.json", { packages: present });
  for (const path of Object.keys(present)) write(`${path}/package.json`, {});
}

describe("isInstalled", () => {
  const left = { version: "1.0.0", integrity: "sha512-left" };
  const other = { version: "2.0.0", integrity: "sha512-other", optional: true };

  test.each([
    ["the same packages", { "node_modules/left": left }, { "node_modules/left": left }, true],
    [
      "an optional package of another platform",
      { "node_modules/left": left, "node_modules/other": other },
      { "node_modules/left": left },
      true,
    ],
    [
      "a package that is missing",
      { "node_modules/left": left, "node_modules/right": left },
      { "node_modules/left": left },
      false,
    ],
    [
      "another version",
      { "node_modules/left": left },
      { "node_modules/left": { ...left, version: "1.0.1" } },
      false,
    ],
    [
      "other bytes of the same version",
      { "node_modules/left": left },
      { "node_modules/left": { ...left, integrity: "sha512-x" } },
      false,
    ],
  ])("%s", (_name, wanted, present, expected) => {
    install(wanted, present);
    expect(isInstalled(folder)).toBe(expected);
  });

  test("a folder that was deleted by hand", () => {
    install({ "node_modules/left": left }, { "node_modules/left": left });
    rmSync(join(folder, "node_modules/left"), { recursive: true });
    expect(isInstalled(folder)).toBe(false);
  });

  test("an installation that was broken off", () => {
    write("package-lock.json", { packages: { "node_modules/left": left } });
    write("node_modules/left/package.json", {});
    expect(isInstalled(folder)).toBe(false);
  });
});

describe("tallies", () => {
  test("vitest's report", () => {
    const path = write("unit.json", {
      numPassedTests: 5,
      numFailedTests: 2,
      numPendingTests: 3,
      numTodoTests: 1,
    });
    expect(tallyVitest(path, 1)).toEqual({ passed: 5, failed: 2, skipped: 4 });
  });

  test("a file that does not load fails no test, and is counted all the same", () => {
    const path = write("unit.json", {
      numPassedTests: 5,
      numFailedTests: 0,
      numPendingTests: 0,
      numTodoTests: 0,
    });
    expect(tallyVitest(path, 1)).toEqual({ passed: 5, failed: 1, skipped: 0 });
    expect(tallyVitest(path, 0)).toEqual({ passed: 5, failed: 0, skipped: 0 });
  });

  test("a runner that leaves no report has failed", () => {
    expect(tallyVitest(join(folder, "none.json"), 0)).toEqual({ passed: 0, failed: 1, skipped: 0 });
    expect(tallyJunit(join(folder, "none.xml"), 0)).toEqual({ passed: 0, failed: 1, skipped: 0 });
  });

  test("pytest's report", () => {
    const path = write(
      "python.xml",
      '<?xml version="1.0"?><testsuites name="all"><testsuite name="pytest" errors="1" failures="2" skipped="3" tests="10"></testsuite></testsuites>',
    );
    expect(tallyJunit(path, 1)).toEqual({ passed: 4, failed: 3, skipped: 3 });
  });

  test("the closing line adds everything up and comes last", () => {
    const { text, total } = formatTally([
      { name: "unit", passed: 10, failed: 1, skipped: 0, seconds: 1 },
      { name: "python-1", passed: 5, failed: 0, skipped: 2, seconds: 61.25 },
    ]);
    expect(text.split("\n").at(-1)).toBe("15 passed, 1 failed, 2 skipped");
    expect(total).toEqual({ passed: 15, failed: 1, skipped: 2 });
    expect(text).toMatch(/python-1 +5 +0 +2 +61\.3 s/);
  });
});
