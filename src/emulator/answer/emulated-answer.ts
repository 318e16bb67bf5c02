/** What the emulator has decided to say, before it is signed, numbered and cut into events. */
import type {
  GenerateContentRequest,
  GroundingMetadata,
  LogprobsResult,
  ModalityTokenCount,
  Part,
} from "../../wire/gemini.ts";
import type { EmulatedModel } from "../emulated-model.ts";

export interface EmulatedCandidate {
  /** Thoughts first, then text, function calls or inline data, in Gemini's order; no signatures, no ids. */
  parts: Part[];
  finishReason: string;
  finishMessage?: string;
  logprobsResult?: LogprobsResult;
  avgLogprobs?: number;
  groundingMetadata?: GroundingMetadata;
  tokens: { candidates: number; thoughts: number };
}

export interface EmulatedAnswer {
  candidates: EmulatedCandidate[];
  /** Set instead of candidates when the prompt itself is refused. */
  blocked?: { blockReason: string; blockReasonMessage: string };
  promptTokens: number;
  promptTokensDetails: ModalityTokenCount[];
  cachedTokens: number;
}

/** Deterministic: the same request, model and seed give the same answer. The request has passed every check. */
export type ComposeAnswer = (request: GenerateContentRequest, model: EmulatedModel) => EmulatedAnswer;
