/**
 * Memory of tool calls between turns. Gemini 3 refuses a history whose function calls lack their thought
 * signatures, and most OpenAI clients send back only `id`, `type` and `function`.
 */

/** What Gemini must see again when a tool call comes back. */
export interface RememberedCall {
  /** `thoughtSignature` of exactly this functionCall part; absent on all but the first parallel call. */
  signature?: string;
  /** `functionCall.id` as the upstream gave it. */
  upstreamId?: string;
  name: string;
  /** Bare model id that made the call: a signature is not valid for another model. */
  model: string;
}

/** Keys are tool call ids this gateway minted. A store may forget; it must never return another id's entry. */
export interface SignatureStore {
  recall(toolCallId: string): RememberedCall | undefined;
  remember(toolCallId: string, call: RememberedCall): void;
  /**
   * Of a store with others behind it: gets the calls from there that `recall` would miss here. Undefined where nothing
   * is missing. Never rejects: what cannot be had stays missing.
   */
  fetch?(toolCallIds: Iterable<string>): Promise<void> | undefined;
}
