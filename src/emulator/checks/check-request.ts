/** Everything Google checks before a model sees the request, in the order it answers: shape first, then meaning. */
import type { GenerateContentRequest } from "../../wire/gemini.ts";
import { countPromptTokens } from "../answer/tokens.ts";
import { invalidArgument } from "../google-error.ts";
import { refusal, unable, type CheckContext } from "./check-context.ts";
import { checkContents } from "./contents.ts";
import { checkFunctionTurns } from "./function-turns.ts";
import { checkGenerationConfig } from "./generation-config.ts";
import { readMessage } from "./proto-json.ts";
import { countTokensRequest, generateContentRequest } from "./request-messages.ts";
import { checkResponseFormat } from "./response-format.ts";
import { checkSafetyAndLabels } from "./safety-and-labels.ts";
import { checkThoughtSignatures } from "./thought-signatures.ts";
import { checkTools } from "./tools.ts";

/**
 * A `generateContent` request that passes every check, with Google's camelCase names; `body` is not changed.
 * @throws {GoogleApiError} in Google's words.
 */
export function checkRequest(body: unknown, context: CheckContext): GenerateContentRequest {
  const request = readMessage(
    body,
    generateContentRequest,
    context.surface,
    context.version,
  ) as GenerateContentRequest;
  checkContents(request, context);
  checkSafetyAndLabels(request, context);
  const config = request.generationConfig ?? {};
  checkGenerationConfig(config, context);
  checkTools(request, context);
  checkResponseFormat(config, context);
  checkSystemInstruction(request, context);
  const contents = request.contents ?? [];
  checkFunctionTurns(contents, context);
  checkThoughtSignatures(contents, context);
  checkInputTokens(request, context);
  return request;
}

/**
 * A `countTokens` request: the same shape on Vertex, contents or a whole `generateContentRequest` on the Gemini API.
 * @throws {GoogleApiError}
 */
export function checkCountTokensRequest(body: unknown, context: CheckContext): GenerateContentRequest {
  const { generateContentRequest: whole, ...rest } = readMessage(
    body,
    countTokensRequest,
    context.surface,
    context.version,
  );
  if (whole !== undefined && rest["contents"] !== undefined) {
    throw invalidArgument("Only one of contents and generate_content_request may be set.");
  }
  const request = (whole ?? rest) as GenerateContentRequest;
  checkContents(request, context);
  return request;
}

/** Speech models take no instructions. */
function checkSystemInstruction(request: GenerateContentRequest, context: CheckContext): void {
  if (request.systemInstruction === undefined || context.model.outputModalities.includes("TEXT")) return;
  const text = `Developer instruction is not enabled for models/${context.modelId}`;
  throw refusal(context, { vertex: unable(text), geminiApi: text });
}

/** Text seen in many public reports, such as google-gemini/gemini-cli 6678. */
function checkInputTokens(request: GenerateContentRequest, context: CheckContext): void {
  const { total } = countPromptTokens(request);
  const limit = context.model.inputTokenLimit;
  if (total > limit) {
    throw invalidArgument(
      `The input token count (${total}) exceeds the maximum number of tokens allowed (${limit}).`,
    );
  }
}
