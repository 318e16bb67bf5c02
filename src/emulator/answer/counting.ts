/** Counting, and texts of a set length: "count to ten", "how many letters in X", "write 50 words". */
import { numberFrom } from "./phrases.ts";
import { wordsOf } from "./words.ts";

const mostCounted = 1000;
const mostWords = 5000;
const number = "(-?[\\d,]{1,9}|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve)";

/** The counting done; undefined when the prompt asks for none. */
export function counted(ask: string): string | undefined {
  const range = new RegExp(
    `\\bcount (?:(down|backwards) )?(?:from ${number} )?(?:up |down )?to ${number}\\b`,
    "i",
  ).exec(ask);
  const to = numberFrom(range?.[3] ?? "");
  if (to !== undefined) return numbersBetween(numberFrom(range?.[2] ?? "1") ?? 1, to);
  const inText =
    /\bhow many (words|letters|characters|vowels)\b[^"“]{0,60}["“]([^"”]{1,2000})["”]/i.exec(ask) ??
    /\bcount the (words|letters|characters|vowels) in:? ["“]?([^"”]{1,2000})["”]?/i.exec(ask);
  if (inText !== null) return measured(inText[1]?.toLowerCase() ?? "", inText[2] ?? "");
  const letter =
    /\bhow many (?:times does )?(?:the letter )?["']?(\p{L})["']?(?:'?s)? (?:are (?:there )?in|is in|appears? in|in) (?:the word )?["“']?(\p{L}{2,40})/iu.exec(
      ask,
    );
  if (letter !== null) {
    const [, wanted = "", word = ""] = letter;
    const count = [...word.toLowerCase()].filter((one) => one === wanted.toLowerCase()).length;
    return `The letter "${wanted}" occurs ${count} time${count === 1 ? "" : "s"} in "${word}".`;
  }
  return undefined;
}

/** How many words a prompt asks for: "write 200 words about tides"; undefined when it names no length. */
export function wantedWords(ask: string): number | undefined {
  const match = /\b(\d{1,5})[- ]words?\b/i.exec(ask);
  return match === null ? undefined : Math.min(Number(match[1]), mostWords);
}

/** Exactly `count` words, the text said over as often as it takes. */
export function exactlyWords(text: string, count: number): string {
  const words = text.split(/\s+/).filter((word) => word !== "");
  if (words.length === 0 || count === 0) return "";
  const chosen = Array.from({ length: count }, (_, index) => words[index % words.length] ?? "");
  return chosen
    .join(" ")
    .replace(/[,;:]$/, "")
    .replace(/(?<![.!?])$/, ".");
}

function numbersBetween(from: number, to: number): string {
  const step = from <= to ? 1 : -1;
  const length = Math.min(Math.abs(to - from) + 1, mostCounted);
  return Array.from({ length }, (_, index) => from + index * step).join(", ");
}

function measured(what: string, text: string): string {
  const count =
    what === "words"
      ? wordsOf(text).length
      : what === "letters"
        ? (text.match(/\p{L}/gu) ?? []).length
        : what === "vowels"
          ? (text.match(/[aeiou]/gi) ?? []).length
          : [...text].length;
  return `"${text}" has ${count} ${count === 1 ? what.slice(0, -1) : what}.`;
}
