/** Values for named fields, drawn from what a prompt says: "in Chicago" for `location`, "three" for `count`. */
import type { Json, JsonObject } from "../../wire/gemini.ts";
import { findSum, formatNumber } from "./arithmetic.ts";
import { isDayOrMonth } from "./dates.ts";
import { describes, type Field, is } from "./field-kind.ts";
import type { Name } from "./names.ts";
import { type NumberPhrase, type Phrases, phrasesOf } from "./phrases.ts";
import { plainName, recordsOf } from "./returned-values.ts";
import { contentStems, isStopWord, related, stem, wordsOf } from "./words.ts";

const personal = new Set(
  "age email phone birthday gender occupation job address surname born height".split(" ").map(stem),
);
const languages =
  /\b(english|french|spanish|german|italian|portuguese|japanese|chinese|korean|russian|arabic|hindi|dutch|polish|turkish|swedish)\b/gi;

export class PromptSource {
  readonly phrases: Phrases;
  /** What functions returned; a field of the same name takes its value from here. */
  readonly #records: Map<string, Json>;
  #chosen: string | undefined;
  readonly #usedNumbers = new Set<NumberPhrase>();
  readonly #usedNames = new Set<string>();

  constructor(text: string, results: readonly JsonObject[] = []) {
    this.phrases = phrasesOf(text);
    this.#records = recordsOf(results);
  }

  get text(): string {
    return this.phrases.text;
  }

  /** Settles what the next name or place drawn will be; for one call of several alike. */
  choose(name: string): void {
    this.#chosen = name;
  }

  /** A value a function returned under this name. */
  recorded(field: Field): Json | undefined {
    return this.#records.get(plainName(field.name));
  }

  /** A text for the field, if the prompt has one. */
  string(field: Field): string | undefined {
    const { phrases } = this;
    const labelled = this.#labelled(field.name);
    if (labelled !== undefined) return labelled;
    if ((is(field, "email") || is(field, "destination")) && phrases.emails.length > 0)
      return phrases.emails[0];
    if (is(field, "query")) {
      const said = this.#saying();
      if (said !== undefined) return said;
    }
    if (is(field, "url")) return phrases.urls[0];
    if (is(field, "date")) return phrases.dates[0];
    if (is(field, "time")) return phrases.times[0];
    if (is(field, "language")) return text(phrases.text.match(languages)?.at(-1));
    if (is(field, "sum")) return findSum(phrases.text)?.expression;
    if (is(field, "origin") && !is(field, "place")) return this.#placeAfter(["from"]);
    if (is(field, "destination") && !is(field, "place")) return this.#placeAfter(["to", "into"]);
    if (is(field, "place")) return this.#place(field);
    if (is(field, "title")) return this.#title(field);
    if (is(field, "person")) return this.#person();
    if (is(field, "answer")) {
      const sum = findSum(phrases.text);
      return sum && formatNumber(sum.value);
    }
    if (is(field, "query")) return phrases.quoted[0] ?? this.#objectOfSearch() ?? text(phrases.text.trim());
    if (describes(field, "place")) return this.#place(field);
    return phrases.quoted[0];
  }

  /** A number for the field: one with a fitting unit or label first, else the next one not yet used. */
  number(field: Field): number | undefined {
    if (is(field, "answer")) {
      const sum = findSum(this.text);
      if (sum !== undefined) return sum.value;
    }
    const free = this.phrases.numbers.filter((number) => !this.#usedNumbers.has(number));
    const words = wordsOf(field.name).map(stem);
    const fits = (number: NumberPhrase): boolean =>
      [...contentStems(number.after).slice(0, 2), ...contentStems(number.before).slice(-2)].some((word) =>
        words.some((own) => related(own, word) || unitOf(own) === word),
      ) ||
      (words.some((word) => moneyWords.has(word)) && /[$€£¥]\s?$/.test(number.before));
    const found = free.find(fits) ?? free[0];
    if (found !== undefined) this.#usedNumbers.add(found);
    return found?.value;
  }

  /** True when the prompt speaks of it, false when it says no to it, undefined when it does neither. */
  boolean(field: Field): boolean | undefined {
    const words = contentStems(field.name).filter((word) => word !== "enabl" && word !== "includ");
    const said = wordsOf(this.text);
    const at = said.findIndex((word) => words.some((own) => own === stem(word)));
    if (at < 0) return undefined;
    return !said
      .slice(Math.max(0, at - 3), at)
      .some((word) => ["no", "not", "without", "don", "never"].includes(word));
  }

  /** The option the prompt names, by its own words. */
  option(options: readonly Json[]): Json | undefined {
    const said = wordsOf(this.text);
    const stems = [...new Set(contentStems(this.text))];
    const joined = ` ${said.join(" ")} `;
    const named = options.filter((option) => typeof option === "string" && option !== "") as string[];
    return (
      named.find(
        (option) => joined.includes(` ${wordsOf(option).join(" ")} `) && wordsOf(option).length > 0,
      ) ??
      named.find((option) =>
        contentStems(option).some((word) => stems.some((other) => related(word, other))),
      ) ??
      options.find(
        (option) => typeof option === "number" && this.phrases.numbers.some(({ value }) => value === option),
      )
    );
  }

  /** Several texts for a list. */
  list(field: Field): string[] {
    const labelled = this.#labelledList(field.name);
    if (labelled.length > 0) return labelled;
    const { names, dates, times, emails, urls, quoted } = this.phrases;
    if (is(field, "email")) return emails;
    if (is(field, "url")) return urls;
    if (is(field, "date")) return dates;
    if (is(field, "time")) return times;
    if (is(field, "place")) return names.filter(isPlace).map((name) => name.text);
    if (is(field, "person")) return people(names).map((name) => name.text);
    if (quoted.length > 0) return quoted;
    return this.#listAfterColon();
  }

  /** Values that call for one call each: "in Paris and London" for a field that takes one place. */
  alternatives(field: Field): string[] {
    const { names } = this.phrases;
    const usable = is(field, "place") || describes(field, "place") ? names.filter(isPlace) : names;
    const first = usable[0];
    return first === undefined
      ? []
      : usable.filter((name) => name.list === first.list).map((name) => name.text);
  }

  #place(field: Field): string | undefined {
    if (this.#chosen !== undefined) return this.#chosen;
    if (is(field, "origin")) return this.#placeAfter(["from"]) ?? this.#placeAfter(["between"]);
    if (is(field, "destination")) return this.#placeAfter(["to", "into", "for", "in"]);
    return this.phrases.names.find(isPlace)?.text ?? this.phrases.names[0]?.text;
  }

  #placeAfter(prepositions: readonly string[]): string | undefined {
    return this.phrases.names.find((name) => prepositions.includes(name.after))?.text;
  }

