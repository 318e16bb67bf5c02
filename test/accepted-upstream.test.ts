/**
 * A sound OpenAI request becomes a request that Gemini takes. Held against the emulator's checks, which know nothing
 * of the translation; what they may still refuse is what no translation can give the model.
 */
import { assert, constantFrom, property } from "fast-check";
import { expect, test } from "vitest";
import { checkRequest } from "../src/emulator/checks/check-request.ts";
import { GoogleApiError } from "../src/emulator/google-error.ts";
import { findEmulatedModel } from "../src/emulator/models.ts";
import { SignatureSigner } from "../src/emulator/signatures.ts";
import { GatewayError } from "../src/errors.ts";
import { toGeminiRequest } from "../src/translate/openai-to-gemini/request.ts";
import type { GeminiCall, Surface } from "../src/translate/target.ts";
import { chatRequest } from "./support/chat-request-arbitrary.ts";

const signer = new SignatureSigner("accepted-upstream");

/** The caller asked for what the model or host does not have; Google's answer says so better than ours could. */
const RIGHTLY_REFUSED = [
  /Logprobs is not (?:enabled|supported) for/,
  /Function calling is not enabled for models\/gemini-2\.5-flash-tts/,
  // Cloud Storage is Vertex AI's; the Gemini API has its own files.
  /Invalid or unsupported file uri: gs:/,
  // A definition inside itself is written out a few times; where that ends there are no properties left.
  /(?:\.properties\[next\])+\.properties: should be non-empty for OBJECT type/,
];

test("Gemini takes what a sound request becomes", () => {
  let accepted = 0;
  assert(
    property(chatRequest, constantFrom<Surface>("vertex", "gemini-api"), (request, surface) => {
      const call = translated(request, surface);
      const refusal = call && refusalOf(call);
      if (call !== undefined && isEmulated(call) && refusal === undefined) {
        accepted += 1;
      }
      expect(RIGHTLY_REFUSED.some((text) => text.test(refusal ?? "")) ? undefined : refusal).toBeUndefined();
    }),
    { numRuns: 500 },
  );
  expect(accepted).toBeGreaterThan(100);
});

function translated(request: unknown, surface: Surface): GeminiCall | undefined {
  try {
    return toGeminiRequest(request, { surface });
  } catch (error) {
    expect(error).toBeInstanceOf(GatewayError);
    return undefined;
  }
}

function isEmulated({ target }: GeminiCall): boolean {
  return findEmulatedModel(target.model) !== undefined;
}

function refusalOf({ target, body, stream }: GeminiCall): string | undefined {
  const model = findEmulatedModel(target.model);
  if (model === undefined) {
    return undefined;
  }
  try {
    const { surface, model: modelId } = target;
    checkRequest(JSON.parse(JSON.stringify(body)), {
      surface,
      version: "v1beta1",
      model,
      modelId,
      signer,
      stream,
    });
    return undefined;
  } catch (error) {
    if (!(error instanceof GoogleApiError)) {
      throw error;
    }
    return error.message;
  }
}
