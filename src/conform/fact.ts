/** Whether facts hold, and if not, what was expected and what was seen. */
import { valueAt } from "./fact-path.ts";
import { containsJson, isOfType, type JsonType, parseJson, sameJson } from "./json-value.ts";

/** What must hold of the value at `path`; every word that is there must. The words are those of conformance/README.md. */
export interface Fact {
  /** Left out: the whole value. */
  path?: string | undefined;
  /** Can be judged with a real model behind. */
  open?: boolean | undefined;
  /** In place of words: holds when one of the lists does. */
  any?: Fact[][] | undefined;
  equals?: unknown;
  one_of?: unknown[] | undefined;
  contains?: unknown;
  matches?: string | undefined;
  absent?: true | undefined;
  present?: true | undefined;
  type?: JsonType | JsonType[] | undefined;
  length?: number | undefined;
  join?: string | undefined;
  parsed?: unknown;
  min?: number | undefined;
  max?: number | undefined;
  every?: Fact | undefined;
  unique?: true | undefined;
  same?: true | undefined;
  not?: Fact | undefined;
}

/** A fact that does not hold. */
export interface Violation {
  path: string;
  /** For people: `equals "stop"`. */
  expected: string;
  /** Undefined: nothing is there. */
  seen: unknown;
}

export function violations(facts: readonly Fact[], root: unknown): Violation[] {
  return facts.flatMap((fact) => {
    const violation = judge(fact, root);
    return violation === undefined ? [] : [violation];
  });
}

function judge(fact: Fact, root: unknown): Violation | undefined {
  if (fact.any !== undefined) return judgeAny(fact.any, fact.path, root);
  const path = fact.path ?? "";
  const seen = valueAt(root, path);
  const expected = WORDS.flatMap((word) =>
    Object.hasOwn(fact, word) && !HOLDS[word](seen, fact[word])
      ? [`${word} ${shown(word, fact[word])}`.trimEnd()]
      : [],
  );
  return expected.length === 0 ? undefined : { path, expected: expected.join(", "), seen };
}

function judgeAny(lists: Fact[][], path: string | undefined, root: unknown): Violation | undefined {
  const value = path === undefined ? root : valueAt(root, path);
  const failed: Violation[] = [];
  for (const list of lists) {
    const [first] = violations(list, value);
    if (first === undefined) return undefined;
    failed.push(first);
  }
  const expected = failed.map((one) => `${one.path === "" ? "it" : one.path} ${one.expected}`).join(", or ");
  return { path: path ?? failed[0]?.path ?? "", expected, seen: failed[0]?.seen };
}

type Word = Exclude<keyof Fact, "path" | "open" | "any">;

const HOLDS: { readonly [W in Word]-?: (seen: unknown, wanted: unknown) => boolean } = {
  equals: sameJson,
  one_of: (seen, wanted) => (wanted as unknown[]).some((one) => sameJson(seen, one)),
  contains: (seen, wanted) => seen !== undefined && containsJson(seen, wanted),
  matches: (seen, wanted) => typeof seen === "string" && new RegExp(wanted as string, "u").test(seen),
  absent: (seen) => seen === undefined,
  present: (seen) => seen !== undefined,
  type: (seen, wanted) => [wanted].flat().some((type) => isOfType(seen, type as JsonType)),
  length: (seen, wanted) => lengthOf(seen) === wanted,
  join: (seen, wanted) =>
    Array.isArray(seen) && seen.every((member) => typeof member === "string") && seen.join("") === wanted,
  parsed: (seen, wanted) => typeof seen === "string" && sameJson(parseJson(seen), wanted),
  min: (seen, wanted) => typeof seen === "number" && seen >= (wanted as number),
  max: (seen, wanted) => typeof seen === "number" && seen <= (wanted as number),
  // A fact about every chunk says nothing of a stream without one.
  every: (seen, wanted) =>
    Array.isArray(seen) &&
    seen.length > 0 &&
    seen.every((member) => judge(wanted as Fact, member) === undefined),
  unique: (seen) =>
    Array.isArray(seen) &&
    seen.every((one, index) => seen.slice(index + 1).every((other) => !sameJson(one, other))),
  same: (seen) => Array.isArray(seen) && seen.length > 0 && seen.every((member) => sameJson(member, seen[0])),
  not: (seen, wanted) => judge(wanted as Fact, seen) !== undefined,
};

const WORDS = Object.keys(HOLDS) as Word[];

/** A fact without any of these says nothing. */
export const FACT_WORDS: readonly string[] = [...WORDS, "any"];

function lengthOf(value: unknown): number | undefined {
  if (typeof value === "string") return [...value].length;
  if (Array.isArray(value)) return value.length;
  return typeof value === "object" && value !== null ? Object.keys(value).length : undefined;
}

function shown(word: Word, wanted: unknown): string {
  if (wanted === true && word !== "equals") return "";
  if (word === "not" || word === "every") return describeFact(wanted as Fact);
  return JSON.stringify(wanted) ?? String(wanted);
}

function describeFact(fact: Fact): string {
  if (fact.any !== undefined) return JSON.stringify(fact.any);
  const words = WORDS.filter((word) => Object.hasOwn(fact, word)).map((word) =>
    `${word} ${shown(word, fact[word])}`.trimEnd(),
  );
  return `(${[...(fact.path === undefined ? [] : [fact.path]), ...words].join(" ")})`;
}
