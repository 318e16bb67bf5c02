import type { Surface } from "./case-schema.ts";
import { VERTEX_SCOPE } from "./gateway-under-test.ts";

/** An access key of the gateway under test; it opens nothing else. */
export const ACCESS_KEY = "pk-conform-0123456789abcdef0123456789abcdef";

/** What the self-deployed endpoint is called by those who ask for it as a model. */
export const ENDPOINT_ALIAS = "conform-endpoint";

/**
 * `pollux.yaml` for a gateway in front of a scripted Google: its defaults, but for where Google is, and that requests
 * may name any bucket of Cloud Storage, which an operator has to allow.
 */
export function polluxConfig(google: string, surface: Surface, keyFile: string): object {
  const { project, location, endpoint } = VERTEX_SCOPE;
  const credentials = { kind: "service-account", file: keyFile };
  const upstreams =
    surface === "gemini-api"
      ? { google: { kind: "gemini-api", apiKeys: ["conform-google-key"], baseUrl: google } }
      : {
          vertex: { kind: "vertex", project, location, baseUrl: google, credentials },
          endpoint: { kind: "vertex-endpoint", project, location, endpoint, host: google, credentials },
        };
  const models = surface === "endpoint" ? { [ENDPOINT_ALIAS]: { targets: [{ upstream: "endpoint" }] } } : {};
  return {
    models,
    server: { host: "127.0.0.1", port: 0, apiKeys: [ACCESS_KEY] },
    log: { requests: "off" },
    media: { buckets: ["*"] },
    upstreams,
  };
}
