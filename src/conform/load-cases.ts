/** Case files as checked values; what is wrong with one is told by file, line and key. */
import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { type Document, isNode, LineCounter, parseDocument } from "yaml";
import type { z } from "zod";
import { type CaseFile, caseSchema } from "./case-schema.ts";
import { unknownPlaceholders } from "./placeholders.ts";

export interface Case extends CaseFile {
  section: string;
  name: string;
  /** `section/name`. */
  id: string;
}

/** Every problem of every file, one a line. */
export class CaseError extends Error {
  override readonly name = "CaseError";
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join("\n"));
    this.problems = problems;
  }
}

/**
 * All cases of a folder `<section>/<name>.yaml`, by section and name. `_examples` are left out unless they are asked for.
 * @param only sections and `section/name`s; undefined: all
 * @throws CaseError for files that are no cases, all problems of all files at once
 */
export function loadCases(folder: string, only?: readonly string[]): Case[] {
  const problems: string[] = [];
  const cases: Case[] = [];
  for (const section of folders(folder)) {
    if (only === undefined ? section.startsWith("_") : !only.some((one) => inSection(one, section))) continue;
    for (const file of readdirSync(join(folder, section), { withFileTypes: true }).sort(byName)) {
      const path = join(folder, section, file.name);
      if (!file.isFile() || !/^[a-z0-9]+(?:-[a-z0-9]+)*\.yaml$/.test(file.name)) {
        problems.push(`${path}: a case is a file named in lower case with dashes, ending in .yaml`);
        continue;
      }
      const name = basename(file.name, ".yaml");
      if (only !== undefined && !only.includes(section) && !only.includes(`${section}/${name}`)) continue;
      const read = readCase(readFileSync(path, "utf8"), path);
      if ("problems" in read) problems.push(...read.problems);
      else cases.push({ ...read.case, section, name, id: `${section}/${name}` });
    }
  }
  if (problems.length > 0) throw new CaseError(problems);
  return cases;
}

/** One case file's text. */
export function readCase(text: string, path: string): { case: CaseFile } | { problems: string[] } {
  const lines = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    schema: "core",
    logLevel: "error",
  });
  const wrong = [...document.errors, ...document.warnings];
  if (wrong.length > 0) {
    return {
      problems: wrong.map((error) => `${path}:${lines.linePos(error.pos[0]).line}: ${error.message}`),
    };
  }
  const parsed = caseSchema.safeParse(document.toJS());
  const line = (at: readonly PropertyKey[]): number => lineOf(document, lines, at);
  if (!parsed.success) {
    return {
      problems: parsed.error.issues.flatMap(flatIssues).map((issue) => describeIssue(issue, path, line)),
    };
  }
  const unknown = unknownPlaceholders(parsed.data);
  if (unknown.length > 0) {
    return { problems: unknown.map(({ at, message }) => `${path}:${line(at)}: ${written(at)}: ${message}`) };
  }
  return { case: parsed.data };
}

type Issue = z.core.$ZodIssue;

/** The issues within a union, where all its members say the same kind of thing: the deepest are about what was meant. */
function flatIssues(issue: Issue): Issue[] {
  if (issue.code !== "invalid_union" || issue.errors.length === 0) return [issue];
  const deepest = issue.errors.toSorted((one, other) => depth(other) - depth(one))[0] ?? [];
  if (depth(deepest) === 0) return [issue];
  return deepest.map((inner) => ({ ...inner, path: [...issue.path, ...inner.path] }));
}

function depth(issues: readonly Issue[]): number {
  return Math.max(0, ...issues.map(({ path }) => path.length));
}

function describeIssue(issue: Issue, path: string, line: (at: readonly PropertyKey[]) => number): string {
  if (issue.code === "unrecognized_keys") {
    const [key = ""] = issue.keys;
    const at = [...issue.path, key];
    return `${path}:${line(at)}: ${written(at)}: is not a key that is known here`;
  }
  return `${path}:${line(issue.path)}: ${written(issue.path)}: ${issue.message}`;
}

function written(path: readonly PropertyKey[]): string {
  if (path.length === 0) return "the case";
  return path
    .map((step, index) => (typeof step === "number" ? `[${step}]` : `${index > 0 ? "." : ""}${String(step)}`))
    .join("");
}

/** Of the deepest part of the path that is there. */
function lineOf(document: Document, lines: LineCounter, path: readonly PropertyKey[]): number {
  for (let length = path.length; length > 0; length -= 1) {
    const node: unknown = document.getIn(path.slice(0, length), true);
    if (isNode(node) && node.range != null) return lines.linePos(node.range[0]).line;
  }
  return 1;
}

function folders(path: string): string[] {
  return readdirSync(path, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort();
}

function inSection(name: string, section: string): boolean {
  return name === section || name.startsWith(`${section}/`);
}

function byName(one: { name: string }, other: { name: string }): number {
  return one.name < other.name ? -1 : 1;
}
