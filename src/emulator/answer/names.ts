/** Names of people and places in a prompt, by capital letters and the words before them. */
import { isDayOrMonth } from "./dates.ts";
import { isStopWord } from "./words.ts";

export interface Name {
  text: string;
  /** The preposition or verb the name depends on, lower-case; shared by every name of one list. */
  after: string;
  /** Names joined by commas and "and" have the same number. */
  list: number;
}

const capitalised =
  /(?<![\p{L}\p{N}])\p{Lu}[\p{L}\p{M}\p{N}'’-]{0,40}(?:(?: (?:de|la|le|van|von|of|del|al|da|di))? \p{Lu}[\p{L}\p{M}\p{N}'’-]{0,40}){0,4}(?:, [A-Z]{2}(?![\p{L}]))?/gu;
const uncapitalised =
  /(?<![\p{L}])(in|at|near|for|from|to|around) ((?:[\p{L}'-]{2,30})(?: [\p{L}'-]{2,30}){0,2}(?:(?:, | and | or )[\p{L}'-]{2,30}(?: [\p{L}'-]{2,30})?){0,6})/gu;

/** Capitalised words that stand where a place could and are none. */
const notNames = new Set(
  (
    "i celsius fahrenheit kelvin english french spanish german italian portuguese japanese chinese korean russian " +
    "arabic hindi json python javascript typescript api url pdf png jpeg csv xml html sql usd eur gbp jpy ok ai am pm"
  ).split(" "),
);
/** Imperatives and nouns that often begin a prompt. */
const openers = new Set(
  (
    "book send find create write search call schedule set add list explain extract describe translate summarize " +
    "summarise generate compute calculate convert check look play order buy remind turn open close start stop use " +
    "compare plan return answer reply say repeat count draw hello hi hey thanks thank weather time today tomorrow " +
    "read respond classify identify name solve help provide suggest recommend fetch query run invite email note"
  ).split(" "),
);
const mostNames = 60;

/** In order of appearance. */
export function namesIn(text: string): Name[] {
  const found: Name[] = [];
  let previousEnd = -1;
  for (const match of text.matchAll(capitalised)) {
    if (found.length >= mostNames) break;
    const name = cleaned(match[0], match.index, text);
    if (name === undefined) continue;
    const start = match.index + match[0].indexOf(name);
    const previous = found.at(-1);
    const between = previousEnd < 0 ? "." : text.slice(previousEnd, start);
    const joined = previous !== undefined && joins(between, previous.after);
    found.push({
      text: name,
      after: joined ? previous.after : wordBefore(text, start),
      list: joined ? previous.list : found.length,
    });
    previousEnd = start + name.length;
  }
  return found.length > 0 ? found : lowerCaseNames(text);
}

/** "Paris and Tokyo", and with the preposition said again: "in Paris, and in Tokyo". */
function joins(between: string, after: string): boolean {
  const again = between.endsWith(` ${after} `) ? between.slice(0, -after.length - 1) : between;
  return /^(?:\s*[,;&/]\s*|,? (?:and|or|y|et|und|e|oder|ou|o) )$/.test(again);
}

function cleaned(matched: string, index: number, text: string): string | undefined {
  let words = matched.split(" ");
  const opensSentence = /(?:^|[.!?:\n"“(]\s*)$/.test(text.slice(Math.max(0, index - 4), index));
  while (words.length > 0 && isNoName(words[0] ?? "", opensSentence)) words = words.slice(1);
  while (words.length > 0 && isDayOrMonth(words.at(-1) ?? "")) words = words.slice(0, -1);
  const name = words.join(" ").replace(/['’]s$/, "");
  if (name === "" || notNames.has(name.toLowerCase())) return undefined;
  if (opensSentence && words.length === 1 && matched === words[0]) {
    // The first word of a sentence is capitalised anyway: it is a name when something is said about it.
    const rest = text.slice(index + matched.length, index + matched.length + 12);
    if (!/^(?:$|,| and | & | is | are | was | were | has | will | went | goes |['’]s |\.?$)/.test(rest))
      return undefined;
  }
  return name;
}

function isNoName(word: string, opensSentence: boolean): boolean {
  const lower = word.toLowerCase().replace(/['’].*$/, "");
  if (isDayOrMonth(lower) || lower === "i") return true;
  return isStopWord(lower) || (opensSentence && openers.has(lower));
}

function wordBefore(text: string, start: number): string {
  const before = text.slice(Math.max(0, start - 40), start);
  const words = before.toLowerCase().match(/[\p{L}']+|[.!?:;]/gu) ?? [];
  const skipped = words.findLast((word) => !["the", "a", "an", "city", "of"].includes(word));
  return skipped ?? "";
}

/** "weather in paris and london": what follows a preposition up to the next function word. */
function lowerCaseNames(text: string): Name[] {
  const found: Name[] = [];
  for (const match of text.matchAll(uncapitalised)) {
    const list = found.length;
    for (const item of (match[2] ?? "").split(/, | and | or /)) {
      const words = item.split(" ");
      const stop = words.findIndex((word) => isStopWord(word) || isDayOrMonth(word));
      const kept = stop < 0 ? words : words.slice(0, stop);
      const name = kept.join(" ");
      if (name === "" || notNames.has(name) || openers.has(kept[0] ?? "")) break;
      found.push({ text: name, after: match[1] ?? "", list });
      if (stop >= 0 || found.length >= mostNames) break;
    }
  }
  return found;
}
