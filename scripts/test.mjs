// `npm test`: installs what is missing (the real clients, for Node and Python, included), then runs everything.
// `npm test -- --only unit,clients` runs some parts: format, lint, types, unit, clients, local, python-1, python-2, python-3
// (`python` is all three), documents. Plain JavaScript: on a fresh clone this runs on the machine's own Node (20 or newer).
import { mkdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import { findNode } from "./find-node.mjs";
import { installPackages } from "./install-packages.mjs";
import { findPython, pythonEnvironment } from "./python-environment.mjs";
import { RELIABILITY_PAGE, writeReliabilityPage } from "./reliability.mjs";
import { toolRunner } from "./run-tool.mjs";
import { forgetReport, formatTally, tallyJunit, tallyVitest } from "./tally.mjs";

const PARTS = [
  "format",
  "lint",
  "types",
  "unit",
  "clients",
  "local",
  "python-1",
  "python-2",
  "python-3",
  "documents",
];

/** Runs the programs of README.md, some of which need the environment of python-3. */
const README_TEST = "test/readme.test.ts";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const clients = join(root, "test", "clients");
const local = join(root, "test", "local");
const reports = join(root, ".cache", "test-results");
const chosen = readChoice(process.argv.slice(2));
const suites = [];

try {
  await main();
} catch (error) {
  process.stderr.write(`${error.message}\n\n0 passed, 1 failed, 0 skipped\n`);
  process.exit(1);
}

async function main() {
  await installPackages(root, "the development packages");
  const run = toolRunner(root, findNode(root));
  // Reports of earlier runs would speak for tests that are no more.
  if (chosen === undefined) rmSync(reports, { recursive: true, force: true });
  mkdirSync(reports, { recursive: true });

  // The clients are fetched while the first parts run. A failure is reported where the part is due.
  const needsClients = wants("clients") || wants("types");
  const clientsReady = needsClients
    ? settled(installPackages(clients, "the Node clients", { quiet: true }))
    : undefined;
  const localReady = wants("local") || wants("types") ? settled(installLocal(clientsReady)) : undefined;
  const pythons = pythonEnvironments(run);

  if (wants("format")) await check("format", () => run("oxfmt", ["--check"]));
  if (wants("lint"))
    await check("lint", () => run("oxlint", ["--quiet", "src", "test", "scripts", "examples"]));
  if (wants("types")) await check("types", () => run("tsc", []));
  if (wants("unit")) await vitest(run, "unit", ["--exclude", README_TEST]);

  if (clientsReady !== undefined) {
    const ready = await clientsReady;
    if (ready.error !== undefined) {
      skip("clients", ready.error);
    } else {
      if (wants("types")) await check("types of the client tests", () => run("tsc", ["-p", clients]));
      if (wants("clients")) await vitest(run, "clients", ["--root", clients]);
    }
  }

  if (localReady !== undefined) {
    const ready = await localReady;
    if (ready.error !== undefined) {
      skip("local", ready.error);
    } else {
      if (wants("types")) await check("types of the local model's tests", () => run("tsc", ["-p", local]));
      if (wants("local")) await vitest(run, "local", ["--root", local]);
    }
  }

  for (const [name, environment] of pythons) {
    const ready = await environment;
    if (ready.error !== undefined) skip(name, ready.error);
    else if (wants(name)) await pytest(run, name, ready.value);
  }
  if (wants("documents")) await vitest(run, "documents", [README_TEST]);

  const inCi = process.env["CI"] !== undefined && !["", "0", "false"].includes(process.env["CI"]);
  if (chosen === undefined) reliability(inCi);

  const { text, total } = formatTally(suites);
  process.stdout.write(`\n${text}\n`);
  process.exitCode = total.failed > 0 || (inCi && total.skipped > 0) ? 1 : 0;
}

/** The library that runs GGUF files, for the platforms whose binaries the tests' lockfile holds. */
async function installLocal(before) {
  const platform = `${process.platform}-${process.arch}`;
  if (!["linux-x64", "linux-arm64", "linux-arm"].includes(platform)) {
    throw new Error(`the binaries for these tests are those for Linux on x64 and ARM; this is ${platform}`);
  }
  await before;
  return installPackages(local, "the library for GGUF files", { quiet: true });
}

/** Starts making the Python environments that are wanted, one after the other; gives a promise for each. */
function pythonEnvironments(run) {
  const wanted = PARTS.filter(
    (part) => part.startsWith("python-") && (wants(part) || (part === "python-3" && wants("documents"))),
  );
  if (wanted.length === 0) return [];
  let turn = findPython(run);
  turn.catch(() => {});
  const python = turn;
  return wanted.map((name) => {
    const major = name.slice("python-".length);
    const made = turn
      .catch(() => {})
      .then(async () =>
        pythonEnvironment({
          run,
          python: await python,
          directory: join(root, ".venv", `openai-${major}`),
          requirements: join(root, "test", "python", `requirements-openai-${major}.txt`),
        }),
      );
    turn = made;
    return [name, settled(made)];
  });
}

/** The page of faults and bad inputs, written from the reports of this run. In CI it must be the committed one. */
function reliability(inCi) {
  const started = begin("reliability");
  const { changed, problems } = writeReliabilityPage(root, reports);
  for (const problem of problems) process.stdout.write(`${RELIABILITY_PAGE}: ${problem}\n`);
  if (changed) {
    process.stdout.write(
      `${RELIABILITY_PAGE} is not what this run shows; it has been written anew: commit it.\n`,
    );
  }
  const failed = problems.length + (inCi && changed ? 1 : 0);
  finish("reliability", started, { passed: failed === 0 ? 1 : 0, failed, skipped: 0 });
}

/** A pass-or-fail tool, counted as one test. */
async function check(name, action) {
  const started = begin(name);
  const { code, output } = await action();
  if (output !== "") process.stdout.write(`${output}\n`);
  finish(name, started, { passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1, skipped: 0 });
}

async function vitest(run, name, argv) {
  const started = begin(name);
  const report = join(reports, `${name}.json`);
  forgetReport(report);
  const { code, output } = await run("vitest", [
    "run",
    ...argv,
    "--reporter=default",
    "--reporter=json",
    `--outputFile.json=${report}`,
  ]);
  if (output !== "") process.stdout.write(`${output}\n`);
  finish(name, started, tallyVitest(report, code));
}

async function pytest(run, name, python) {
  const started = begin(name);
  const report = join(reports, `${name}.xml`);
  forgetReport(report);
  const { code, output } = await run(python, ["-m", "pytest", `--junitxml=${report}`], {
    cwd: join(root, "test"),
    env: { PYTHONPYCACHEPREFIX: join(root, ".cache", "pycache") },
  });
  if (output !== "") process.stdout.write(`${output}\n`);
  finish(name, started, tallyJunit(report, code));
}

function begin(name) {
  process.stdout.write(`\n== ${name}\n`);
  return Date.now();
}

function finish(name, started, counts) {
  suites.push({ name, ...counts, seconds: (Date.now() - started) / 1000 });
}

function skip(name, error) {
  process.stdout.write(`\nSKIPPED ${name}: ${error.message}\n`);
  suites.push({ name, passed: 0, failed: 0, skipped: 1, seconds: 0 });
}

function wants(part) {
  return chosen === undefined || chosen.has(part);
}

/** A promise that never rejects: `{ value }` or `{ error }`. */
function settled(promise) {
  return promise.then(
    (value) => ({ value }),
    (error) => ({ error }),
  );
}

/** The parts asked for with `--only`, or undefined for all of them. */
function readChoice(argv) {
  if (argv.length === 0) return undefined;
  const joined = argv[0]?.startsWith("--only=") ? [argv[0].slice("--only=".length)] : argv.slice(1);
  if (!argv[0]?.startsWith("--only") || joined.length !== 1) {
    process.stderr.write(`Usage: npm test -- --only part,part. Parts: ${PARTS.join(", ")}, python.\n`);
    process.exit(2);
  }
  const names = joined[0]
    .split(",")
    .flatMap((name) => (name === "python" ? PARTS.filter((part) => part.startsWith("python-")) : [name]));
  for (const name of names) {
    if (PARTS.includes(name)) continue;
    process.stderr.write(`There is no part ${JSON.stringify(name)}. Parts: ${PARTS.join(", ")}, python.\n`);
    process.exit(2);
  }
  return new Set(names);
}
