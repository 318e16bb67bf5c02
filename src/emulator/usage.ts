/** `usageMetadata` as both services write it: zero counts are left out. */
import type { ModalityTokenCount, Part, UsageMetadata } from "../wire/gemini.ts";
import type { EmulatedAnswer } from "./answer/emulated-answer.ts";
import { countTextTokens } from "./answer/tokens.ts";
import type { Surface } from "./surface.ts";

export interface TokensSoFar {
  candidates: number;
  thoughts: number;
}

/** Counts at one moment of an answer; total = prompt + candidates + thoughts, as Google defines it. */
export function usageMetadata(
  answer: EmulatedAnswer,
  soFar: TokensSoFar,
  final: { surface: Surface; parts: readonly Part[] } | undefined,
): UsageMetadata {
  const usage: UsageMetadata = { promptTokenCount: answer.promptTokens };
  if (soFar.candidates > 0) usage.candidatesTokenCount = soFar.candidates;
  usage.totalTokenCount = answer.promptTokens + soFar.candidates + soFar.thoughts;
  if (answer.cachedTokens > 0) {
    usage.cachedContentTokenCount = answer.cachedTokens;
    usage.cacheTokensDetails = [{ modality: "TEXT", tokenCount: answer.cachedTokens }];
  }
  if (answer.promptTokensDetails.length > 0) usage.promptTokensDetails = answer.promptTokensDetails;
  if (final !== undefined && soFar.candidates > 0) {
    usage.candidatesTokensDetails = byModality(final.parts, soFar.candidates);
  }
  if (soFar.thoughts > 0) usage.thoughtsTokenCount = soFar.thoughts;
  // Vertex names the traffic type on the terminal event only.
  if (final?.surface === "vertex") usage.trafficType = "ON_DEMAND";
  return usage;
}

function byModality(parts: readonly Part[], candidates: number): ModalityTokenCount[] {
  const spoken = parts.some((part) => part.inlineData?.mimeType?.startsWith("audio/") === true);
  if (spoken) return [{ modality: "AUDIO", tokenCount: candidates }];
  const drawn = parts.some((part) => part.inlineData?.mimeType?.startsWith("image/") === true);
  if (!drawn) return [{ modality: "TEXT", tokenCount: candidates }];
  const written = parts
    .filter((part) => part.thought !== true)
    .reduce((sum, part) => sum + countTextTokens(part.text ?? ""), 0);
  const text = Math.min(written, candidates);
  const image: ModalityTokenCount = { modality: "IMAGE", tokenCount: candidates - text };
  return text > 0 ? [{ modality: "TEXT", tokenCount: text }, image] : [image];
}
