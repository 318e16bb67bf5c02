import { GatewayError } from "../errors.ts";
import { Http1Exchange } from "./http1-exchange.ts";
import { Http1Pool } from "./http1-pool.ts";
import { SocketOpener } from "./http1-socket.ts";
import { TimerWheel } from "./http1-timer-wheel.ts";
import { createLookup } from "./name-lookup.ts";
import type { UpstreamClientOptions } from "./upstream-client.ts";
import type { UpstreamCall, UpstreamClient, UpstreamReceiver, UpstreamRequest } from "./upstream.ts";

/**
 * The gateway's own HTTP/1.1 client, on plain and TLS sockets: it does only what a gateway to a few known hosts needs,
 * without an object, a closure or a timer per request that is not needed. Redirects are never followed and no
 * compression is asked for. Same contract and same errors as the undici client, which is its oracle in tests.
 */
export function createHttp1Client(options: UpstreamClientOptions = {}): UpstreamClient {
  const poolOptions = {
    maxConnections: options.maxConnections ?? 8_192,
    keepAliveMs: options.keepAliveMs ?? 55_000,
    maxHeaderBytes: options.maxHeaderBytes ?? 32 * 1024,
  };
  const opener = new SocketOpener(createLookup(options.lookup));
  const wheel = new TimerWheel();
  /** Only origins with an open connection: locations are chosen by callers, so the list must not grow. */
  const pools = new Map<string, Http1Pool>();
  let active = 0;
  let onAllEnded: (() => void) | undefined;
  let closed: Promise<void> | undefined;

  function poolFor(origin: string): Http1Pool {
    let pool = pools.get(origin);
    if (pool === undefined) {
      const created = new Http1Pool(origin, opener, wheel, poolOptions, () => {
        if (pools.get(origin) === created) pools.delete(origin);
      });
      pool = created;
      pools.set(origin, pool);
    }
    return pool;
  }

  function closeIdle(): void {
    for (const pool of pools.values()) pool.closeIdle();
  }

  function ended(): void {
    active -= 1;
    if (closed === undefined) return;
    closeIdle();
    if (active === 0) onAllEnded?.();
  }

  return {
    send(request: UpstreamRequest, receiver: UpstreamReceiver): UpstreamCall {
      if (closed !== undefined) {
        throw new GatewayError(
          { kind: "unavailable" },
          "The gateway is shutting down. Send the request again.",
        );
      }
      const exchange = new Http1Exchange(request, receiver, poolFor(request.origin), ended);
      active += 1;
      exchange.start(request);
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
        closeIdle();
        if (active === 0) resolve();
      });
      return closed;
    },
  };
}
