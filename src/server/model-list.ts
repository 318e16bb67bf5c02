/** `/v1/models`: OpenAI's model objects, with the extra fields that OpenRouter made customary. */
import { GatewayError } from "../errors.ts";
import { factsFor, MODELS } from "../models/catalogue.ts";
import type { ModelFacts } from "../models/facts.ts";
import { parseModelId } from "../models/model-id.ts";

export interface ModelObject {
  id: string;
  object: "model";
  /** Unix seconds; 0 where the release date is not known. */
  created: number;
  owned_by: "google";
  /** Tokens the model reads at most. */
  context_length: number;
  architecture: { input_modalities: readonly string[]; output_modalities: readonly string[] };
  /** Request fields that change what this model does. */
  supported_parameters: string[];
  top_provider: { context_length: number; max_completion_tokens: number };
}

export interface ModelList {
  object: "list";
  data: ModelObject[];
}

export function listModels(): ModelList {
  return { object: "list", data: MODELS.map(toModelObject) };
}

/**
 * One model by any spelling of its id that a request may use.
 * @throws GatewayError `model_not_found` for a model the catalogue does not have, naming the nearest it has.
 */
export function retrieveModel(id: string): ModelObject {
  const { model } = parseModelId(id);
  const facts = factsFor(model);
  if (facts.known) return { ...toModelObject(facts), id: `google/${model}` };
  const nearest = nearestModel(model);
  throw new GatewayError(
    { kind: "model_not_found", model: id },
    `The model ${JSON.stringify(id)} is not known.${nearest === undefined ? "" : ` Did you mean "google/${nearest}"?`} GET /v1/models lists the models.`,
  );
}

function toModelObject(facts: ModelFacts): ModelObject {
  return {
    id: `google/${facts.id}`,
    object: "model",
    created: facts.created,
    owned_by: "google",
    context_length: facts.contextTokens,
    architecture: { input_modalities: facts.inputModalities, output_modalities: facts.outputModalities },
    supported_parameters: supportedParameters(facts),
    top_provider: { context_length: facts.contextTokens, max_completion_tokens: facts.maxOutputTokens },
  };
}

function supportedParameters(facts: ModelFacts): string[] {
  const parameters = [
    "max_completion_tokens",
    "max_tokens",
    "n",
    "response_format",
    "seed",
    "stop",
    "stream",
    "tool_choice",
    "tools",
  ];
  if (facts.sampling) parameters.push("temperature", "top_k", "top_p");
  if (facts.penalties) parameters.push("frequency_penalty", "presence_penalty");
  if (facts.candidateCount) parameters.push("logprobs", "top_logprobs");
  if (facts.thinking.kind !== "none") parameters.push("reasoning_effort", "include_thoughts");
  if (facts.outputModalities.some((modality) => modality !== "text")) parameters.push("modalities");
  if (facts.outputModalities.includes("audio")) parameters.push("audio");
  return parameters.toSorted();
}

/** The id that shares the longest beginning, when that is most of it. */
function nearestModel(model: string): string | undefined {
  let best: string | undefined;
  let bestLength = "gemini-".length;
  for (const { id } of MODELS) {
    let length = 0;
    while (length < id.length && id[length] === model[length]) length += 1;
    if (length > bestLength) {
      best = id;
      bestLength = length;
    }
  }
  return best;
}
