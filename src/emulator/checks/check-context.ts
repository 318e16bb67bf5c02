import type { EmulatedModel } from "../emulated-model.ts";
import { invalidArgument, type GoogleApiError } from "../google-error.ts";
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

const LEARN_MORE = "Learn more: https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/gemini";

/** Vertex's way to say no: a sentence that starts the same each time. */
export function unable(because: string): string {
  return `Unable to submit request because ${because}${/[.:]$/.test(because) ? "" : "."} ${LEARN_MORE}`;
}

/** The same for a value outside its range, with Vertex's own way of writing ranges. */
export function outOfRange(name: string, value: number, from: string, to: string): string {
  return `Unable to submit request because it has a ${name} value of ${value} but the supported range is from ${from} (inclusive) to ${to} (exclusive). Update the value and try again.`;
}

/** The Gemini API's way: a bullet with the proto path. */
export function bullet(path: string, problem: string): string {
  return `* GenerateContentRequest.${path}: ${problem}\n`;
}

/** The refusal in the words of the service asked. */
export function refusal(context: CheckContext, words: { vertex: string; geminiApi: string }): GoogleApiError {
  return invalidArgument(context.surface === "vertex" ? words.vertex : words.geminiApi);
}
