/** From the model id a caller asks for to the route that serves it. */
import { basename } from "node:path";
import type { AliasConfig, RouteConfig, TargetConfig } from "../config/route-schema.ts";
import type { Config } from "../config/schema.ts";
import { targetLocation } from "../config/target-location.ts";
import type { UpstreamConfig } from "../config/upstream-schema.ts";
import { matchesModel, parseModelPattern, spellingsOf } from "./model-pattern.ts";
import type { ModelPattern } from "./model-pattern.ts";
import { targetId } from "./route.ts";
import type { Route, RouteTarget } from "./route.ts";

/** What `resolveRoute` needs, with every alias followed to its end. */
export interface RouteTable {
  /** No value is another alias, so looking one up cannot go in circles. */
  readonly aliases: ReadonlyMap<string, Route>;
  readonly patterns: readonly { readonly pattern: ModelPattern; readonly config: RouteConfig }[];
  /** The first one is the default. */
  readonly upstreams: ReadonlyMap<string, UpstreamConfig>;
  /** Model to the upstream that lists it. */
  readonly listed: ReadonlyMap<string, string>;
  /** Routes made for model ids asked for lately. */
  readonly made: Map<string, Route>;
}

/** Callers choose model ids; what is remembered of them is bounded. */
const MAX_MADE = 1024;

/** `config` has passed its checks: every upstream a route names exists, and no alias leads back to itself. */
export function createRouteTable(config: Pick<Config, "upstreams" | "models" | "routes">): RouteTable {
  const upstreams = new Map(Object.entries(config.upstreams));
  const models = new Map(Object.entries(config.models));
  const aliases = new Map<string, Route>();
  const table: RouteTable = {
    aliases,
    patterns: config.routes.map((route) => ({ pattern: parseModelPattern(route.match), config: route })),
    upstreams,
    listed: listedModels(upstreams),
    made: new Map(),
  };
  for (const name of models.keys()) {
    const { last, value } = followAlias(name, models);
    const route = typeof value === "string" ? routeOf(value, table) : toRoute(name, value, last, upstreams);
    if (route !== undefined) aliases.set(name, { ...route, name });
  }
  return table;
}

/**
 * The route for a model id, found in this order:
 * 1. an alias of exactly that name;
 * 2. the first of `routes` that matches one of the spellings of the model (`google/gemini-x`, `gemini-x`, ...);
 * 3. the upstream that lists the model as its own;
 * 4. `upstream/model`: that model at that upstream;
 * 5. the default upstream.
 *
 * Patterns go before direct addresses, and the fence of the pattern for a model holds for its direct addresses as well,
 * so that a fence cannot be walked around by naming an upstream.
 * Undefined for an empty id and where there is no upstream at all.
 */
export function resolveRoute(model: string, table: RouteTable): Route | undefined {
  return table.aliases.get(model) ?? routeOf(model, table);
}

/** Never looks at the aliases. */
function routeOf(model: string, table: RouteTable): Route | undefined {
  const known = table.made.get(model);
  if (known !== undefined) return known;
  const route = makeRoute(model, table);
  if (route === undefined) return undefined;
  if (table.made.size >= MAX_MADE) table.made.clear();
  table.made.set(model, route);
  return route;
}

function makeRoute(model: string, table: RouteTable): Route | undefined {
  if (model === "") return undefined;
  const owner = table.listed.get(model);
  const direct = owner === undefined ? directAddress(model, table) : undefined;
  const matched = matchingPattern(model, table);
  if (matched !== undefined) {
    const route = toRoute(matched.pattern.text, matched.config, model, table.upstreams);
    return direct === undefined ? route : { ...route, locations: both(route.locations, direct.locations) };
  }
  if (owner !== undefined) return plainRoute(model, owner, model, table);
  if (direct !== undefined) return direct;
  const [first] = table.upstreams.keys();
  return first === undefined ? undefined : plainRoute(model, first, model, table);
}

