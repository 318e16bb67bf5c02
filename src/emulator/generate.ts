/** `generateContent`, `streamGenerateContent` and `countTokens`: find the model, check, decide, write. */
import type { ServerResponse } from "node:http";
import type { GenerateContentRequest, GenerateContentResponse, JsonObject } from "../wire/gemini.ts";
import { composeAnswer } from "./answer/compose-answer.ts";
import type { EmulatedAnswer } from "./answer/emulated-answer.ts";
import { countPromptTokens } from "./answer/tokens.ts";
import { checkCountTokensRequest, checkRequest } from "./checks/check-request.ts";
import type { EmulatedModel } from "./emulated-model.ts";
import { toEvents, toResponse, type AnswerContext } from "./events.ts";
import type { FaultPlan } from "./faults.ts";
import { GoogleApiError } from "./google-error.ts";
import type { Route } from "./http/route.ts";
import { sendJson } from "./http/send.ts";
import { writeStream } from "./http/write-stream.ts";
import type { IdSource } from "./id-source.ts";
import { findEmulatedModel, TUNED_BASE_MODEL } from "./models.ts";
import type { RuleOutcome } from "./script.ts";
import { scriptedAnswer } from "./scripted-answer.ts";
import type { SignatureSigner } from "./signatures.ts";

export type GenerateRoute = Extract<Route, { kind: "generate" }>;

export interface GenerateSettings {
  signer: SignatureSigner;
  ids: IdSource;
  now: () => number;
  paceMs: number;
  chunkCharacters: number;
}

/**
 * Answers one call and returns how many tokens it generated.
 * @throws {GoogleApiError} when the request is refused. @throws {BodyEnded} when the connection ended first.
 */
export async function generate(
  response: ServerResponse,
  route: GenerateRoute,
  url: URL,
  body: unknown,
  settings: GenerateSettings,
  { outcome, faults }: { outcome: RuleOutcome | undefined; faults: FaultPlan },
): Promise<number> {
  const { model, modelId } = modelOf(route);
  const stream = route.method === "streamGenerateContent";
  const { surface, version } = route;
  const context = { surface, version, model, modelId, stream, signer: settings.signer };
  if (route.method === "countTokens") {
    await sendJson(response, 200, countedTokens(checkCountTokensRequest(body, context)), faults);
    return 0;
  }
  const request = checkRequest(body, context);
  const answer = (outcome && scriptedAnswer(outcome, request)) ?? composeAnswer(request, model);
  const responseId = settings.ids.next();
  const answerContext: AnswerContext = {
    surface: route.surface,
    model,
    modelId,
    responseId,
    createTime: new Date(settings.now()).toISOString(),
    signer: settings.signer,
    mintCallId: (candidate, call) => settings.ids.derive(`${responseId} ${candidate} ${call}`, 8),
    chunkCharacters: settings.chunkCharacters,
    streamsArguments:
      stream && request.toolConfig?.functionCallingConfig?.streamFunctionCallArguments === true,
  };
  if (stream) {
    const events = outcome?.events ?? finished(toEvents(answer, answerContext), outcome);
    await writeStream(
      response,
      events.map((event) => damaged(event, faults)),
      { sse: url.searchParams.get("alt") === "sse", paceMs: settings.paceMs, faults },
    );
  } else {
    const [first] = outcome?.events ?? finished([toResponse(answer, answerContext)], outcome);
    await sendJson(response, 200, damaged(first ?? {}, faults), faults);
  }
  return generatedTokens(answer);
}

/** @throws {GoogleApiError} 404 in the words of the service asked. */
function modelOf(route: GenerateRoute): { model: EmulatedModel; modelId: string } {
  const modelId = route.modelId ?? TUNED_BASE_MODEL;
  const model = findEmulatedModel(modelId);
  const served =
    model?.locations === undefined ||
    route.location === undefined ||
    model.locations.includes(route.location);
  if (model !== undefined && served) return { model, modelId };
  if (route.surface === "gemini-api") {
    throw new GoogleApiError(
      "NOT_FOUND",
      `models/${modelId} is not found for API version ${route.version}, or is not supported for ${route.method}. Call ListModels to see the list of available models and their supported methods.`,
    );
  }
  const place =
    route.project === undefined ? "" : `projects/${route.project}/locations/${route.location ?? "global"}/`;
  throw new GoogleApiError(
    "NOT_FOUND",
    `Publisher Model \`${place}publishers/google/models/${modelId}\` was not found or your project does not have access to it. Please ensure you are using a valid model version. For more information, see: https://cloud.google.com/vertex-ai/generative-ai/docs/learn/model-versions`,
  );
}

function countedTokens(request: GenerateContentRequest): JsonObject {
  const { total, details } = countPromptTokens(request);
  return {
    totalTokens: total,
    promptTokensDetails: details.map(({ modality = "TEXT", tokenCount = 0 }) => ({ modality, tokenCount })),
  };
}

function generatedTokens(answer: EmulatedAnswer): number {
  return answer.candidates.reduce((sum, { tokens }) => sum + tokens.candidates + tokens.thoughts, 0);
}

function finished(
  events: GenerateContentResponse[],
  outcome: RuleOutcome | undefined,
): GenerateContentResponse[] {
  const last = events.at(-1);
  if (outcome?.usage !== undefined && last !== undefined) {
    last.usageMetadata = { ...last.usageMetadata, ...outcome.usage };
  }
  return events;
}

function damaged(event: GenerateContentResponse, faults: FaultPlan): GenerateContentResponse {
  let { candidates, usageMetadata, ...rest } = event;
  if (faults.noUsage === true) usageMetadata = undefined;
  if (faults.noCandidates === true) candidates = undefined;
  if (faults.noFinish === true) {
    candidates = candidates?.map(({ finishReason: _dropped, ...candidate }) => candidate);
  }
  return {
    ...(candidates !== undefined ? { candidates } : {}),
    ...(usageMetadata !== undefined ? { usageMetadata } : {}),
    ...rest,
  };
}
