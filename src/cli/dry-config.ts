import type { Config, UpstreamConfig } from "../config/config.ts";

/** Stands where no project is configured, so that the printed address is one to fill in. */
const UNKNOWN_PROJECT = "your-project";

const NO_CREDENTIALS = { kind: "token", token: "-" } as const;

/** The same configuration for looking at addresses only: nothing is signed in to, nothing is started. */
export function dryConfig(config: Config): Config {
  const upstreams = Object.entries(config.upstreams).map(
    ([name, upstream]) => [name, dry(upstream)] as const,
  );
  return { ...config, upstreams: Object.fromEntries(upstreams) };
}

function dry(upstream: UpstreamConfig): UpstreamConfig {
  switch (upstream.kind) {
    case "vertex":
    case "vertex-endpoint":
    case "vertex-openapi":
      return { ...upstream, project: upstream.project ?? UNKNOWN_PROJECT, credentials: NO_CREDENTIALS };
    case "emulator":
      return {
        kind: "vertex",
        project: UNKNOWN_PROJECT,
        location: upstream.location ?? "global",
        credentials: NO_CREDENTIALS,
      };
    case "local":
      return { kind: "openai-compatible", baseUrl: "http://localhost/v1", repair: false };
    case "gemini-api":
    case "openai-compatible":
      return upstream;
    default:
      return upstream satisfies never;
  }
}
