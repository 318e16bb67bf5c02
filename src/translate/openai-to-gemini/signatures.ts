/**
 * Thought signatures of tool calls on their way back. From Gemini 3 on, the first function call of each step in the
 * current turn must carry its signature or the request is refused; parallel calls after the first have none, and must
 * not be given one. Source: Google's thought signatures page.
 */
import type { Part } from "../../wire/gemini.ts";
import type { CallPart } from "./assistant-calls.ts";
import type { GoogleExtra } from "./extra-content.ts";
import type { MessageScope } from "./message-scope.ts";

/** Google's documented value for a history whose signatures are not known; it passes the validator. */
export const BYPASS_SIGNATURE = "skip_thought_signature_validator";

/**
 * The signature a caller sent back. After an upstream refused one ("Corrupted thought signature", which does not say
 * which), none is sent again.
 */
export function returnedSignature(extra: GoogleExtra, scope: MessageScope): string | undefined {
  if (extra.signature === undefined) return undefined;
  const path = `${extra.path}.thought_signature`;
  if (scope.repair.bypassSignatures === true) {
    scope.notes.add(
      "ignored",
      "signature-bypass",
      path,
      "The model refused a signature of this history, so none was sent.",
    );
    return undefined;
  }
  scope.notes.used(path, "signature-returned");
  return extra.signature;
}

/**
 * Puts on one call what is known about it: the signature the caller returned, or the one remembered; and the
 * upstream's own call id, which Gemini 3.8 compares with the result's.
 */
export function signCall(
  part: Part,
  name: string,
  call: { id: string | undefined; path: string; returned: string | undefined },
  scope: MessageScope,
): void {
  const { facts, model } = scope.target;
  const mayBeSigned = scope.repair.bypassSignatures !== true;
  if (call.returned !== undefined && mayBeSigned) part.thoughtSignature = call.returned;
  const remembered = call.id === undefined ? undefined : scope.recall(call.id);
  if (remembered === undefined || remembered.name !== name) return;
  // A signature holds for the model that made it and for no other.
  const signature = remembered.model === model ? remembered.signature : undefined;
  if (signature !== undefined && call.returned === undefined && mayBeSigned) {
    part.thoughtSignature = signature;
    scope.notes.used(`${call.path}.id`, "signature-remembered");
  }
  if (remembered.upstreamId === undefined || !facts.callIds || scope.repair.withoutCallIds === true) return;
  if (part.functionCall !== undefined) part.functionCall.id = remembered.upstreamId;
}

/**
 * Finishes one step: a model turn with all its parallel calls. Earlier turns are not validated, but where the current
 * one begins depends on messages a client may prune, so every step is treated alike. Only the first call is helped:
 * without a signature there the request is refused, and an unsigned call after it is how parallel calls look.
 */
export function completeStep(calls: readonly CallPart[], scope: MessageScope): void {
  const first = calls[0];
  if (first === undefined || !scope.target.facts.requiresSignatures) return;
  if (first.part.thoughtSignature !== undefined) return;
  first.part.thoughtSignature = BYPASS_SIGNATURE;
  scope.notes.add(
    "added",
    "signature-bypass",
    first.path,
    "The thought signature of this step is not known; Google's bypass value was sent, which can lower quality.",
  );
}
