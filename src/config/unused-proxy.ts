/** A proxy that the environment names: upstreams are connected to directly, and whoever has set it would not expect that. */
import { isLoopback } from "../settings.ts";
import type { ConfigProblem } from "./config-error.ts";
import type { Environment } from "./references.ts";
import type { UpstreamConfig } from "./upstream-schema.ts";

/** As curl knows them (https://curl.se/docs/manpage.html#ENVIRONMENT). */
const VARIABLES = ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"];

const GEMINI_API = "https://generativelanguage.googleapis.com";
/** Of Vertex AI, the one without a location: the others are below its domain. */
const VERTEX = "https://aiplatform.googleapis.com";

/** One warning for all upstreams, if there is one that `NO_PROXY` does not except. */
export function unusedProxy(
  upstreams: Readonly<Record<string, UpstreamConfig>>,
  env: Environment,
): ConfigProblem[] {
  const variable = VARIABLES.find((name) => (env[name] ?? "") !== "");
  if (variable === undefined) return [];
  const excepted = env["NO_PROXY"] ?? env["no_proxy"] ?? "";
  for (const upstream of Object.values(upstreams)) {
    const address = addressOf(upstream);
    if (address === undefined) continue;
    const { hostname, origin } = new URL(address);
    if (isLoopback(hostname) || isExcepted(hostname, excepted)) continue;
    const message = `is not used: ${hostname} is connected to directly. To see whether this machine can, run \`curl --noproxy '*' -sSI ${origin}\`; if so, add the host to NO_PROXY, if not, give the upstream a baseUrl that leads there`;
    return [{ origin: { from: "environment", variable }, path: [], message }];
  }
  return [];
}

/** Undefined for what is in this process. */
function addressOf(upstream: UpstreamConfig): string | undefined {
  switch (upstream.kind) {
    case "emulator":
    case "local":
      return undefined;
    case "openai-compatible":
      return upstream.baseUrl;
    case "gemini-api":
      return upstream.baseUrl ?? GEMINI_API;
    case "vertex-endpoint":
      return upstream.host ?? VERTEX;
    case "vertex":
    case "vertex-openapi":
      return upstream.baseUrl ?? VERTEX;
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
