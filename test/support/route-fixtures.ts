import { targetId } from "../../src/routing/route.ts";
import type { Route, RouteTarget } from "../../src/routing/route.ts";

/** A target of an upstream named for its location. */
export function target(location: string, fields: Partial<RouteTarget> = {}): RouteTarget {
  const place = { upstream: location, model: "gemini-3.5-flash", location, ...fields };
  return { weight: 1, priority: 1, ...place, id: fields.id ?? targetId(place) };
}

export function route(targets: readonly RouteTarget[], fields: Partial<Route> = {}): Route {
  return { name: "fast", targets, choose: "weighted", sticky: "off", locations: undefined, ...fields };
}