  #person(): string | undefined {
    if (this.#chosen !== undefined) return this.#chosen;
    const candidates = people(this.phrases.names);
    const name = candidates.find((candidate) => !this.#usedNames.has(candidate.text)) ?? candidates[0];
    if (name !== undefined) this.#usedNames.add(name.text);
    return this.phrases.calledName ?? name?.text;
  }

  #title(field: Field): string | undefined {
    const { calledName, quoted, topic } = this.phrases;
    if (this.#chosen !== undefined) return this.#chosen;
    if (calledName !== undefined) return calledName;
    if (quoted[0] !== undefined) return quoted[0];
    const ofPerson =
      wordsOf(field.name).map(stem).includes("nam") &&
      (field.siblings.some((sibling) => wordsOf(sibling).some((word) => personal.has(stem(word)))) ||
        describes(field, "person"));
    const person = people(this.phrases.names)[0]?.text;
    if (ofPerson && person !== undefined) return person;
    return topic === undefined ? person : capitalised(topic);
  }

  /** "search for X", "look up X". */
  #objectOfSearch(): string | undefined {
    return text(
      /\b(?:search|look|looking|find|query|google)\b(?: the web| online| it)?(?: for| up| about)\s+([^.?!\n]{2,200})/i.exec(
        this.text,
      )?.[1],
    );
  }

  /** `saying "see you"`: the words of a message. */
  #saying(): string | undefined {
    return text(
      /\b(?:saying|that says|which says|with the (?:message|text|body|words))\s+["“]?([^"”\n]{1,500})/i.exec(
        this.text,
      )?.[1],
    );
  }

  /** `name: value`, `name is value`, `name = "value"`. */
  #labelled(name: string): string | undefined {
    const label = labelPattern(name);
    if (label === undefined) return undefined;
    const match = new RegExp(
      `(?<![\\p{L}])${label}\\s{0,3}(?:(?::|=|\\bis\\b|\\bof\\b)?\\s{0,3}["“']([^"”'\\n]{1,300})["”']|(?::|=|\\bis\\b|\\bof\\b)\\s{0,3}([^\\n,;.?!]{1,120}))`,
      "iu",
    ).exec(this.text);
    return text((match?.[1] ?? match?.[2])?.replace(/\s+(?:and|with|on|at|for)\s.*$/, "").trim());
  }

  #labelledList(name: string): string[] {
    const label = labelPattern(name);
    if (label === undefined) return [];
    const match = new RegExp(
      `(?<![\\p{L}])${label}\\s{0,3}(?::|=|\\bare\\b)\\s{0,3}([^\\n.;]{1,400})`,
      "iu",
    ).exec(this.text);
    return match?.[1] === undefined ? [] : items(match[1]);
  }

  #listAfterColon(): string[] {
    const after = /:\s{0,3}([^\n:]{1,400})/.exec(this.text)?.[1];
    return after?.includes(",") ? items(after) : [];
  }
}

/** The first letter large, as titles are written. */
export function capitalised(phrase: string): string {
  return phrase.charAt(0).toUpperCase() + phrase.slice(1);
}

const units = new Map([
  ["ag", "year"],
  ["duration", "minut"],
  ["temperatur", "degre"],
]);
const moneyWords = new Set("price cost amount budget total salary".split(" ").map(stem));

function unitOf(word: string): string | undefined {
  return units.get(word);
}

function isPlace(name: Name): boolean {
  return [
    "in",
    "at",
    "near",
    "around",
    "between",
    "from",
    "to",
    "for",
    "of",
    "than",
    "is",
    "visit",
    "visiting",
  ].includes(name.after);
}

function people(names: readonly Name[]): Name[] {
  const standing = names.filter((name) => !["in", "at", "near", "from", "around"].includes(name.after));
  return standing.length > 0 ? standing : [...names];
}

function items(list: string): string[] {
  return list
    .split(/,\s*(?:and |or )?|\s+(?:and|or)\s+/)
    .map((item) => item.trim().replace(/[.?!]+$/, ""))
    .filter((item) => item !== "")
    .slice(0, 30);
}

/** The field's words with anything between them; undefined where they say too little to look for. */
function labelPattern(name: string): string | undefined {
  const words = wordsOf(name).filter((word) => /^[\p{L}\p{N}]+$/u.test(word));
  if (
    words.length === 0 ||
    words.length > 6 ||
    words.every((word) => isStopWord(word) || isDayOrMonth(word))
  ) {
    return undefined;
  }
  return words.join("[\\s_-]{0,2}");
}

function text(value: string | undefined): string | undefined {
  return value === undefined || value === "" ? undefined : value;
}
