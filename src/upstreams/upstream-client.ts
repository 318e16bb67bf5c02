/** The HTTP clients there are, behind one interface. */
import type { LookupFunction } from "node:net";
import type { HttpClientKind } from "../settings.ts";
import { createHttp1Client } from "./http1-client.ts";
import { createUndiciClient } from "./undici-client.ts";
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

export function createUpstreamClient(
  kind: HttpClientKind,
  options: UpstreamClientOptions = {},
): UpstreamClient {
  return kind === "http1" ? createHttp1Client(options) : createUndiciClient(options);
}
