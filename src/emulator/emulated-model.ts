/** What the emulator knows about one model: the limits that Google enforces for it. */
export interface EmulatedModel {
  id: string;
  displayName: string;
  /** 2, 2.5, 3, 3.1, 3.5, 3.6, 3.7, 3.8. */
  generation: number;
  inputTokenLimit: number;
  outputTokenLimit: number;
  /** Vertex takes one token less on the 2.5 family; absent where the limits agree. */
  vertexOutputTokenLimit?: number;
  thinking:
    | { kind: "none" }
    | { kind: "budget"; min: number; max: number; canBeZero: boolean; default: number }
    | { kind: "level"; levels: readonly string[]; default: string };
  /** Largest `candidateCount`; 0 where sending the field at all is an error. */
  maxCandidates: number;
  /** Any penalty field is an error, or only a non-zero one. */
  penalties: "accepted" | "zero-only" | "refused";
  sampling: "honoured" | "ignored";
  logprobs: boolean;
  trailingModelTurn: boolean;
  /** Its answers carry thought signatures. */
  signatures: boolean;
  /** A current turn whose calls lack their signatures is refused; when absent, the same as `signatures`. */
  enforcesSignatures?: boolean;
  callIds: boolean;
  /** Functions together with a JSON response type or with Google's own tools. */
  combinesTools: boolean;
  /** Upper-case, as in `responseModalities`. */
  outputModalities: readonly ("TEXT" | "IMAGE" | "AUDIO")[];
  /** Vertex locations that serve it; absent where every location does. */
  locations?: readonly string[];
  /** `functionDeclarations` may be sent; false for speech models. */
  tools?: boolean;
}