/** `upstream/model`, fenced as the model is without the upstream in front. */
function directAddress(model: string, table: RouteTable): Route | undefined {
  const slash = model.indexOf("/");
  const upstream = model.slice(0, Math.max(0, slash));
  const rest = model.slice(slash + 1);
  if (rest === "" || !table.upstreams.has(upstream)) return undefined;
  const locations = matchingPattern(rest, table)?.config.locations;
  return { ...plainRoute(model, upstream, rest, table), locations };
}

/** What two fences let through. */
function both(one: Route["locations"], other: Route["locations"]): Route["locations"] {
  if (one === undefined || other === undefined) return one ?? other;
  return one.filter((location) => other.includes(location));
}

function matchingPattern(model: string, table: RouteTable): RouteTable["patterns"][number] | undefined {
  const spellings = spellingsOf(model, !table.listed.has(model));
  return table.patterns.find(({ pattern }) => spellings.some((spelling) => matchesModel(pattern, spelling)));
}

function plainRoute(name: string, upstream: string, model: string, table: RouteTable): Route {
  const target = toTarget({ upstream, weight: 1, priority: 1 }, model, table.upstreams);
  return { name, targets: [target], choose: "weighted", sticky: "off", locations: undefined };
}

function toRoute(
  name: string,
  config: RouteConfig,
  model: string,
  upstreams: ReadonlyMap<string, UpstreamConfig>,
): Route {
  const { choose, sticky, locations, provisioned } = config;
  const targets = config.targets.flatMap((target) => {
    const made = toTarget(target, model, upstreams);
    const splits = provisioned === "first" && upstreams.get(target.upstream)?.kind === "vertex";
    return splits ? dedicatedThenShared(made) : [made];
  });
  return { name, targets, choose, sticky, locations };
}

function toTarget(
  config: TargetConfig,
  model: string,
  upstreams: ReadonlyMap<string, UpstreamConfig>,
): RouteTarget {
  const { upstream, weight, priority } = config;
  const settings = upstreams.get(upstream);
  const location = settings === undefined ? undefined : targetLocation(settings, config);
  const place = { upstream, model: config.model ?? model, location };
  return { id: targetId(place), ...place, weight, priority };
}

/** Two targets with a health each: a 429 for spent provisioned throughput says nothing about shared capacity. */
function dedicatedThenShared(target: RouteTarget): RouteTarget[] {
  return (["dedicated", "shared"] as const).map((requestType) => {
    // Configured priorities are whole numbers, so half a step is behind all dedicated targets of that priority.
    const priority = requestType === "dedicated" ? target.priority : target.priority + 0.5;
    const split = { ...target, requestType, priority };
    return { ...split, id: targetId(split) };
  });
}

/** The end of a chain of aliases: a route, or a model id, with the alias it stands under. Visits no name twice. */
function followAlias(
  name: string,
  models: ReadonlyMap<string, AliasConfig>,
): { last: string; value: AliasConfig } {
  const seen = new Set<string>();
  let last = name;
  for (;;) {
    seen.add(last);
    const value = models.get(last) ?? last;
    if (typeof value !== "string" || !models.has(value) || seen.has(value)) return { last, value };
    last = value;
  }
}

function listedModels(upstreams: ReadonlyMap<string, UpstreamConfig>): Map<string, string> {
  const listed = new Map<string, string>();
  for (const [name, upstream] of upstreams) {
    for (const model of modelsOf(upstream)) {
      if (!listed.has(model)) listed.set(model, name);
    }
  }
  return listed;
}

function modelsOf(upstream: UpstreamConfig): readonly string[] {
  switch (upstream.kind) {
    case "vertex-endpoint":
    case "vertex-openapi":
    case "openai-compatible":
      return upstream.models ?? [];
    case "local":
      return [upstream.name ?? basename(upstream.file, ".gguf")];
    case "vertex":
    case "gemini-api":
    case "emulator":
      return [];
    default:
      return upstream satisfies never;
  }
}
