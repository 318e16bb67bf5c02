import { GatewayError } from "../errors.ts";
import { isLoopback } from "../settings.ts";

/**
 * A gateway without access keys listens on loopback only, and a web page can still reach it by a name of its own
 * that resolves to 127.0.0.1 (DNS rebinding). Such a request carries that name in `Host`.
 * @throws GatewayError `permission_denied`.
 */
export function checkLoopbackHost(host: string | undefined): void {
  if (host !== undefined && isLoopback(host.replace(/:\d{1,5}$/, ""))) return;
  throw new GatewayError(
    { kind: "permission_denied", code: "host_not_allowed" },
    "Without access keys this gateway answers only to localhost. Call it as http://127.0.0.1, " +
      "or set POLLUX_API_KEYS to serve other names.",
  );
}
