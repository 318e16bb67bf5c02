/** From the model id a caller asks for to the route that serves it. */
import { basename } from "node:path";
import type { AliasConfig, MatchedRouteConfig, RouteConfig, TargetConfig } from "../config/route-schema.ts";
import { insideFence } from "./fence.ts";
import { matchesModel, parseModelPattern, spellingsOf } from "./model-pattern.ts";
import type { ModelPattern } from "./model-pattern.ts";
import { targetId } from "./route.ts";
import type { Route, RouteTarget } from "./route.ts";

/** What routing must know of an upstream; an upstream of the configuration is one of these. */
export interface UpstreamPlace {
  readonly kind: string;
  readonly location?: string | undefined;
  /** Models it is known to answer. */
  readonly models?: readonly string[] | undefined;
  /** A local model's own name; else that of its file. */
  readonly name?: string | undefined;
  readonly file?: string | undefined;
}

/** The part of the configuration that routes are made of. */
export interface RouteDefinitions {
  /** The first one is the default. */
  readonly upstreams: Readonly<Record<string, UpstreamPlace>>;
  readonly models: Readonly<Record<string, AliasConfig>>;
  readonly routes: readonly MatchedRouteConfig[];
}

/** Everything `resolveRoute` needs, checked and with every alias followed to its end. */
export interface RouteTable {
  /** No value is another alias, so looking one up cannot go in circles. */
  readonly aliases: ReadonlyMap<string, Route>;
  readonly patterns: readonly { readonly pattern: ModelPattern; readonly config: RouteConfig }[];
  readonly upstreams: ReadonlyMap<string, UpstreamPlace>;
  /** Model to the upstream that lists it. */
  readonly listed: ReadonlyMap<string, string>;
  /** Routes made for model ids seen lately. */
  readonly made: Map<string, Route>;
}

/** A fault in the routes of the configuration; `path` leads to the key at fault. */
export class RouteTableError extends Error {
  override readonly name = "RouteTableError";
  readonly path: readonly (string | number)[];

  constructor(path: readonly (string | number)[], message: string) {
    super(message);
    this.path = path;
  }
}

/** Callers choose model ids; what is remembered of them is bounded. */
const MAX_MADE = 1024;

/** @throws RouteTableError for aliases in a circle, unknown upstreams, and fences that shut out all of their targets */
export function createRouteTable(definitions: RouteDefinitions): RouteTable {
  const aliases = new Map<string, Route>();
  const table: RouteTable = {
    aliases,
    patterns: definitions.routes.map((config) => ({ pattern: parseModelPattern(config.match), config })),
    upstreams: new Map(Object.entries(definitions.upstreams)),
    listed: listedModels(definitions.upstreams),
    made: new Map(),
  };
  definitions.routes.forEach((config, index) => checkRoute(config, ["routes", index], table.upstreams));
  const models = new Map(Object.entries(definitions.models));
  // Followed here and once: a request never walks from alias to alias.
  const followed = new Map<string, Route>();
  for (const name of models.keys()) {
    const { last, value } = followAlias(name, models);
    const route = typeof value === "string" ? routeOf(value, table) : aliasRoute(last, value, table);
    if (route !== undefined) followed.set(name, { ...route, name });
  }
  for (const [name, route] of followed) aliases.set(name, route);
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
 * Patterns go before direct addresses, so a fence around `*` cannot be walked around by naming an upstream.
 * Undefined for an empty id and where there is no upstream at all.
 */
export function resolveRoute(model: string, table: RouteTable): Route | undefined {
  return table.aliases.get(model) ?? routeOf(model, table);
}

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
  const spellings = spellingsOf(model, !table.listed.has(model));
  for (const { pattern, config } of table.patterns) {
    if (spellings.some((spelling) => matchesModel(pattern, spelling))) {
      return toRoute(pattern.text, config, model, table.upstreams);
    }
  }
  const owner = table.listed.get(model);
  if (owner !== undefined) return plainRoute(model, owner, model, table);
  const slash = model.indexOf("/");
  const upstream = model.slice(0, Math.max(0, slash));
  const rest = model.slice(slash + 1);
  if (rest !== "" && table.upstreams.has(upstream)) return plainRoute(model, upstream, rest, table);
  const [first] = table.upstreams.keys();
  return first === undefined ? undefined : plainRoute(model, first, model, table);
}

