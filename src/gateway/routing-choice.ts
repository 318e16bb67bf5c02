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
  if (scope !== undefined) return scopedRoute(gateway, asked, scope, route?.locations);
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
  return gateway.upstreams.get(target.upstream) ?? defaultUpstream(gateway);
}

/**
 * The upstream for a Vertex path: of those that speak Vertex AI, the first that may be used for the project and
 * location; where there is none, the default upstream, which says why not.
 */
export function upstreamForScope(gateway: Gateway, scope: Scope): ConnectedUpstream {
  for (const upstream of gateway.upstreams.values()) {
    if (upstream.kind === "gemini" && upstream.at.surface === "vertex" && upstream.at.mayServe(scope))
      return upstream;
  }
  for (const upstream of gateway.upstreams.values()) if (upstream.kind === "gemini") return upstream;
  return defaultUpstream(gateway);
}

/** The location is the caller's, but a fence around the model holds for it as well. */
function scopedRoute(
  gateway: Gateway,
  model: string,
  scope: Scope,
  locations: readonly string[] | undefined,
): Route {
  const { name } = upstreamForScope(gateway, scope);
  const route = onlyTarget({ upstream: name, model, location: scope.location }, `:${scope.project}`);
  return { ...route, locations };
}

/** A route of one target; `idSuffix` sets its health apart from that of the same model elsewhere. */
export function onlyTarget(
  place: Pick<RouteTarget, "upstream" | "model" | "location">,
  idSuffix = "",
): Route {
  const target = { ...place, id: targetId(place) + idSuffix, weight: 1, priority: 1 };
  return { name: place.model, targets: [target], choose: "weighted", sticky: "off", locations: undefined };
}
