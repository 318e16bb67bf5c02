/** Which route a request takes: that of its model, or that of the project and location in its path. */
import { GatewayError } from "../errors.ts";
import { targetId, type Route } from "../routing/route.ts";
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
  if (scope !== undefined) return scopedRoute(gateway, asked, scope);
  const route = resolveRoute(asked, gateway.routes) ?? plainRoute(defaultUpstream(gateway).name, asked);
  return route;
}

/** The first upstream of the configuration. */
export function defaultUpstream(gateway: Gateway): ConnectedUpstream {
  const [first] = gateway.upstreams.values();
  if (first === undefined) {
    throw new GatewayError({ kind: "unavailable" }, "No upstream is configured. Add one to the configuration.");
  }
  return first;
}

/**
 * The upstream for a Vertex path: of those that speak Vertex AI, the first that may be used for the project and
 * location; where there is none, the default upstream, which says why not.
 */
export function upstreamForScope(gateway: Gateway, scope: Scope): ConnectedUpstream {
  for (const upstream of gateway.upstreams.values()) {
    if (upstream.kind === "gemini" && upstream.at.surface === "vertex" && upstream.at.mayServe(scope)) return upstream;
  }
  for (const upstream of gateway.upstreams.values()) if (upstream.kind === "gemini") return upstream;
  return defaultUpstream(gateway);
}

function scopedRoute(gateway: Gateway, model: string, scope: Scope): Route {
  const { name } = upstreamForScope(gateway, scope);
  const place = { upstream: name, model, location: scope.location };
  const target = { ...place, id: `${targetId(place)}:${scope.project}`, weight: 1, priority: 1 };
  return { name: model, targets: [target], choose: "weighted", sticky: "off", locations: undefined };
}

function plainRoute(upstream: string, model: string): Route {
  const place = { upstream, model, location: undefined };
  const target = { ...place, id: targetId(place), weight: 1, priority: 1 };
  return { name: model, targets: [target], choose: "weighted", sticky: "off", locations: undefined };
}
