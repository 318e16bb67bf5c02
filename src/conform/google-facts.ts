/** Facts about Google's own API, held against the emulator and, where there is a key, against Google. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { type Violation, violations } from "./fact.ts";
import { valueAt } from "./fact-path.ts";
import { type GoogleFact, googleFactsSchema, type GoogleSurface } from "./google-fact-schema.ts";
import type { Ask, GoogleView } from "./google-sdk.ts";
import { CaseError } from "./load-cases.ts";
import { filled } from "./placeholders.ts";

/** @throws CaseError for files that are none */
export function loadGoogleFacts(folder: string): GoogleFact[] {
  const problems: string[] = [];
  const facts: GoogleFact[] = [];
  const names = new Set<string>();
  for (const file of readdirSync(folder)
    .filter((name) => name.endsWith(".yaml"))
    .sort()) {
    const path = join(folder, file);
    const read = googleFactsSchema.safeParse(parse(readFileSync(path, "utf8")));
    if (!read.success) {
      for (const { path: at, message } of read.error.issues)
        problems.push(`${path}: ${at.join(".")}: ${message}`);
      continue;
    }
    for (const fact of read.data) {
      if (names.has(fact.name)) problems.push(`${path}: ${fact.name}: another fact has this name`);
      names.add(fact.name);
      facts.push(fact);
    }
  }
  if (problems.length > 0) throw new CaseError(problems);
  return facts;
}

export interface GoogleResult {
  fact: GoogleFact;
  surface: GoogleSurface;
  violations: Violation[];
  /** Of the last step that was made. */
  view: GoogleView;
}

/** All steps of a fact; the first that does not hold is the last. */
export async function judgeGoogleFact(
  fact: GoogleFact,
  surface: GoogleSurface,
  ask: Ask,
): Promise<GoogleResult> {
  const captured: Record<string, unknown> = {};
  let view: GoogleView = { ok: false };
  for (const step of fact.steps) {
    const bindings = { model: fact.model, captured };
    view = await ask(filled(step, bindings), fact.model);
    const found = violations(filled(step.seen ?? [], bindings), view);
    for (const [name, path] of Object.entries(step.capture ?? {})) {
      captured[name] = valueAt(view, path);
      if (captured[name] === undefined)
        found.push({ path, expected: `is captured as ${name}`, seen: undefined });
    }
    if (found.length > 0) return { fact, surface, violations: found, view };
  }
  return { fact, surface, violations: [], view };
}

/** How many calls the facts make of one that answers; listing models costs nothing. */
export function googleCalls(facts: readonly GoogleFact[], surface: GoogleSurface): number {
  return facts
    .filter(({ surfaces }) => surfaces.includes(surface))
    .reduce((sum, { steps }) => sum + steps.filter(({ method }) => !method.startsWith("models.")).length, 0);
}
