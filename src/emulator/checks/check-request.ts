/** Everything Google checks before a model sees the request, in the order it answers: shape first, then meaning. */
import type { GenerateContentRequest } from "../../wire/gemini.ts";
import type { EmulatedModel } from "../emulated-model.ts";
import { invalidArgument } from "../google-error.ts";
import type { SignatureSigner } from "../signatures.ts";
import type { Surface } from "../surface.ts";

export interface CheckContext {
  surface: Surface;
  version: string;
  model: EmulatedModel;
  /** Id as the path has it. */
  modelId: string;
  signer: SignatureSigner;
  stream: boolean;
}

/** @throws {GoogleApiError} in Google's words; otherwise the request with Google's camelCase names. */
export function checkRequest(body: unknown, context: CheckContext): GenerateContentRequest {
  const request = body as GenerateContentRequest;
  if (!Array.isArray(request.contents) || request.contents.length === 0) {
    throw invalidArgument(
      context.surface === "vertex"
        ? "Unable to submit request because at least one contents field is required. Learn more: https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/gemini"
        : "* GenerateContentRequest.contents: contents is not specified\n",
    );
  }
  return request;
}
