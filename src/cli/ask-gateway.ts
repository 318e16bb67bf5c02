import { parseBaseUrl, SettingsError } from "../settings.ts";

const TIMEOUT_MS = 5_000;

/**
 * What a gateway that runs answers at one of its `/admin` paths.
 * @param flag that names the address, for messages
 * @throws SettingsError when nothing of use is answered there
 */
export async function askGateway(
  flag: string,
  url: string,
  path: string,
  key: string | undefined,
): Promise<object> {
  const refuse = (what: string): SettingsError => new SettingsError(flag, `${url} ${what}`);
  const base = parseBaseUrl(url, "anywhere");
  if (base.url === undefined) throw new SettingsError(flag, base.problem);
  let response: Response;
  let body: unknown;
  try {
    response = await fetch(base.url + path, {
      headers: key === undefined ? {} : { authorization: `Bearer ${key}` },
      signal: AbortSignal.timeout(TIMEOUT_MS),
      redirect: "error",
    });
    body = response.ok ? await response.json() : undefined;
  } catch {
    throw refuse("does not answer as a gateway does.");
  }
  if (response.status === 401 || response.status === 403) {
    throw refuse("asks for an admin key: give one by --key or POLLUX_ADMIN_KEY.");
  }
  if (typeof body !== "object" || body === null) {
    throw refuse(`does not answer ${path} (status ${response.status}).`);
  }
  return body;
}
