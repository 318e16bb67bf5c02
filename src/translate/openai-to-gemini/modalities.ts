import { invalidRequest } from "../../errors.ts";
import type { Modality } from "../../models/facts.ts";
import type { ChatCompletionRequest } from "../../wire/openai.ts";
import { optionalArray, wrongType } from "../read-field.ts";
import type { RequestContext } from "../target.ts";
import type { GoogleOptions } from "./extra-body.ts";

const MODALITIES = ["TEXT", "IMAGE", "AUDIO"] as const;
export type ResponseModality = (typeof MODALITIES)[number];

/** Longer lists say nothing new. */
const MAX_MODALITIES = 16;

/**
 * `modalities`, or `extra_body.google.response_modalities` in its place, as `responseModalities`. A model made for
 * images or speech is asked for them by default: without that, image models answer with text alone.
 *
 * @throws GatewayError `invalid_request` for a modality that does not exist, or that the model cannot write.
 */
export function toResponseModalities(
  request: ChatCompletionRequest,
  google: GoogleOptions,
  context: RequestContext,
): ResponseModality[] | undefined {
  const { notes } = context;
  const option = google.get("response_modalities");
  const own = readModalities(request, "modalities", "modalities");
  const native = option && readModalities(option.object, option.key, option.path);
  if (native !== undefined && own !== undefined && option !== undefined) {
    notes.add("ignored", "modalities", "modalities", `${option.path} takes its place.`);
  }
  const asked = native ?? own;
  if (asked === undefined || asked.length === 0) {
    return byDefault(context);
  }
  return accepted(asked, option !== undefined && native !== undefined ? option.path : "modalities", context);
}

function readModalities(
  object: Record<string, unknown>,
  key: string,
  path: string,
): ResponseModality[] | undefined {
  const entries = optionalArray(object, key, path, { maxItems: MAX_MODALITIES });
  const read = entries?.map((entry, index) => {
    const field = `${path}[${index}]`;
    if (typeof entry !== "string") {
      throw wrongType(field, "a string", entry);
    }
    const upper = entry.toUpperCase();
    const modality = MODALITIES.find((known) => known === upper);
    if (modality === undefined) {
      throw invalidRequest(field, `${field}: must be text, image or audio.`);
    }
    return modality;
  });
  return read && [...new Set(read)];
}

function byDefault(context: RequestContext): ResponseModality[] | undefined {
  const { outputModalities } = context.target.facts;
  if (!outputModalities.includes("image") && !outputModalities.includes("audio")) {
    return undefined;
  }
  const written = outputOf(context);
  context.notes.add(
    "added",
    "modalities",
    "modalities",
    `${context.target.model} is asked for ${written.join(" and ").toLowerCase()}.`,
  );
  return written;
}

function accepted(asked: ResponseModality[], path: string, context: RequestContext): ResponseModality[] {
  const { notes, target } = context;
  const written = outputOf(context);
  const impossible = target.facts.known ? asked.filter((modality) => !written.includes(modality)) : [];
  if (impossible.length === 0) {
    notes.used(path, "modalities");
    return asked;
  }
  const possible = asked.filter((modality) => !impossible.includes(modality));
  // OpenAI's API wants ["text", "audio"] for speech; Gemini's speech models write nothing but audio.
  if (possible.includes("AUDIO")) {
    notes.add("approximated", "modalities", path, `${target.model} answers with audio alone.`);
    return possible;
  }
  throw invalidRequest(
    path,
    `${path}: ${target.model} cannot answer with ${impossible.join(" or ").toLowerCase()}, only with ${written.join(" and ").toLowerCase()}.`,
  );
}

function outputOf(context: RequestContext): ResponseModality[] {
  const names: Partial<Record<Modality, ResponseModality>> = { text: "TEXT", image: "IMAGE", audio: "AUDIO" };
  return context.target.facts.outputModalities.flatMap((modality) => names[modality] ?? []);
}
