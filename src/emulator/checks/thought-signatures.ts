/**
 * Gemini 3: in the current turn the first function call of each step must come back with its signature, and a
 * signature must come back on its own part, unaltered. Earlier turns are not validated.
 * Source: "Thought signatures", docs.cloud.google.com and ai.google.dev/gemini-api/docs/thought-signatures.
 */
import type { Content, Part } from "../../wire/gemini.ts";
import { refusal, type CheckContext } from "./check-context.ts";
import { responsesOf } from "./function-turns.ts";

/** @throws {GoogleApiError} */
export function checkThoughtSignatures(contents: readonly Content[], context: CheckContext): void {
  const { model } = context;
  const enforced = model.enforcesSignatures ?? model.signatures;
  if (!enforced) return;
  for (let index = currentTurnStart(contents); index < contents.length; index += 1) {
    const content = contents[index];
    if (content?.role !== "model") continue;
    let calls = 0;
    for (const part of content.parts ?? []) {
      if (part.functionCall !== undefined) {
        calls += 1;
        if (calls === 1 && part.thoughtSignature === undefined) throw missing(part, index, context);
      }
      if (part.thoughtSignature !== undefined) checkSignature(part, part.thoughtSignature, context);
    }
  }
}

/** Right after the last user message that is not a function response. */
function currentTurnStart(contents: readonly Content[]): number {
  const lastPrompt = contents.findLastIndex(
    (content) => content.role !== "model" && responsesOf(content).length === 0,
  );
  return lastPrompt + 1;
}

function checkSignature(part: Part, signature: string, context: CheckContext): void {
  const verdict = context.signer.verify(context.modelId, part, signature);
  if (verdict === "valid" || verdict === "bypass") return;
  const text = "Corrupted thought signature.";
  throw refusal(context, { vertex: text, geminiApi: text });
}

/** Content blocks are counted from 1. */
function missing(part: Part, index: number, context: CheckContext): Error {
  const call = `default_api:${part.functionCall?.name ?? ""}`;
  return refusal(context, {
    vertex: `Unable to submit request because function call \`${call}\` in the ${index + 1}. content block is missing a \`thought_signature\`. Learn more: https://docs.cloud.google.com/vertex-ai/generative-ai/docs/thought-signatures`,
    geminiApi: `Function call is missing a thought_signature in functionCall parts. This is required for tools to work correctly, and missing thought_signature may lead to degraded model performance. Additional data, function call \`${call}\` , position ${index + 1}. Please refer to https://ai.google.dev/gemini-api/docs/thought-signatures for more details.`,
  });
}
