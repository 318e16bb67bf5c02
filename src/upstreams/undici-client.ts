import type { LookupFunction } from "node:net";
import { GatewayError } from "../errors.ts";
import { ConnectionPool } from "./connection-pool.ts";
import { Exchange } from "./exchange.ts";
import { createLookup } from "./name-lookup.ts";
import type { UpstreamCall, UpstreamClient, UpstreamReceiver, UpstreamRequest } from "./upstream.ts";

export interface UndiciClientOptions {
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

/**
 * The HTTP client of the gateway: undici's `dispatch` over HTTP/1.1, with redirects never followed, no compression
 * asked for, and timers of our own that can say what they were waiting for.
 *
 * HTTP/2 is off: Google's front ends close its connections with GOAWAY after about an hour, and all streams on one
 * connection share its fate.
 */
export function createUndiciClient(options: UndiciClientOptions = {}): UpstreamClient {
  const poolOptions = {
    maxConnections: options.maxConnections ?? 8_192,
    keepAliveMs: options.keepAliveMs ?? 55_000,
    maxHeaderBytes: options.maxHeaderBytes ?? 32 * 1024,
    lookup: createLookup(options.lookup),
  };
  /** Only origins with an open connection: locations are chosen by callers, so the list must not grow. */
  const pools = new Map<string, ConnectionPool>();
  const active = new Set<Exchange>();
  let onAllEnded: (() => void) | undefined;
  let closed: Promise<void> | undefined;

  function poolFor(origin: string): ConnectionPool {
    let pool = pools.get(origin);
    if (pool === undefined) {
      const created = new ConnectionPool(origin, poolOptions, () => {
        if (pools.get(origin) === created) pools.delete(origin);
      });
      pool = created;
      pools.set(origin, pool);
    }
    return pool;
  }

  function ended(exchange: Exchange): void {
    active.delete(exchange);
    if (closed === undefined) return;
    for (const pool of pools.values()) pool.closeIdle();
    if (active.size === 0) onAllEnded?.();
  }

  return {
    send(request: UpstreamRequest, receiver: UpstreamReceiver): UpstreamCall {
      if (closed !== undefined) {
        throw new GatewayError(
          { kind: "unavailable", shed: "draining" },
          "The gateway is shutting down. Send the request again.",
        );
      }
      const exchange = new Exchange(request, receiver, poolFor(request.origin), ended);
      active.add(exchange);
      exchange.start();
      return exchange;
    },

    connections(): number {
      let open = 0;
      for (const pool of pools.values()) open += pool.size;
      return open;
    },

    /** Takes no more calls and resolves when those under way have ended; to hurry them, abort them. */
    close(): Promise<void> {
      closed ??= new Promise((resolve) => {
        onAllEnded = resolve;
        for (const pool of pools.values()) pool.closeIdle();
        if (active.size === 0) resolve();
      });
      return closed;
    },
  };
}
