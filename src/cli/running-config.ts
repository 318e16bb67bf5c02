import { parseBaseUrl, SettingsError } from "../settings.ts";

const TIMEOUT_MS = 5_000;

/**
 * The configuration of a gateway that runs, secrets masked, from its `GET /admin/config`.
 * @throws SettingsError when none can be had there.
 */
export async function runningConfig(url: string, key: string | undefined): Promise<object> {
  const refuse = (what: string): SettingsError => new SettingsError("--running", `${url} ${what}`);
  const base = parseBaseUrl(url, "anywhere");
  if (base.url === undefined) throw new SettingsError("--running", base.problem);
  let response: Response;
  let body: unknown;
  try {
    response = await fetch(`${base.url}/admin/config`, {
      headers: key === undefined ? {} : { authorization: `Bearer ${key}` },
      signal: AbortSignal.timeout(TIMEOUT_MS),
      redirect: "error",
    });
    body = response.ok ? await response.json() : undefined;
  } catch {
    throw refuse("does not answer as a gateway does.");
  }
  if (response.status === 401 || response.status === 403) {
    throw refuse("asks for an access key: give one by --key or POLLUX_API_KEY.");
  }
  if (typeof body !== "object" || body === null || !Object.hasOwn(body, "upstreams")) {
    throw refuse(`does not tell its configuration (status ${response.status}).`);
  }
  return body;
}
