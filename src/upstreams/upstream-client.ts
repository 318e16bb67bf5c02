/** The HTTP clients there are, behind one interface. */
import type { LookupFunction } from "node:net";
import type { HttpClientKind } from "../settings.ts";
import type { UpstreamClient } from "./upstream.ts";

export interface UpstreamClientOptions {
  /** Most connections at one time to one origin. Default 8192. */
  maxConnections?: number;
  /**
   * How long an unused connection stays open, in milliseconds. The default of 55 s is below the 60 s after which common
   * load balancers close theirs; a server's own `keep-alive` hint wins.
   */
  keepAliveMs?: number;
  /** Largest response head, in bytes. Default 32 KiB. */
  maxHeaderBytes?: number;
  /** Asked for the addresses of each host; default `dns.lookup`, which asks the system. */
  lookup?: LookupFunction;
}

/** Loads no more than the one that is asked for. */
export async function loadUpstreamClient(
  kind: HttpClientKind,
  options: UpstreamClientOptions = {},
): Promise<UpstreamClient> {
  if (kind === "http1") return (await import("./http1-client.ts")).createHttp1Client(options);
  return (await import("./undici-client.ts")).createUndiciClient(options);
}
