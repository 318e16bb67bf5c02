/** The gateway's configuration in a chaos run, in good variants to reload and bad ones to refuse. */
import type { UpstreamName } from "./plan.ts";

export const KEYS = ["chaos-key-one", "chaos-key-two"] as const;
export const ADMIN_KEY = "chaos-admin-key";
/** After SIGTERM, for the answers under way. */
export const DRAIN_MS = 4_000;

/** JSON is YAML. @param upstreams their addresses */
export function goodConfig(upstreams: Record<UpstreamName, string>, variant: number): string {
  const target = (model: string) => [
    { upstream: "a", model, weight: 1 + (variant % 3) },
    { upstream: "b", model, weight: 1 + (Math.floor(variant / 3) % 3) },
  ];
  return JSON.stringify(
    {
      server: { apiKeys: KEYS, adminKeys: [ADMIN_KEY] },
      limits: {
        maxBodyBytes: 20_000_000,
        maxInFlight: 24,
        maxInFlightPerKey: 20,
        maxQueue: 100,
        maxQueueMs: 5_000,
        slowClientMs: 5_000,
        drainMs: DRAIN_MS,
        timeouts: { connectMs: 2_000, firstByteMs: 5_000, idleMs: 4_000, totalMs: 20_000 },
        // Enough that single faults are outlived.
        retryBudget: variant % 2 === 0 ? 0.5 : 1,
      },
      upstreams: {
        a: {
          kind: "vertex",
          project: "chaos",
          location: "global",
          baseUrl: upstreams.a,
          credentials: { kind: "token", token: "chaos-token" },
        },
        b: { kind: "gemini-api", baseUrl: upstreams.b, apiKeys: ["chaos-upstream-key"] },
      },
      models: {
        fast: { targets: target("gemini-3.5-flash") },
        several: { targets: target("gemini-2.5-flash") },
      },
    },
    null,
    2,
  );
}

export function badConfig(good: string, variant: number): string {
  const bad = [
    good.slice(0, good.length >> 1),
    good.replace('"upstreams"', '"upstream"'),
    good.replace('"maxQueue": 100', '"maxQueue": "many"'),
    good.replace('"kind": "vertex"', '"kind": "vortex"'),
    good.replace('"upstream": "a"', '"upstream": "nowhere"'),
    "",
  ];
  return bad[variant % bad.length] ?? "";
}
