/** A TCP proxy that does to connections what networks do, on purpose and repeatably. */
import { createServer, type AddressInfo, type Server } from "node:net";
import { FaultyConnection } from "./faulty-connection.ts";
import { checkToxic, ToxicError, type CheckedToxic, type Toxic } from "./toxic.ts";

export { ToxicError, TOXIC_ATTRIBUTES, type Toxic, type ToxicStream, type ToxicType } from "./toxic.ts";

export interface FaultProxyOptions {
  /** `http://host:port`, `https://host`, or `host:port`. TLS is passed through, not ended here. */
  upstream: string;
  /** Address to listen on. Default 127.0.0.1. */
  host?: string;
  /** 0, the default, takes any free one. */
  port?: number;
  /** Decides which connections a toxicity below 1 falls on, jitter and slices. Default 0. */
  seed?: number;
  toxics?: readonly Toxic[];
}

export interface FaultProxy {
  /** `scheme://host:port`, no slash at the end; the scheme is the upstream's, `http` when it was not given. */
  readonly url: string;
  readonly port: number;
  /** Connections of clients that are open now. */
  readonly connections: number;
  /**
   * Puts a toxic on connections to come and on those that are open, behind those that they have; returns its name.
   * @throws ToxicError when it is wrong or its name is taken
   */
  add(toxic: Toxic): string;
  /**
   * Takes it off all connections. What it held back goes through at once; a connection that it made lose data is closed.
   * @throws ToxicError when there is none of that name
   */
  remove(name: string): void;
  /** Removes all. */
  clear(): void;
  /** Stops listening and drops all connections. */
  close(): Promise<void>;
}

/**
 * Starts a fault proxy.
 *
 * Each direction of a connection passes its toxics in the order they were added, honours backpressure and half-close,
 * and holds back at most a megabyte and what one read brought.
 * @throws ToxicError for a wrong toxic or upstream; the listen error when the port is taken
 */
export async function startFaultProxy(options: FaultProxyOptions): Promise<FaultProxy> {
  const upstream = upstreamOf(options.upstream);
  const toxics = new Map<string, CheckedToxic>();
  for (const toxic of options.toxics ?? []) take(toxics, toxic);
  const open = new Set<FaultyConnection>();
  let accepted = 0;
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    const connection = new FaultyConnection(client, upstream, options.seed ?? 0, accepted, () =>
      open.delete(connection),
    );
    accepted += 1;
    open.add(connection);
    for (const toxic of toxics.values()) connection.attach(toxic);
    connection.start();
  });
  const host = options.host ?? "127.0.0.1";
  await listen(server, host, options.port ?? 0);
  const { port } = server.address() as AddressInfo;

  function remove(name: string): void {
    if (!toxics.delete(name)) {
      const names = [...toxics.keys()].join(", ");
      throw new ToxicError(
        `There is no toxic named "${name}" here. ${names === "" ? "There are none." : `There are: ${names}.`}`,
      );
    }
    for (const connection of open) connection.detach(name);
  }

  return {
    url: `${upstream.scheme}://${host.includes(":") ? `[${host}]` : host}:${port}`,
    port,
    get connections() {
      return open.size;
    },
    add(toxic) {
      const checked = take(toxics, toxic);
      for (const connection of open) connection.attach(checked);
      return checked.name;
    },
    remove,
    clear() {
      for (const name of toxics.keys()) remove(name);
    },
    close: () =>
      new Promise((resolve, reject) => {
        server.close((error) => (error === undefined ? resolve() : reject(error)));
        for (const connection of open) connection.destroy();
      }),
  };
}

function take(toxics: Map<string, CheckedToxic>, toxic: Toxic): CheckedToxic {
  const checked = checkToxic(toxic);
  if (toxics.has(checked.name)) {
    throw new ToxicError(`There is a toxic named "${checked.name}" already. Give this one another name.`);
  }
  toxics.set(checked.name, checked);
  return checked;
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      server.off("error", reject);
      // An accept that fails, as when descriptors run out, concerns that client alone.
      server.on("error", () => {});
      resolve();
    });
  });
}

function upstreamOf(text: string): { scheme: string; host: string; port: number } {
  const full = /^https?:\/\//.test(text) ? text : `http://${text}`;
  const url = URL.canParse(full) ? new URL(full) : undefined;
  const scheme = url?.protocol.slice(0, -1) ?? "http";
  const port = url === undefined ? 0 : Number(url.port || (scheme === "https" ? 443 : 80));
  if (url === undefined || url.hostname === "" || port === 0) {
    throw new ToxicError(`The upstream "${text}" is no address. Write host:port or http://host:port.`);
  }
  return { scheme, host: url.hostname.replace(/^\[|\]$/g, ""), port };
}
