/** A proxy that the environment names: upstreams are connected to directly, and whoever has set it would not expect that. */
import { isLoopback } from "../settings.ts";
import type { ConfigProblem } from "./config-error.ts";
import type { Environment } from "./references.ts";
import type { UpstreamConfig } from "./upstream-schema.ts";

/** As curl knows them (https://curl.se/docs/manpage.html#ENVIRONMENT). */
const VARIABLES = ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"];

/** One warning for all upstreams, if there is one that `NO_PROXY` does not except. */
export function unusedProxy(
  upstreams: Readonly<Record<string, UpstreamConfig>>,
  env: Environment,
): ConfigProblem[] {
  const variable = VARIABLES.find((name) => (env[name] ?? "") !== "");
  if (variable === undefined) return [];
  const excepted = env["NO_PROXY"] ?? env["no_proxy"] ?? "";
  const hosts = Object.values(upstreams)
    .map(hostOf)
    .filter((host) => host !== undefined && !isLoopback(host) && !isExcepted(host, excepted));
  const [host] = hosts;
  if (host === undefined) return [];
  return [
    {
      origin: { from: "environment", variable },
      path: [],
      message: `is not used: ${host} is connected to directly. To see whether this machine can, run \`curl --noproxy '*' -sSI https://${host}\`; if so, add the host to NO_PROXY, if not, give the upstream a baseUrl that leads there`,
    },
  ];
}

/** Of Vertex AI, the one without a location: the others are below its domain. */
function hostOf(upstream: UpstreamConfig): string | undefined {
  switch (upstream.kind) {
    case "emulator":
    case "local":
      return undefined;
    case "openai-compatible":
      return new URL(upstream.baseUrl).hostname;
    case "gemini-api":
      return new URL(upstream.baseUrl ?? "https://generativelanguage.googleapis.com").hostname;
    case "vertex-endpoint":
      return new URL(upstream.host ?? "https://aiplatform.googleapis.com").hostname;
    case "vertex":
    case "vertex-openapi":
      return new URL(upstream.baseUrl ?? "https://aiplatform.googleapis.com").hostname;
    default:
      return upstream satisfies never;
  }
}

/** `*`, or a list of hosts and domains, with or without a dot or `*.` in front and a port behind. */
function isExcepted(host: string, list: string): boolean {
  return list
    .toLowerCase()
    .split(/[\s,]+/)
    .filter((entry) => entry !== "")
    .map((entry) => entry.replace(/^\*?\./, "").replace(/:\d+$/, ""))
    .some((entry) => entry === "*" || host === entry || host.endsWith(`.${entry}`));
}
