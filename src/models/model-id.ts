import { GatewayError, invalidRequest } from "../errors.ts";

export interface ModelId {
  /** `google`, where the caller wrote it; undefined for a bare id. */
  publisher: string | undefined;
  /**
   * Bare id, safe as one path segment, for example `gemini-3.5-flash`; of a tuned model `endpoints/{id}`, the endpoint
   * that Vertex AI serves it from.
   */
  model: string;
}

/** Longer than any id either host serves; the id becomes part of a URL path. */
const MAX_MODEL_LENGTH = 256;
/** One path segment that needs no escaping. No colon: it would name another method of the model. */
const SEGMENT = /^[A-Za-z0-9_][A-Za-z0-9._-]*$/;

const GOOGLE = "google/";

/**
 * Reads a `model` as OpenAI clients write it: `google/x` (Vertex's OpenAI route), a bare `x` and `models/x`
 * (Gemini API), `publishers/google/models/x`, `endpoints/x` for a tuned model, and the last two forms after
 * `projects/p/locations/l/`.
 *
 * @throws GatewayError `invalid_request` for anything that could change the upstream URL, `model_not_found` for
 * another publisher's model.
 */
export function parseModelId(model: string): ModelId {
  if (model === "") {
    throw invalidRequest("model", "model is empty: name a model such as google/gemini-3.5-flash.");
  }
  if (model.length > MAX_MODEL_LENGTH) {
    throw invalidRequest(
      "model",
      `model has ${model.length} characters; at most ${MAX_MODEL_LENGTH} are accepted.`,
    );
  }
  // As nearly all clients write it.
  const named = model.startsWith(GOOGLE) ? model.slice(GOOGLE.length) : model;
  if (isSegment(named)) return { publisher: named === model ? undefined : "google", model: named };
  const segments = model.split("/");
  if (!segments.every(isSegment)) {
    throw invalidRequest(
      "model",
      'model may hold letters, digits, ".", "_", "-" and single "/" only, and no "..": write it like google/gemini-3.5-flash.',
    );
  }
  const { publisher, name } = publisherAndName(segments);
  if (name === undefined) {
    throw invalidRequest(
      "model",
      `model ${JSON.stringify(model)} is not a form this gateway knows: write google/MODEL, MODEL, models/MODEL, publishers/google/models/MODEL or endpoints/ID.`,
    );
  }
  if (publisher !== undefined && publisher !== "google") {
    throw new GatewayError(
      { kind: "model_not_found", model },
      `The model ${JSON.stringify(model)} is published by ${publisher}, not by Google: this route translates to Gemini. ` +
        "Partner models are reached through a vertex-openapi upstream, which sends the request on untranslated.",
    );
  }
  return { publisher, model: name };
}

function isSegment(text: string): boolean {
  return SEGMENT.test(text) && !text.includes("..");
}

function publisherAndName(segments: string[]): {
  publisher: string | undefined;
  name: string | undefined;
} {
  // `projects/p/locations/l/` says where, not what: the route and the gateway's own settings decide where.
  const inProject = segments[0] === "projects" && segments[2] === "locations";
  const [first, second, third, fourth, ...rest] = inProject ? segments.slice(4) : segments;
  if (first === "publishers" && third === "models" && rest.length === 0) {
    return { publisher: second, name: fourth };
  }
  if (first === "endpoints" && second !== undefined && third === undefined) {
    return { publisher: undefined, name: `endpoints/${second}` };
  }
  if (third !== undefined || (inProject && first !== "models")) {
    return { publisher: undefined, name: undefined };
  }
  if (second === undefined) {
    return { publisher: undefined, name: first };
  }
  return { publisher: first === "models" ? undefined : first, name: second };
}
