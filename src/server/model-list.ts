/** `/v1/models`: OpenAI's model objects, with the extra fields that OpenRouter made customary. */
import { GatewayError } from "../errors.ts";
import type { ConnectedUpstream } from "../gateway/connected-upstream.ts";
import type { Gateway } from "../gateway/gateway.ts";
import { factsFor, MODELS } from "../models/catalogue.ts";
import type { ModelFacts } from "../models/facts.ts";
import { parseModelId } from "../models/model-id.ts";
import { insideFence } from "../routing/fence.ts";
import { resolveRoute } from "../routing/route-table.ts";

/** Of a model that is not Gemini, or not known, only what an upstream says of it is told. */
export interface ModelObject extends Partial<ModelLimits> {
  id: string;
  object: "model";
  /** Unix seconds; 0 where the release date is not known. */
  created: number;
  /** `google`, or the name of the upstream that serves it. */
  owned_by: string;
}

interface ModelLimits {
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

/** The Gemini models that are known. */
export function listModels(): ModelList {
  return { object: "list", data: MODELS.map((facts) => toModelObject(facts)) };
}

/** Every name that callers of a gateway can ask for: aliases, Gemini, listed models, and those its upstreams list. */
export async function listRoutableModels(gateway: Gateway): Promise<ModelList> {
  const found = await Promise.all([...gateway.upstreams.values()].map(foundModels));
  const { aliases, listed } = gateway.routes;
  const all = [
    ...[...aliases.keys()].map((name) => routed(gateway, name)),
    ...MODELS.map(({ id }) => routed(gateway, `google/${id}`)).filter(
      (model) => model?.owned_by === "google",
    ),
    ...[...listed.keys()].map((name) => routed(gateway, name)),
    ...found.flat(),
  ];
  const data = new Map<string, ModelObject>();
  for (const model of all) if (model !== undefined && !data.has(model.id)) data.set(model.id, model);
  return { object: "list", data: [...data.values()] };
}

/**
 * One model by any spelling of its id that a request may use.
 * @throws GatewayError `model_not_found` for a model that the gateway does not have, naming the nearest it has.
 */
export async function retrieveModel(gateway: Gateway, id: string): Promise<ModelObject> {
  const { aliases, listed } = gateway.routes;
  if (aliases.has(id) || listed.has(id)) {
    const model = routed(gateway, id);
    if (model !== undefined) return model;
  }
  const target = resolveRoute(id, gateway.routes)?.targets[0];
  const upstream = gateway.upstreams.get(target?.upstream ?? "");
  if (upstream?.kind === "openai") {
    const found = (await foundModels(upstream)).find((model) => model.id === id);
    if (found !== undefined) return found;
    const byId = (await upstream.discovery?.models())?.some((model) => model.id === target?.model) === true;
    if (byId) return plainModel(id, upstream.name);
    throw unknown(id, undefined);
  }
  const { model } = parseModelId(target?.model ?? id);
  const facts = factsFor(model);
  if (!facts.known) throw unknown(id, nearestModel(model));
  // `upstream/model` keeps its name; the spellings of one Gemini model have one.
  return toModelObject(facts, id.startsWith(`${upstream?.name}/`) ? id : `google/${model}`);
}

function unknown(id: string, nearest: string | undefined): GatewayError {
  const hint = nearest === undefined ? "" : ` Did you mean "google/${nearest}"?`;
  return new GatewayError(
    { kind: "model_not_found", model: id },
    `The model ${JSON.stringify(id)} is not known.${hint} GET /v1/models lists the models.`,
  );
}

/** A name that has a route, as the model of its first target; undefined if a fence lets nothing through. */
function routed(gateway: Gateway, name: string): ModelObject | undefined {
  const route = resolveRoute(name, gateway.routes);
  const target = route?.targets.find((each) => insideFence(each, route.locations));
  if (target === undefined) return undefined;
  if (gateway.upstreams.get(target.upstream)?.kind !== "gemini") return plainModel(name, target.upstream);
  const facts = factsOf(target.model);
  return facts === undefined ? plainModel(name, target.upstream) : toModelObject(facts, name);
}

/** What an upstream lists by itself, under the names that lead to it. */
async function foundModels(upstream: ConnectedUpstream): Promise<ModelObject[]> {
  if (upstream.kind !== "openai" || upstream.discovery === undefined) return [];
  const all = await upstream.discovery.models();
  const counts = new Map<string, number>();
  for (const { displayName = "" } of all) counts.set(displayName, (counts.get(displayName) ?? 0) + 1);
  return all.map(({ id, displayName }) => {
    // Of endpoints that share a name, the name means the first.
    const name = displayName !== undefined && counts.get(displayName) === 1 ? displayName : id;
    return plainModel(`${upstream.name}/${name}`, upstream.name);
  });
}

function plainModel(id: string, owner: string): ModelObject {
  return { id, object: "model", created: 0, owned_by: owner };
}

/** Of a Gemini model that is known, in any spelling. */
function factsOf(spelling: string): ModelFacts | undefined {
  try {
    const facts = factsFor(parseModelId(spelling).model);
    return facts.known ? facts : undefined;
  } catch (error) {
    if (error instanceof GatewayError) return undefined;
    throw error;
  }
}

function toModelObject(facts: ModelFacts, id = `google/${facts.id}`): ModelObject {
  return {
    id,
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
  if (facts.logprobs) parameters.push("logprobs", "top_logprobs");
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
