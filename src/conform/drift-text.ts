/** What the emulator and Google made of the facts, as text. */
import type { GoogleResult } from "./google-facts.ts";
import { shortJson } from "./result-table.ts";

/** By answerer, each with the results of the facts it was asked; those that only one of two holds come last. */
export function driftText(results: ReadonlyMap<string, readonly GoogleResult[]>): string {
  const lines: string[] = [];
  for (const [name, all] of results) {
    for (const result of all) if (result.violations.length > 0) lines.push(...failureLines(name, result), "");
  }
  for (const [name, all] of results) {
    const held = all.filter(({ violations }) => violations.length === 0).length;
    lines.push(`${name}: ${held} of ${all.length} hold`);
  }
  const [one, other] = [...results];
  if (one !== undefined && other !== undefined) lines.push(...differences(one, other));
  return lines.join("\n");
}

type Answered = readonly [name: string, results: readonly GoogleResult[]];

function differences([name, results]: Answered, [otherName, others]: Answered): string[] {
  const lines = others.flatMap((other) => {
    const same = results.find(({ fact, surface }) => fact === other.fact && surface === other.surface);
    if (same === undefined || holds(same) === holds(other)) return [];
    const [right, wrong] = holds(same) ? [name, otherName] : [otherName, name];
    return [`  ${other.fact.name} (${other.surface}): holds for ${right}, not for ${wrong}`];
  });
  return lines.length === 0 ? ["They agree in all that both were asked."] : ["They differ:", ...lines];
}

function holds({ violations }: GoogleResult): boolean {
  return violations.length === 0;
}

function failureLines(name: string, { fact, surface, violations, view }: GoogleResult): string[] {
  return [
    `✗ ${fact.name} (${surface}), asked of ${name}`,
    `  ${fact.fact}`,
    ...fact.source.map((source) => `  ${source}`),
    ...violations.flatMap(({ path, expected, seen }) => [
      `  ${path === "" ? "it" : path}: expected ${expected}`,
      `    seen ${shortJson(seen)}`,
    ]),
    `  answer ${shortJson(view)}`,
  ];
}
