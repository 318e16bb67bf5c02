/**
 * Thought signatures of tool calls on their way back. From Gemini 3 on, the first function call of each step in the
 * current turn must carry its signature or the request is refused; parallel calls after the first have none, and must
 * not be given one. Source: Google's thought signatures page.
 */
import type { RememberedCall } from "../../signatures/signature-store.ts";
import type { Part } from "../../wire/gemini.ts";
import type { CallPart } from "./assistant-calls.ts";
import type { GoogleExtra } from "./extra-content.ts";
import type { MessageScope } from "./message-scope.ts";

/** Google's documented value for a history whose signatures are not known; it passes the validator. */
const BYPASS_SIGNATURE = "skip_thought_signature_validator";

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

/** A tool call as the caller sent it back. */
export interface ReturnedCall {
  /** The id this gateway gave it; undefined for `function_call`, which has none. */
  id: string | undefined;
  path: string;
  extra: GoogleExtra;
  /** The signature some gateways append to the id. */
  carriedInId: string | undefined;
}

/**
 * Puts on one call what is known about it: the signature the caller returned, or the one remembered; and the
 * upstream's own call id, which Gemini 3.8 compares with the result's.
 */
export function signCall(part: Part, name: string, call: ReturnedCall, scope: MessageScope): void {
  const known = call.id === undefined ? undefined : scope.recall(call.id);
  const remembered = known?.name === name ? known : undefined;
  const signature = signatureOf(call, remembered, scope);
  if (signature !== undefined) part.thoughtSignature = signature;
  if (remembered?.upstreamId === undefined || scope.repair.withoutCallIds === true) return;
  if (part.functionCall !== undefined && scope.target.facts.callIds)
    part.functionCall.id = remembered.upstreamId;
}

/** What the caller returned comes before what is remembered. A signature holds for the model that made it alone. */
function signatureOf(
  { path, extra, carriedInId }: ReturnedCall,
  remembered: RememberedCall | undefined,
  scope: MessageScope,
): string | undefined {
  const { notes, repair, target } = scope;
  const returned = extra.signature ?? carriedInId;
  const isOtherModels = remembered !== undefined && remembered.model !== target.model;
  if (returned !== undefined && isOtherModels && returned === remembered.signature) {
    notes.add(
      "ignored",
      "signature-bypass",
      extra.signature === undefined ? `${path}.id` : `${extra.path}.thought_signature`,
      `${remembered.model} made this signature, and it holds for no other model.`,
    );
    return undefined;
  }
  if (returned !== undefined) {
    if (extra.signature !== undefined) return returnedSignature(extra, scope);
    return repair.bypassSignatures === true ? undefined : returned;
  }
  const signature = isOtherModels || repair.bypassSignatures === true ? undefined : remembered?.signature;
  if (signature !== undefined) notes.used(`${path}.id`, "signature-remembered");
  return signature;
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
    "No thought signature that holds for this step is known; Google's bypass value was sent, which can lower quality.",
  );
}
