/** The answer a rule asks for, in the same terms as a composed one, so that it is signed, numbered and cut alike. */
import type { GenerateContentRequest, Part } from "../wire/gemini.ts";
import type { EmulatedAnswer } from "./answer/emulated-answer.ts";
import { countPromptTokens, countTextTokens } from "./answer/tokens.ts";
import { GoogleApiError, isRpcStatus, rpcStatusFor, type ErrorDetail } from "./google-error.ts";
import type { RuleOutcome } from "./script.ts";

/** Undefined when the rule leaves the answer itself to the emulator (a delay or a fault alone). */
export function scriptedAnswer(
  outcome: RuleOutcome,
  request: GenerateContentRequest,
): EmulatedAnswer | undefined {
  const prompt = countPromptTokens(request);
  const counted = { promptTokens: prompt.total, promptTokensDetails: prompt.details, cachedTokens: 0 };
  if (outcome.blockReason !== undefined) {
    const blocked = {
      blockReason: outcome.blockReason,
      blockReasonMessage: "The prompt was refused by the emulator's script.",
    };
    return { candidates: [], blocked, ...counted };
  }
  const says =
    outcome.text !== undefined ||
    outcome.thoughts !== undefined ||
    outcome.calls !== undefined ||
    outcome.parts !== undefined ||
    outcome.finishReason !== undefined;
  if (!says) return undefined;
  const parts: Part[] = [];
  if (outcome.thoughts !== undefined) parts.push({ text: outcome.thoughts, thought: true });
  if (outcome.text !== undefined) parts.push({ text: outcome.text });
  parts.push(...(outcome.parts ?? []));
  for (const call of outcome.calls ?? []) {
    parts.push({
      functionCall: { name: call.name, ...(call.args !== undefined ? { args: call.args } : {}) },
    });
  }
  const written = parts.filter((part) => part.thought !== true);
  return {
    candidates: [
      {
        parts,
        finishReason: outcome.finishReason ?? "STOP",
        ...(outcome.finishMessage !== undefined ? { finishMessage: outcome.finishMessage } : {}),
        tokens: {
          candidates: written.reduce((sum, part) => sum + countTextTokens(part.text ?? callText(part)), 0),
          thoughts: outcome.thoughts === undefined ? 0 : countTextTokens(outcome.thoughts),
        },
      },
    ],
    ...counted,
  };
}

function callText(part: Part): string {
  return part.functionCall === undefined ? "" : JSON.stringify(part.functionCall);
}

/** The error a rule asks for, in Google's envelope. */
export function scriptedError(error: NonNullable<RuleOutcome["error"]>): GoogleApiError {
  const { code, status = rpcStatusFor(code), message = "Error asked for by the emulator's script." } = error;
  return new GoogleApiError(isRpcStatus(status) ? status : "UNKNOWN", message, {
    code,
    details: (error.details ?? []).filter(isDetail),
    headers: error.retryAfterSeconds !== undefined ? { "retry-after": String(error.retryAfterSeconds) } : {},
  });
}

function isDetail(detail: object): detail is ErrorDetail {
  return "@type" in detail && typeof detail["@type"] === "string";
}
