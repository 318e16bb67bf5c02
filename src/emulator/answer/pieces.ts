/**
 * Text cut into the pieces the emulator calls tokens: about four characters of Latin text, two of Chinese or
 * Japanese, three digits, one mark. Gemini's real vocabulary is not public; the proportions follow Google's rule
 * of thumb (https://ai.google.dev/gemini-api/docs/tokens: a token is about 4 characters, 100 tokens 60-80 words).
 */

const longestLatin = 6;
const longestOtherLetters = 3;
const longestIdeographs = 2;
const longestDigits = 3;
const longestRun = 8;

/** The text in pieces; joined, they are the text again. At most `limit` pieces are returned. */
export function pieces(text: string, limit = Number.POSITIVE_INFINITY): string[] {
  const found: string[] = [];
  for (let start = 0; start < text.length && found.length < limit;) {
    const end = pieceEnd(text, start);
    found.push(text.slice(start, end));
    start = end;
  }
  return found;
}

/** How many pieces the text has, without building them. */
export function countPieces(text: string): number {
  let count = 0;
  for (let start = 0; start < text.length; count++) start = pieceEnd(text, start);
  return count;
}

/** The first `limit` pieces as one string. */
export function firstPieces(text: string, limit: number): string {
  let end = 0;
  for (let count = 0; end < text.length && count < limit; count++) end = pieceEnd(text, end);
  return text.slice(0, end);
}

type Kind = "latin" | "letters" | "ideograph" | "digit" | "space" | "mark" | "pair";

function pieceEnd(text: string, start: number): number {
  let at = start;
  let kind = kindAt(text, at);
  // A single blank belongs to the word behind it, as in most vocabularies.
  if (text[at] === " " && at + 1 < text.length) {
    const next = kindAt(text, at + 1);
    if (next === "latin" || next === "letters" || next === "digit") {
      at++;
      kind = next;
    }
  }
  switch (kind) {
    case "latin":
      return runEnd(text, at, kind, longestLatin);
    case "letters":
      return runEnd(text, at, kind, longestOtherLetters);
    case "ideograph":
      return runEnd(text, at, kind, longestIdeographs);
    case "space":
      return runEnd(text, at, kind, longestRun);
    case "pair":
      return at + 2;
    case "digit":
      return runEnd(text, at, kind, longestDigits);
    case "mark":
      return at + 1;
  }
}

function runEnd(text: string, start: number, kind: Kind, longest: number): number {
  let end = start + 1;
  while (end < text.length && end - start < longest && kindAt(text, end) === kind) end++;
  return end;
}

function kindAt(text: string, at: number): Kind {
  const code = text.charCodeAt(at);
  if ((code >= 0x61 && code <= 0x7a) || (code >= 0x41 && code <= 0x5a)) return "latin";
  if (code === 0x20 || code === 0x09 || code === 0x0a || code === 0x0d) return "space";
  if (code >= 0x30 && code <= 0x39) return "digit";
  if (code < 0xc0) return "mark";
  if (code < 0x250) return code === 0xd7 || code === 0xf7 ? "mark" : "latin";
  if (code >= 0xd800 && code <= 0xdbff) return isLowSurrogate(text.charCodeAt(at + 1)) ? "pair" : "mark";
  if (code >= 0x2e80 && code <= 0xdfff) return code < 0xd7a4 ? "ideograph" : "mark";
  if (code >= 0x2000 && code <= 0x2e7f) return "mark";
  return code >= 0xf900 && code <= 0xfaff ? "ideograph" : "letters";
}

function isLowSurrogate(code: number): boolean {
  return code >= 0xdc00 && code <= 0xdfff;
}
