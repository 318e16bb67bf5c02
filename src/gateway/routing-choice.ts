/** Which route a request takes: that of its model, or that of the project and location in its path. */
import { GatewayError } from "../errors.ts";
import { targetId, type Route, type RouteTarget } from "../routing/route.ts";
import { resolveRoute } from "../routing/route-table.ts";
import type { Scope } from "../upstreams/google-upstream.ts";
import type { ConnectedUpstream } from "./connected-upstream.ts";
import type { Gateway } from "./gateway.ts";

/**
 * @param model as the caller wrote it; anything but a string is the translators' to refuse
 * @throws GatewayError when no upstream is configured, or none may serve the project in the path.
 */
export function chooseRoute(gateway: Gateway, model: unknown, scope: Scope | undefined): Route {
  const asked = typeof model === "string" ? model : "";
  const route = resolveRoute(asked, gateway.routes);
  if (scope !== undefined) return scopedRoute(gateway, asked, scope, route);
  return route ?? onlyTarget({ upstream: defaultUpstream(gateway).name, model: asked, location: undefined });
}

/** The first upstream of the configuration. */
export function defaultUpstream(gateway: Gateway): ConnectedUpstream {
  const [first] = gateway.upstreams.values();
  if (first === undefined) {
    throw new GatewayError(
      { kind: "unavailable" },
      "No upstream is configured. Add one to the configuration.",
    );
  }
  return first;
}

/** The configuration's checks see to it that every target names an upstream there is. */
export function upstreamOf(gateway: Gateway, target: RouteTarget): ConnectedUpstream {
  const upstream = gateway.upstreams.get(target.upstream);
  // Any other in its place could lie outside the fence.
  if (upstream === undefined) throw new Error(`no upstream ${JSON.stringify(target.upstream)}`);
  return upstream;
}

/**
 * The upstream for a Vertex path: of those that speak Vertex AI, the first that may be used for the project and
 * location; where there is none, the first one of Google's, which says why not.
 * @throws GatewayError when no upstream is Google's.
 */
export function upstreamForScope(gateway: Gateway, scope: Scope): ConnectedUpstream {
  const upstreams = [...gateway.upstreams.values()];
  const native = upstreams.filter(
    ({ kind, at }) => kind === "gemini" && at.surface === "vertex" && at.mayServe(scope),
  );
  // An API key works in the global location only, wherever the path points.
  const exact = native.find((upstream) => locationFor(upstream, scope) === scope.location) ?? native[0];
  const found =
    exact ??
    upstreams.find(({ kind, at }) => kind === "openai" && at.mayServe?.(scope) === true) ??
    upstreams.find(({ kind }) => kind === "gemini");
  if (found !== undefined) return found;
  defaultUpstream(gateway);
  throw new GatewayError(
    { kind: "not_found", code: "project_not_available" },
    "No upstream of this gateway is for that project on Vertex AI. Use the path /v1/chat/completions, or add an upstream of the kind vertex.",
  );
}

/** Project and location are the caller's, but an alias keeps its model, and a fence around the model holds. */
function scopedRoute(gateway: Gateway, asked: string, scope: Scope, route: Route | undefined): Route {
  const upstream = partnerFor(gateway, route, scope) ?? upstreamForScope(gateway, scope);
  const model = gateway.routes.aliases.has(asked) ? modelOf(gateway, route, upstream) : undefined;
  return {
    ...onlyTarget(
      { upstream: upstream.name, model: model ?? asked, location: locationFor(upstream, scope) },
      `:${scope.project}`,
    ),
    locations: route?.locations,
  };
}

/** Where a call for a Vertex path is processed, which is not always where the path points. */
export function locationFor(upstream: ConnectedUpstream, scope: Scope): string | undefined {
  return upstream.at.locationFor?.(scope);
}

/** The upstream for partner models that the model's route begins with, if the path can mean it. */
function partnerFor(gateway: Gateway, route: Route | undefined, scope: Scope): ConnectedUpstream | undefined {
  const upstream = gateway.upstreams.get(route?.targets[0]?.upstream ?? "");
  return upstream?.kind === "openai" && upstream.at.mayServe?.(scope) === true ? upstream : undefined;
}

/** What an alias means at an upstream: the model of its first target of that kind. */
function modelOf(
  gateway: Gateway,
  route: Route | undefined,
  { kind }: ConnectedUpstream,
): string | undefined {
  return route?.targets.find(({ upstream }) => gateway.upstreams.get(upstream)?.kind === kind)?.model;
}

/** A route of one target; `idSuffix` sets its health apart from that of the same model elsewhere. */
export function onlyTarget(
  place: Pick<RouteTarget, "upstream" | "model" | "location">,
  idSuffix = "",
): Route {
  const target = { ...place, id: targetId(place) + idSuffix, weight: 1, priority: 1 };
  return { name: place.model, targets: [target], choose: "weighted", sticky: "off", locations: undefined };
}
