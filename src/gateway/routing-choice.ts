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
 * location; where there is none, the default upstream, which says why not.
 */
export function upstreamForScope(gateway: Gateway, scope: Scope): ConnectedUpstream {
  let served: ConnectedUpstream | undefined;
  for (const upstream of gateway.upstreams.values()) {
    if (upstream.kind !== "gemini" || upstream.at.surface !== "vertex" || !upstream.at.mayServe(scope))
      continue;
    // An API key works in the global location only, wherever the path points.
    if (upstream.at.locationFor(scope) === scope.location) return upstream;
    served ??= upstream;
  }
  if (served !== undefined) return served;
  for (const upstream of gateway.upstreams.values()) if (upstream.kind === "gemini") return upstream;
  return defaultUpstream(gateway);
}

/** Project and location are the caller's, but an alias keeps its model, and a fence around the model holds. */
function scopedRoute(gateway: Gateway, asked: string, scope: Scope, route: Route | undefined): Route {
  const upstream = upstreamForScope(gateway, scope);
  const model = gateway.routes.aliases.has(asked) ? (geminiModelOf(gateway, route) ?? asked) : asked;
  return {
    ...onlyTarget(
      { upstream: upstream.name, model, location: locationFor(upstream, scope) },
      `:${scope.project}`,
    ),
    locations: route?.locations,
  };
}

/** Where a call for a Vertex path is processed, which is not always where the path points. */
export function locationFor(upstream: ConnectedUpstream, scope: Scope): string | undefined {
  return upstream.kind === "gemini" ? upstream.at.locationFor(scope) : upstream.at.location;
}

/** A Vertex path is for Gemini models, so an alias means its first target that is one. */
function geminiModelOf(gateway: Gateway, route: Route | undefined): string | undefined {
  return route?.targets.find(({ upstream }) => gateway.upstreams.get(upstream)?.kind === "gemini")?.model;
}

/** A route of one target; `idSuffix` sets its health apart from that of the same model elsewhere. */
export function onlyTarget(
  place: Pick<RouteTarget, "upstream" | "model" | "location">,
  idSuffix = "",
): Route {
  const target = { ...place, id: targetId(place) + idSuffix, weight: 1, priority: 1 };
  return { name: place.model, targets: [target], choose: "weighted", sticky: "off", locations: undefined };
}
