/** Whether the OpenAI-compatible servers of the configuration answer, and which others listen on this machine. */
import type { Check, Finding } from "./check.ts";
import type { OpenedUpstream } from "./open-upstreams.ts";

const TIMEOUT_MS = 3_000;

export const openaiServers: Check = {
  name: "servers",
  async run({ upstreams, localServers }) {
    const configured = await Promise.all(upstreams.map(reachable));
    const known = new Set(
      upstreams.map(({ config }) =>
        config.kind === "openai-compatible" ? new URL(config.baseUrl).port : "",
      ),
    );
    const others = (await localServers()).filter(({ baseUrl }) => !known.has(new URL(baseUrl).port));
    return [
      ...configured.flat(),
      ...others.map(({ product, baseUrl }): Finding => ({
        status: "ok",
        says: `${product} listens at ${baseUrl}; the configuration does not use it`,
      })),
    ];
  },
};

async function reachable({ name, config }: OpenedUpstream): Promise<Finding[]> {
  if (config.kind !== "openai-compatible") return [];
  const upstream = name;
  const base = config.baseUrl.replace(/\/+$/, "");
  const fix = `curl -sS ${base}/models`;
  try {
    const response = await fetch(`${base}/models`, {
      headers: config.apiKey === undefined ? {} : { authorization: `Bearer ${config.apiKey}` },
      redirect: "error",
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    await response.body?.cancel();
    if (response.ok) return [{ status: "ok", upstream, says: `${base} answers` }];
    if (response.status === 401 || response.status === 403) {
      return [
        { status: "fail", upstream, says: `${base} refuses the API key (status ${response.status})`, fix },
      ];
    }
    // A chat server need not list its models.
    return [{ status: "warn", upstream, says: `${base}/models answers with status ${response.status}`, fix }];
  } catch {
    return [{ status: "fail", upstream, says: `nothing answers at ${base}`, fix }];
  }
}
