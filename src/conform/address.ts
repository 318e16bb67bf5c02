/** Where a request of a case goes. */
import type { OpenGateway } from "./gateway-under-test.ts";

/** Cases write `/v1/…`; a gateway that has its API elsewhere says so by `apiBase`. */
export function addressOf({ url, apiBase }: OpenGateway, path: string): string {
  return apiBase !== undefined && path.startsWith("/v1/") ? apiBase + path.slice("/v1".length) : url + path;
}
