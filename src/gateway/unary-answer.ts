/** A chat completion answered whole. */
import { GatewayError } from "../errors.ts";
import { errorInEvent, toFailure } from "../translate/gemini-to-openai/error.ts";
import { toChatCompletion } from "../translate/gemini-to-openai/completion.ts";
import type { AnswerContext, GeminiCall } from "../translate/target.ts";
import type { Scope } from "../upstreams/google-upstream.ts";
import type { GenerateContentResponse } from "../wire/gemini.ts";
import type { ChatCompletion } from "../wire/openai.ts";
import type { ActiveCalls } from "./active-calls.ts";
import type { Call } from "./exchange.ts";
import type { GatheredAnswer } from "./gather.ts";
import type { Gateway } from "./gateway.ts";
import { generateRequest } from "./generate-request.ts";
import { callAuthorized } from "./upstream-session.ts";

/**
 * Makes the upstream calls of one request and translates their answers.
 * @throws GatewayError with the upstream's refusal.
 */
export async function unaryAnswer(
  gateway: Gateway,
  gemini: GeminiCall,
  scope: Scope | undefined,
  call: Call,
  context: AnswerContext,
  active: ActiveCalls,
): Promise<ChatCompletion> {
  const build = (authorization: Record<string, string>) =>
    generateRequest(gateway, gemini, scope, authorization, call.headers);
  const one = () =>
    callAuthorized(gateway, call.callerToken, build, active).then((answer) => read(gateway, answer));
  if (gemini.fanOut === 1) {
    return toChatCompletion([await one()], gemini.answer, context, gemini.target.model);
  }
  try {
    const answers = await Promise.all(Array.from({ length: gemini.fanOut }, one));
    return toChatCompletion(answers, gemini.answer, context, gemini.target.model);
  } catch (error) {
    active.abortAll();
    throw error;
  }
}

function read(gateway: Gateway, answer: GatheredAnswer): GenerateContentResponse {
  if (answer.status !== 200) {
    throw toFailure(answer.status, answer.headers, answer.body, {
      credentials: gateway.upstream.credentials,
      now: gateway.now(),
    });
  }
  const value = parseAnswer(answer.body);
  const failure = errorInEvent(value);
  if (failure !== undefined) throw failure;
  return value as GenerateContentResponse;
}

function parseAnswer(text: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw badUpstreamResponse("is not JSON", error);
  }
  if (typeof value !== "object" || value === null) throw badUpstreamResponse("is not a JSON object");
  return value;
}

/** The upstream answered 200 with something that is no Gemini answer; its text is not passed on. */
export function badUpstreamResponse(what: string, cause?: unknown): GatewayError {
  return new GatewayError(
    {
      kind: "upstream",
      status: 502,
      type: "server_error",
      code: "bad_upstream_response",
      param: null,
    },
    `The upstream answered with a body that ${what}.`,
    cause === undefined ? undefined : { cause },
  );
}
