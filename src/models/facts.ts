/** What one model accepts and limits, as far as translation and `/v1/models` need it. */

export type ThinkingLevel = "MINIMAL" | "LOW" | "MEDIUM" | "HIGH";
export type Modality = "text" | "image" | "audio" | "video" | "file";

export type Thinking =
  | { kind: "none" }
  /** Gemini 2.5: tokens; 0 switches thinking off where `canBeOff`. */
  | { kind: "budget"; min: number; max: number; canBeOff: boolean; default: number | "dynamic" }
  /** Gemini 3 and later: an unsupported level is a 400, not a downgrade. */
  | { kind: "level"; levels: readonly ThinkingLevel[]; default: ThinkingLevel };

export interface ModelFacts {
  /** Bare id. For a model this gateway does not know, the id asked for. */
  id: string;
  /** False when the facts are inferred from the id alone. */
  known: boolean;
  /** 1.5, 2, 2.5, 3, 3.1, 3.5, 3.8 ... Infinity for an unknown newer family. */
  generation: number;
  thinking: Thinking;
  /** Input tokens. */
  contextTokens: number;
  maxOutputTokens: number;
  inputModalities: readonly Modality[];
  outputModalities: readonly Modality[];
  /** `parametersJsonSchema` / `responseJsonSchema` are taken. */
  jsonSchema: boolean;
  /** temperature, topP and topK change anything. */
  sampling: boolean;
  /** Non-zero frequency and presence penalties are accepted. */
  penalties: boolean;
  /** Log probabilities are given; elsewhere the fields are refused by Google, which says so. */
  logprobs: boolean;
  /** `candidateCount` is accepted. */
  candidateCount: boolean;
  /** A trailing model turn is accepted. */
  prefill: boolean;
  /**
   * Where what the model is told beforehand goes: `instruction` is the field `systemInstruction`; `turn` the first
   * user turn, where the field is refused; `style` the `speechMetadata` of each text, where all text is spoken.
   */
  systemText: "instruction" | "turn" | "style";
  /** Part-level `mediaResolution` exists. */
  partMediaResolution: boolean;
  /** `functionCall.id` is accepted. */
  callIds: boolean;
  /** The first functionCall of each step in the current turn must carry its thought signature. */
  requiresSignatures: boolean;
  /** Function calling together with a JSON response type, and with Google's own tools. */
  combinesTools: boolean;
  /** Unix seconds of release, for `/v1/models`; 0 when not known. */
  created: number;
}
