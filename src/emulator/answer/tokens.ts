/** What a request weighs in tokens, split by modality as in `promptTokensDetails`. */
import type { GenerateContentRequest, ModalityTokenCount } from "../../wire/gemini.ts";
import { countPieces } from "./pieces.ts";

/** Tokens of a text; 0 for the empty text. */
export function countTextTokens(text: string): number {
  return countPieces(text);
}

/** Tokens of the whole prompt: contents, system instruction, tool declarations and cached content. */
export function countPromptTokens(request: GenerateContentRequest): {
  total: number;
  details: ModalityTokenCount[];
} {
  let total = 0;
  for (const content of [...(request.contents ?? []), request.systemInstruction]) {
    for (const part of content?.parts ?? []) total += countTextTokens(part.text ?? "");
  }
  return { total, details: total > 0 ? [{ modality: "TEXT", tokenCount: total }] : [] };
}
