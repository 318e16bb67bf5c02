/** Words compared by stem, so that "cities" finds `city` and "raining" finds `get_weather`. */

const stopWords = new Set(
  (
    "a an the this that these those it its is are was were be been being am do does did done have has had having can " +
    "could will would shall should may might must i me my mine you your yours he him his she her we us our they them " +
    "their what which who whom whose when where why how and or but if then than so as at by for from in into of on " +
    "off onto out over to up with about there here not no yes please just only very some few several any all each every both more " +
    "most other such own same too also now like want need let lets tell give show know make made go going get got " +
    "use using used given one two there's what's it's i'm i'd today currently"
  ).split(" "),
);

/** Longest first; `stem` needs them while this module loads. */
const endings: readonly (readonly [string, string])[] = [
  ["ations", "ate"],
  ["ation", "ate"],
  ["ies", "y"],
  ["ying", "y"],
  ["ing", ""],
  ["sses", "ss"],
  ["xes", "x"],
  ["ches", "ch"],
  ["shes", "sh"],
  ["ed", ""],
  ["ss", "ss"],
  ["us", "us"],
  ["is", "is"],
  ["s", ""],
  ["e", ""],
].map(([ending = "", replacement = ""]) => [ending, replacement] as const);

/** Verbs and fillers that begin half of all function names and so say nothing about what a function is for. */
const genericNameWords = new Set(
  (
    "get set list find search fetch create make do run call execute tool function current info information data look " +
    "lookup update delete add remove check query read write send open start stop new user item value by for to of the " +
    "in on and with a an api json handle perform process retrieve return show"
  )
    .split(" ")
    .map(stem),
);

/** Words of one subject; any of them in a prompt stands for all. */
const subjects: readonly string[][] = [
  "weather temperature forecast rain sunny snow cold hot warm wind humidity umbrella clima tiempo wetter meteo météo погода 天気 天气",
  "time clock timezone hour",
  "price cost expensive cheap quote",
  "email mail inbox",
  "flight fly airplane plane airline airport",
  "hotel accommodation room stay lodging",
  "restaurant dinner lunch eat food",
  "stock ticker share shares",
  "currency exchange dollar euro dollars euros",
  "calendar meeting appointment event schedule",
  "sum plus addition total add",
  "multiply times product multiplication multiplied",
  "calculator calculate compute arithmetic math evaluate",
  "light lights lamp brightness dim",
  "music song playlist play",
  "translate translation",
  "order purchase buy",
  "reminder remind",
  "positive love great good excellent amazing happy wonderful fantastic best",
  "negative hate bad terrible awful horrible sad worst disappointed broken",
].map((group) => group.split(" "));

const subjectOf = new Map(
  subjects.flatMap((group, index) => group.map((word) => [stem(word), index] as const)),
);

export function isStopWord(word: string): boolean {
  return stopWords.has(word.toLowerCase());
}

/** Words of a text or of an identifier in any spelling, lower-case. */
export function wordsOf(text: string): string[] {
  return (
    text
      .replaceAll(/(\p{Ll}|\d)(\p{Lu})/gu, "$1 $2")
      .toLowerCase()
      .match(/[\p{L}\p{M}\p{N}]+/gu) ?? []
  );
}

export function contentStems(text: string): string[] {
  return wordsOf(text)
    .filter((word) => !stopWords.has(word))
    .map(stem);
}

/** The words that make one function name different from others; all of them when none does. */
export function distinctiveStems(name: string): string[] {
  const all = wordsOf(name).map(stem);
  const distinctive = all.filter((word) => !genericNameWords.has(word));
  return distinctive.length > 0 ? distinctive : all;
}

export function isGeneric(stemmed: string): boolean {
  return genericNameWords.has(stemmed);
}

/** Equal, of one subject, or one the beginning of the other. */
export function related(a: string, b: string): boolean {
  if (a === b) return true;
  const subject = subjectOf.get(a);
  if (subject !== undefined && subject === subjectOf.get(b)) return true;
  const shorter = Math.min(a.length, b.length);
  return shorter >= 5 && (a.startsWith(b) || b.startsWith(a));
}

/** A few English endings cut off; never shorter than three letters. */
export function stem(word: string): string {
  for (const [ending, replacement] of endings) {
    if (word.endsWith(ending) && word.length - ending.length >= 3) {
      const cut = word.slice(0, word.length - ending.length) + replacement;
      return /([bdfgmnprt])\1$/.test(cut) && ending !== "s" ? cut.slice(0, -1) : cut;
    }
  }
  return word;
}
