/** Token probabilities: `candidate.logprobsResult` as OpenAI's `logprobs`. */
import type { ChoiceLogprobs, TokenLogprob } from "../../wire/openai.ts";
import { objects, record, string } from "./lenient.ts";

/** What OpenAI sends for a probability of zero, as JSON has no `-Infinity`. */
const FLOOR = -9999;

/**
 * The tokens of one answer or one stream event; null when there are none. The chosen token need not be among the
 * top ones. `avgLogprobs` and `logProbabilitySum` have no place in OpenAI's shape.
 */
export function toLogprobs(result: unknown): ChoiceLogprobs | null {
  const given = record(result);
  if (given === undefined) return null;
  const chosen = objects(given["chosenCandidates"]);
  if (chosen.length === 0) return null;
  // By position, so an entry that cannot be read must keep its place.
  const top: unknown[] = Array.isArray(given["topCandidates"]) ? given["topCandidates"] : [];
  return {
    content: chosen.map((candidate, position): TokenLogprob => ({
      ...toToken(candidate),
      top_logprobs: objects(record(top[position])?.["candidates"]).map(toToken),
    })),
    refusal: null,
  };
}

function toToken(candidate: Record<string, unknown>): { token: string; logprob: number; bytes: number[] } {
  const token = string(candidate["token"]) ?? "";
  const given = candidate["logProbability"];
  // Absent is protobuf's 0, which is certainty. Protobuf's JSON spells an infinite float as a string.
  const logprob = typeof given === "number" ? given : given === undefined ? 0 : FLOOR;
  return {
    token,
    logprob: Number.isFinite(logprob) ? Math.max(logprob, FLOOR) : FLOOR,
    bytes: [...Buffer.from(token, "utf8")],
  };
}
