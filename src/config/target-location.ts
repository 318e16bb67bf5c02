import type { TargetConfig } from "./route-schema.ts";
import type { UpstreamConfig } from "./upstream-schema.ts";

/**
 * Where a request to this target is answered. Undefined: nobody can tell, so no residency fence lets it through. For a
 * server of one's own the target's `location` is what the operator declares.
 */
export function targetLocation(
  upstream: UpstreamConfig,
  target: Pick<TargetConfig, "location">,
): string | undefined {
  switch (upstream.kind) {
    case "vertex":
      // A Vertex AI API key works on the global endpoint only.
      return upstream.apiKey === undefined ? (target.location ?? upstream.location) : "global";
    case "vertex-openapi":
      return target.location ?? upstream.location;
    case "vertex-endpoint":
      return upstream.location;
    case "gemini-api":
      return undefined;
    case "emulator":
      return target.location ?? upstream.location;
    case "openai-compatible":
    case "local":
      return target.location;
    default:
      return upstream satisfies never;
  }
}
