import { SettingsError } from "../settings.ts";
import { askGateway } from "./ask-gateway.ts";

/**
 * The configuration of a gateway that runs, secrets masked, from its `GET /admin/config`.
 * @throws SettingsError when none can be had there.
 */
export async function runningConfig(url: string, key: string | undefined): Promise<object> {
  const body = await askGateway("--running", url, "/admin/config", key);
  if (Object.hasOwn(body, "upstreams")) return body;
  throw new SettingsError("--running", `${url} does not tell its configuration.`);
}
