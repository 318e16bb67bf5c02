/** The fields that every chunk of an answer, or the answer itself, repeats. */
import type { GenerateContentResponse } from "../../wire/gemini.ts";
import type { AnswerContext, AnswerShape } from "../target.ts";
import { nonEmpty } from "./lenient.ts";

export interface Envelope {
  id: string;
  /** Unix seconds. */
  created: number;
  /** As the caller wrote it. */
  model: string;
  /** The exact version that answered, for example `gemini-3.5-flash-001`: the nearest thing to a fingerprint. */
  system_fingerprint: string | null;
}

/** An empty `responseId` has been seen from the Gemini API; `createTime` comes from Vertex only. */
export function toEnvelope(
  first: GenerateContentResponse | undefined,
  shape: AnswerShape,
  context: AnswerContext,
): Envelope {
  const createdMs = Date.parse(nonEmpty(first?.createTime) ?? "");
  return {
    id: nonEmpty(first?.responseId) ?? context.id,
    created: Number.isNaN(createdMs) ? context.created : Math.floor(createdMs / 1000),
    model: shape.model,
    system_fingerprint: nonEmpty(first?.modelVersion) ?? null,
  };
}
