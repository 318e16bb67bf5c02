/** Log probabilities for a finished text: one chosen token per piece, alternatives beside it. */
import type { LogprobsResult, TokenCandidate } from "../../wire/gemini.ts";
import { Dice, hash32 } from "./dice.ts";
import { pieces } from "./pieces.ts";

/** Google's largest `logprobs` (https://ai.google.dev/api/generate-content: valid range 0 to 20). */
const mostAlternatives = 20;
const alternatives = [
  " the",
  " a",
  " and",
  " to",
  " of",
  ",",
  ".",
  " in",
  " is",
  " it",
  " that",
  " for",
  " on",
  " with",
  " as",
  " at",
  " by",
  " this",
  " an",
  " or",
  " be",
];

/** `top` alternatives per token, likeliest first; 0 leaves them out. */
export function logprobsOf(
  text: string,
  top: number,
  key: string,
): { result: LogprobsResult; average: number } {
  const dice = new Dice(`logprobs/${key}`);
  const count = Math.min(Math.max(0, Math.trunc(top)), mostAlternatives);
  const chosen: TokenCandidate[] = [];
  const tops: { candidates: TokenCandidate[] }[] = [];
  let sum = 0;
  for (const token of pieces(text)) {
    const logProbability = rounded(-(dice.unit() ** 3) * 2);
    sum += logProbability;
    const candidate = { token, tokenId: idOf(token), logProbability };
    chosen.push(candidate);
    if (count > 0) tops.push({ candidates: [candidate, ...others(token, logProbability, count - 1, dice)] });
  }
  const result: LogprobsResult = {
    chosenCandidates: chosen,
    logProbabilitySum: rounded(sum),
    ...(count > 0 && { topCandidates: tops }),
  };
  return { result, average: chosen.length === 0 ? 0 : rounded(sum / chosen.length) };
}

function others(token: string, from: number, count: number, dice: Dice): TokenCandidate[] {
  const offset = dice.below(alternatives.length);
  const found: TokenCandidate[] = [];
  let logProbability = from;
  for (let index = 0; found.length < count && index < alternatives.length; index++) {
    const other = alternatives[(offset + index) % alternatives.length] ?? "";
    if (other === token) continue;
    logProbability = rounded(logProbability - 0.3 - dice.unit() * 2);
    found.push({ token: other, tokenId: idOf(other), logProbability });
  }
  return found;
}

/** Within the size of Gemma's published vocabulary, 262 144. */
function idOf(token: string): number {
  return hash32(token) % 262_144;
}

function rounded(value: number): number {
  return Math.round(value * 1e6) / 1e6 || 0;
}
