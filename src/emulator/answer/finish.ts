/**
 * How an answer ends: stop sequences, the token limit, and words in the prompt that force an ending for tests:
 * `EMULATOR_BLOCK_PROMPT` (or `EMULATOR_BLOCK_PROMPT:PROHIBITED_CONTENT`), `EMULATOR_SAFETY`,
 * `EMULATOR_FINISH:RECITATION` or any other finish reason.
 */
import type { Part } from "../../wire/gemini.ts";
import { countPieces, firstPieces } from "./pieces.ts";

/** Reasons after which nothing that was generated is returned. */
const withoutContent =
  /^(?:MALFORMED_FUNCTION_CALL|UNEXPECTED_TOOL_CALL|TOO_MANY_TOOL_CALLS|NO_IMAGE|IMAGE_.+|MISSING_THOUGHT_SIGNATURE|MALFORMED_RESPONSE)$/;

/** The block reason a prompt asks for. */
export function blockedBy(ask: string): { blockReason: string; blockReasonMessage: string } | undefined {
  const match = /\bEMULATOR_BLOCK_PROMPT(?::([A-Z_]{2,60}))?/.exec(ask);
  if (match === null) return undefined;
  return {
    blockReason: match[1] ?? "SAFETY",
    blockReasonMessage: "The prompt was blocked because it contains EMULATOR_BLOCK_PROMPT.",
  };
}

/** The finish reason a prompt asks for. */
export function forcedFinish(ask: string): string | undefined {
  if (/\bEMULATOR_SAFETY\b/.test(ask)) return "SAFETY";
  return /\bEMULATOR_FINISH:([A-Z_]{2,60})/.exec(ask)?.[1];
}

export interface Ending {
  parts: Part[];
  finishReason: string;
  finishMessage?: string;
}

/** A forced ending: half of the text at most, none where the reason means that nothing usable came. */
export function forced(parts: readonly Part[], finishReason: string): Ending {
  if (finishReason === "STOP") return { parts: [...parts], finishReason };
  const kept = withoutContent.test(finishReason) ? [] : parts.flatMap(halved);
  return {
    parts: kept,
    finishReason,
    finishMessage: `The emulator was asked to finish with ${finishReason}.`,
  };
}

function halved(part: Part): Part[] {
  if (part.thought === true) return [part];
  if (typeof part.text !== "string") return [];
  const text = firstPieces(part.text, Math.ceil(countPieces(part.text) / 2));
  return text === "" ? [] : [{ ...part, text }];
}

/** Cuts before the earliest stop sequence, which is not part of the answer; what would follow is never said. */
export function stopped(parts: readonly Part[], stopSequences: readonly string[]): Part[] {
  const kept: Part[] = [];
  for (const part of parts) {
    if (typeof part.text !== "string" || part.thought === true) {
      kept.push(part);
      continue;
    }
    const { text } = part;
    const cuts = stopSequences
      .filter((stop) => stop !== "")
      .map((stop) => text.indexOf(stop))
      .filter((at) => at >= 0);
    const cut = cuts.length > 0 ? Math.min(...cuts) : -1;
    if (cut < 0) {
      kept.push(part);
      continue;
    }
    if (cut > 0) kept.push({ ...part, text: text.slice(0, cut) });
    break;
  }
  return kept;
}

/** Keeps what fits in `limit` tokens. Text can be cut anywhere; calls, images and sound come whole or not at all. */
export function limited(
  parts: readonly Part[],
  limit: number,
  tokensOf: (part: Part) => number,
): { parts: Part[]; tokens: number; cut: boolean } {
  const kept: Part[] = [];
  let tokens = 0;
  for (const part of parts) {
    const weight = part.thought === true ? 0 : tokensOf(part);
    if (tokens + weight <= limit) {
      kept.push(part);
      tokens += weight;
      continue;
    }
    const room = limit - tokens;
    if (typeof part.text === "string" && room > 0) {
      kept.push({ ...part, text: firstPieces(part.text, room) });
      tokens += room;
    }
    return { parts: kept, tokens, cut: true };
  }
  return { parts: kept, tokens, cut: false };
}
