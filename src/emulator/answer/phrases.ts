/** The usable pieces of a prompt: what stands in quotes, numbers, dates, names, addresses, the thing it is about. */
import { datesIn, timesIn } from "./dates.ts";
import { namesIn, type Name } from "./names.ts";
import { isStopWord } from "./words.ts";

export interface NumberPhrase {
  value: number;
  /** The words on either side, lower-case, for telling an age from a price. */
  before: string;
  after: string;
}

export interface Phrases {
  text: string;
  quoted: string[];
  numbers: NumberPhrase[];
  dates: string[];
  times: string[];
  names: Name[];
  emails: string[];
  urls: string[];
  /** The thing the prompt is about, without its article; undefined when none stands out. */
  topic: string | undefined;
  /** What follows "named" or "called". */
  calledName: string | undefined;
}

const most = 60;

export function phrasesOf(text: string): Phrases {
  const urls = matches(text, /https?:\/\/[^\s"'<>)\]]{1,300}|gs:\/\/[^\s"'<>)\]]{1,300}/g);
  const dates = datesIn(text);
  const times = timesIn(text);
  let withoutDates = text;
  for (const date of [...dates, ...times, ...urls]) {
    if (/\d/.test(date)) withoutDates = withoutDates.replace(date, " ".repeat(date.length));
  }
  return {
    text,
    quoted: [
      ...text.matchAll(/["“„«]([^"“”«»\n]{1,500})["”»]|(?<![\p{L}\p{N}])'([^'\n]{1,200})'(?![\p{L}])/gu),
    ]
      .slice(0, most)
      .map((match) => match[1] ?? match[2] ?? ""),
    numbers: numbersIn(withoutDates),
    dates,
    times,
    names: namesIn(text),
    emails: matches(text, /[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,4}/g),
    urls: urls.map((url) => url.replace(/[.,;!?]+$/, "")),
    topic: topicOf(text),
    calledName:
      /\b(?:named|called|titled|name is|title is|i am|i'm)\s+["“']?(\p{Lu}[\p{L}\p{N}'’-]{0,40}(?: \p{Lu}[\p{L}\p{N}'’-]{0,40}){0,3})/u.exec(
        text,
      )?.[1],
  };
}

const numberWords = new Map(
  "zero one two three four five six seven eight nine ten eleven twelve"
    .split(" ")
    .map((word, value) => [word, value]),
);

/** "three" or "3" as a number. */
export function numberFrom(word: string): number | undefined {
  const spelled = numberWords.get(word.toLowerCase());
  if (spelled !== undefined) return spelled;
  const value = Number(word.replaceAll(",", ""));
  return word !== "" && Number.isFinite(value) ? value : undefined;
}

function numbersIn(text: string): NumberPhrase[] {
  const found: NumberPhrase[] = [];
  const pattern =
    /(?<![\p{L}\p{N}.])-?\d{1,15}(?:,\d{3}){0,4}(?:\.\d{1,10})?(?![\p{N}])|\b(?:two|three|four|five|six|seven|eight|nine|ten|eleven|twelve)\b/giu;
  for (const match of text.matchAll(pattern)) {
    if (found.length >= most) break;
    const value = numberFrom(match[0]);
    if (value === undefined) continue;
    found.push({
      value,
      before: text.slice(Math.max(0, match.index - 30), match.index).toLowerCase(),
      after: text.slice(match.index + match[0].length, match.index + match[0].length + 30).toLowerCase(),
    });
  }
  return found;
}

const aboutPattern = /\b(?:about|regarding|concerning|on the topic of)\s+([^.,;:!?\n]{2,80})/i;
const objectPattern =
  /\b(?:attend|attending|to|host|hosting|schedule|create|plan|book|order|find|for|of|is|have|having|make|write|describe|explain|like)\s+(?:a|an|the|my|our|some)\s+((?:[\p{L}\p{N}'-]{2,30} ?){1,5})/giu;
const explainPattern =
  /\b(?:explain|describe|discuss|define|summari[sz]e|list|name|suggest|recommend|give me|why (?:is|are|do|does)|what (?:is|are)|how (?:do|does|is|are))\s+(?:to me |me )?([^.,;:!?\n]{2,80})/i;

const whyPattern = /\bwhy (is|are|do|does) ((?:the|a|an|my|our) \p{L}{1,30}|\p{L}{1,30}) ([^.?!\n]{1,80})/iu;
const howPattern = /\b(how (?:an? |the )?[\p{L}\p{N} -]{1,50}? works?)\b/iu;

function topicOf(text: string): string | undefined {
  const why = whyPattern.exec(text);
  if (why !== null) return `why ${why[2]} ${/^(?:is|are)$/i.test(why[1] ?? "") ? `${why[1]} ` : ""}${why[3]}`;
  const how =
    howPattern.exec(text)?.[1] ?? /\bhow (?:do|does) ([\p{L}\p{N} -]{1,50}?) works?\b/iu.exec(text)?.[1];
  if (how !== undefined) return how.startsWith("how ") ? how : `how ${how} works`;
  const about = leadingPhrase(aboutPattern.exec(text)?.[1]);
  if (about !== undefined) return about;
  for (const match of text.matchAll(objectPattern)) {
    const topic = leadingPhrase(match[1]);
    if (topic !== undefined) return topic;
  }
  return leadingPhrase(explainPattern.exec(text)?.[1]);
}

/** Up to the first function word, without a leading article. */
function leadingPhrase(phrase: string | undefined): string | undefined {
  const words = (phrase ?? "").trim().split(/\s+/);
  while (words.length > 0 && isStopWord(words[0] ?? "")) words.shift();
  const stop = words.findIndex((word) => isStopWord(word));
  const kept = (stop < 0 ? words : words.slice(0, stop)).slice(0, 6).join(" ");
  return kept === "" ? undefined : kept;
}

function matches(text: string, pattern: RegExp): string[] {
  return (text.match(pattern) ?? []).slice(0, most);
}
