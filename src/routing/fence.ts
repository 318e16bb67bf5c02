import type { RouteTarget } from "./route.ts";

/**
 * Whether a target lies inside a residency fence. Names are compared as they are, nothing contains anything else:
 * `eu` and `us` are multi-regions with hosts of their own, not the regions of a continent, so a fence of `eu` shuts
 * out `europe-west1` and the other way round. `global` may process a request anywhere, and a target without a
 * location may be anywhere: both are outside every fence that does not name them, and the latter cannot be named.
 * Source: https://cloud.google.com/vertex-ai/generative-ai/docs/learn/locations (with the global endpoint nobody can
 * choose or know the region that processes a request).
 */
export function insideFence(
  target: Pick<RouteTarget, "location">,
  locations: readonly string[] | undefined,
): boolean {
  if (locations === undefined) return true;
  return target.location !== undefined && locations.includes(target.location);
}