function plainRoute(name: string, upstream: string, model: string, table: RouteTable): Route {
  const target = toTarget({ upstream, weight: 1, priority: 1 }, model, table.upstreams);
  return { name, targets: [target], choose: "weighted", sticky: "off", locations: undefined };
}

function aliasRoute(name: string, config: RouteConfig, table: RouteTable): Route {
  checkRoute(config, ["models", name], table.upstreams);
  return toRoute(name, config, name, table.upstreams);
}

function toRoute(
  name: string,
  config: RouteConfig,
  model: string,
  upstreams: ReadonlyMap<string, UpstreamPlace>,
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
  upstreams: ReadonlyMap<string, UpstreamPlace>,
): RouteTarget {
  const { upstream, weight, priority } = config;
  const location = config.location ?? upstreams.get(upstream)?.location;
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

/** The end of a chain of aliases: a model id or a route, with the name it stands under. */
function followAlias(
  name: string,
  models: ReadonlyMap<string, AliasConfig>,
): { last: string; value: AliasConfig } {
  const seen = [name];
  let last = name;
  for (;;) {
    const value = models.get(last);
    if (value === undefined) return { last, value: last };
    if (typeof value !== "string" || !models.has(value)) return { last, value };
    if (seen.includes(value)) {
      throw new RouteTableError(
        ["models", name],
        `models.${name}: the aliases go in a circle (${[...seen, value].join(" -> ")}); let one name a model.`,
      );
    }
    seen.push(value);
    last = value;
  }
}

/** @throws RouteTableError for what the shape of the configuration cannot rule out */
function checkRoute(
  config: RouteConfig,
  path: readonly (string | number)[],
  upstreams: ReadonlyMap<string, UpstreamPlace>,
): void {
  const at = (...keys: (string | number)[]) => [...path, ...keys];
  const ids = new Set<string>();
  config.targets.forEach((target, index) => {
    const upstream = upstreams.get(target.upstream);
    if (upstream === undefined) {
      const names = [...upstreams.keys()].join(", ") || "none is configured";
      throw fault(
        at("targets", index, "upstream"),
        `there is no upstream ${JSON.stringify(target.upstream)}; expected one of: ${names}.`,
      );
    }
    const problem = locationProblem(target.location, upstream);
    if (problem !== undefined) throw fault(at("targets", index, "location"), problem);
    const { id } = toTarget(target, "*", upstreams);
    if (ids.has(id)) {
      throw fault(at("targets", index), `${id} is listed twice; give one of them the weight of both.`);
    }
    ids.add(id);
  });
  const { targets } = toRoute("", config, "*", upstreams);
  if (!targets.some((target) => insideFence(target, config.locations))) {
    const places = [...new Set(targets.map((target) => target.location ?? "of no known location"))].join(
      ", ",
    );
    throw fault(
      at("locations"),
      `no target lies in one of these locations (targets: ${places}); names must be equal, and "eu" is not "europe-west1".`,
    );
  }
  if (config.provisioned === "first" && targets.every((target) => target.requestType === undefined)) {
    throw fault(
      at("provisioned"),
      "provisioned throughput is for targets of kind vertex; this route has none.",
    );
  }
}

/** A location that the upstream would not act upon is worse than none: a fence would trust it. */
function locationProblem(location: string | undefined, upstream: UpstreamPlace): string | undefined {
  if (location === undefined) return undefined;
  if (upstream.kind === "gemini-api") {
    return "the Gemini API has no locations; use an upstream of kind vertex for that.";
  }
  if (upstream.kind === "vertex-endpoint" && location !== upstream.location) {
    return `a deployed endpoint stays where it is (${upstream.location ?? "no location"}); leave location out.`;
  }
  return undefined;
}

function fault(path: readonly (string | number)[], message: string): RouteTableError {
  const shown = path
    .map((key, index) => (typeof key === "number" ? `[${key}]` : index === 0 ? key : `.${key}`))
    .join("");
  return new RouteTableError(path, `${shown}: ${message}`);
}

function listedModels(upstreams: Readonly<Record<string, UpstreamPlace>>): Map<string, string> {
  const listed = new Map<string, string>();
  for (const [upstream, place] of Object.entries(upstreams)) {
    const ownName = place.kind === "local" ? (place.name ?? basename(place.file ?? "", ".gguf")) : "";
    for (const model of [...(place.models ?? []), ownName]) {
      if (model !== "" && !listed.has(model)) listed.set(model, upstream);
    }
  }
  return listed;
}
