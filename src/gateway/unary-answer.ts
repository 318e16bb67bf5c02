/** A chat completion answered whole. */
import { toChatCompletion } from "../translate/gemini-to-openai/completion.ts";
import { errorInEvent, type FailureHints, toFailure } from "../translate/gemini-to-openai/error.ts";
import type { AnswerContext, GeminiCall } from "../translate/target.ts";
import type { GenerateContentResponse } from "../wire/gemini.ts";
import type { ChatCompletion } from "../wire/openai.ts";
import { type ActiveCalls, SIBLING_FAILED } from "./active-calls.ts";
import { badUpstreamResponse, parseUpstreamJson } from "./bad-upstream-response.ts";
import type { GatheredAnswer } from "./gather.ts";
import type { GeminiConnection } from "./connected-upstream.ts";
import { type BuildRequest, callAuthorized } from "./upstream-session.ts";

export interface UnaryParts {
  upstream: GeminiConnection;
  maxResponseBytes: number;
  gemini: GeminiCall;
  build: BuildRequest;
  callerToken: string | undefined;
  context: AnswerContext;
  /** Ended here when one of several calls fails. */
  active: ActiveCalls;
  hints: FailureHints;
}

/**
 * Makes the upstream calls of one attempt and translates their answers.
 * @throws GatewayError with the upstream's refusal.
 */
export async function unaryAnswer(parts: UnaryParts): Promise<ChatCompletion> {
  const { upstream, maxResponseBytes, gemini, build, callerToken, context, active, hints } = parts;
  try {
    const { fanOut } = gemini;
    const ask = (): Promise<GatheredAnswer> =>
      callAuthorized(upstream, callerToken, build, active, maxResponseBytes);
    const answers =
      fanOut === 1
        ? [read(await ask(), hints)]
        : await Promise.all(Array.from({ length: fanOut }, async () => read(await ask(), hints)));
    return toChatCompletion(answers, gemini.answer, context, gemini.target.model);
  } catch (error) {
    // The others' answers are of no use, and would be paid for.
    active.end(SIBLING_FAILED);
    throw error;
  }
}

function read(answer: GatheredAnswer, hints: FailureHints): GenerateContentResponse {
  if (answer.status !== 200) throw toFailure(answer.status, answer.headers, answer.body, hints);
  const value = parseUpstreamJson(answer.body);
  if (typeof value !== "object" || value === null) throw badUpstreamResponse("is not a JSON object");
  const failure = errorInEvent(value, hints);
  if (failure !== undefined) throw failure;
  return value as GenerateContentResponse;
}
