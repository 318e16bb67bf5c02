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
  active: ActiveCalls;
  hints: FailureHints;
}

/**
 * Makes the upstream calls of one attempt and translates their answers.
 * @throws GatewayError with the upstream's refusal.
 */
export async function unaryAnswer(parts: UnaryParts): Promise<ChatCompletion> {
  const { gemini, context, active, hints } = parts;
  const answers =
    gemini.fanOut === 1 ? [read(await ask(parts, active), hints)] : await fannedOut(parts, gemini.fanOut);
  return toChatCompletion(answers, gemini.answer, context, gemini.target.model);
}

function ask(parts: UnaryParts, active: ActiveCalls): Promise<GatheredAnswer> {
  const { upstream, callerToken, build, maxResponseBytes } = parts;
  return callAuthorized(upstream, callerToken, build, active, maxResponseBytes);
}

async function fannedOut(parts: UnaryParts, calls: number): Promise<GenerateContentResponse[]> {
  const active = parts.active.branch();
  const one = async (): Promise<GenerateContentResponse> => read(await ask(parts, active), parts.hints);
  try {
    return await Promise.all(Array.from({ length: calls }, one));
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
