/** Translates messages alone, with what became of each field. */
import { GatewayError } from "../../src/errors.ts";
import type { RememberedCall } from "../../src/signatures/signature-store.ts";
import { toContents } from "../../src/translate/openai-to-gemini/messages.ts";
import type { RequestContext, Surface } from "../../src/translate/target.ts";
import { contextFor, noted, usedFields } from "./request-context.ts";

export interface MessageSettings {
  model?: string;
  surface?: Surface;
  marker?: string;
  recall?: (id: string) => RememberedCall | undefined;
  repair?: RequestContext["repair"];
}

export function translateMessages(messages: unknown, settings: MessageSettings = {}) {
  const context: RequestContext = {
    ...contextFor(settings.model, settings.surface),
    ...(settings.recall === undefined ? {} : { recall: settings.recall }),
    ...(settings.repair === undefined ? {} : { repair: settings.repair }),
  };
  const conversation = toContents(messages, context, { thoughtTagMarker: settings.marker });
  return { ...conversation, notes: noted(context), used: usedFields(context) };
}

/** The field a refusal names and what it says. A translation that succeeds is an answer of its own. */
export function refusalOf(
  messages: unknown,
  settings: MessageSettings = {},
): { param: string | null; message: string } {
  try {
    translateMessages(messages, settings);
  } catch (error) {
    if (error instanceof GatewayError && error.failure.kind === "invalid_request") {
      return { param: error.failure.param, message: error.message };
    }
    throw error;
  }
  return { param: "(accepted)", message: "" };
}
