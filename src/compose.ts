/** A configuration to a gateway ready to be served, and to the next one when the configuration changes. */
import type { LookupFunction } from "node:net";
import { type Config, type LimitsConfig, secretsOf } from "./config/config.ts";
import { type Connected, type ConnectDeps, connectUpstream } from "./connect-upstream.ts";
import type { Emulator, EmulatorOptions } from "./emulator/server.ts";
import { Access } from "./gateway/access.ts";
import { Admission } from "./gateway/admission.ts";
import { FailedKeys } from "./gateway/failed-keys.ts";
import type { Gateway, GatewayHandle } from "./gateway/gateway.ts";
import { refusedUnderLoad } from "./gateway/load-refusal.ts";
import { memoryBytes } from "./gateway/process-load.ts";
import { KeepAlive } from "./gateway/keep-alive.ts";
import { shareOf } from "./gateway/limits-share.ts";
import { Probes } from "./gateway/probes.ts";
import { OpenRequests } from "./gateway/open-requests.ts";
import type { Siblings } from "./gateway/siblings.ts";
import type { MetricsPage } from "./observe/metrics.ts";
import { type Observer, SILENT_OBSERVER } from "./observe/observer.ts";
import { createRouteTable } from "./routing/route-table.ts";
import { Router } from "./routing/router.ts";
import type { Network } from "./media/fetch-media.ts";
import { MediaFetcher } from "./media/media-fetcher.ts";
import { MemorySignatureStore } from "./signatures/memory-signature-store.ts";
import type { SignatureStore } from "./signatures/signature-store.ts";
import type { UpstreamClient } from "./upstreams/upstream.ts";
import { loadUpstreamClient } from "./upstreams/upstream-client.ts";

export interface ComposedGateway extends GatewayHandle {
  /** The first embedded emulator, where there is one. */
  readonly emulator: Emulator | undefined;
  readonly openRequests: OpenRequests;
  readonly admission: Admission;
  /** Open connections to upstreams. */
  upstreamConnections(): number;
  /**
   * Puts another configuration in force, all of it or, when an upstream cannot be connected, nothing. Requests under
   * way finish under the one they began with; upstreams that did not change stay connected.
   */
  apply(config: Config): Promise<void>;
  /** No new requests are wanted; `readyz` says so. */
  drain(): void;
  /** Ends upstream connections and whatever runs in this process. */
  close(): Promise<void>;
}

export interface ComposeOptions {
  reportBug: Gateway["reportBug"];
  /** Told of what happens in this gateway; nobody, without it. */
  observer?: Observer;
  /** Served at `/metrics` to those who may. */
  metrics?: MetricsPage;
  now?: () => number;
  /** The processes that serve the same port; this one then takes its share of the limits. */
  siblings?: Siblings;
  /** Where tool calls are remembered; default: in this process. */
  signatures?: SignatureStore;
  /** For embedded emulators. */
  emulator?: EmulatorOptions;
  sharedEmulator?: ConnectDeps["sharedEmulator"];
  credentials?: ConnectDeps["credentials"];
  local?: ConnectDeps["local"];
  /** Where URLs of media are read; by default the public internet. */
  network?: Network;
  /** Asked for the addresses of upstream hosts; default: the system. */
  lookup?: LookupFunction;
  /** Gives what upstreams are called by, around the HTTP client that `open` makes or in place of it. */
  upstreamClient?: (open: () => Promise<UpstreamClient>) => Promise<UpstreamClient>;
}

/** @throws SettingsError when credentials are named and cannot be used. */
export async function composeGateway(config: Config, options: ComposeOptions): Promise<ComposedGateway> {
  const open = (): Promise<UpstreamClient> =>
    loadUpstreamClient(config.httpClient, {
      maxConnections: shareOf(config.limits, options.siblings?.count ?? 1).upstreamConnections,
      ...(options.lookup === undefined ? {} : { lookup: options.lookup }),
    });
  const client = await (options.upstreamClient?.(open) ?? open());
  const composed = new Composed(config, options, client);
  await composed.apply(config);
  return composed;
}

class Composed implements ComposedGateway {
  readonly openRequests = new OpenRequests();
  readonly admission: Admission;
  readonly #options: ComposeOptions;
  readonly #observer: Observer;
  readonly #failedKeys = new FailedKeys(() => performance.now(), Math.floor(Math.random() * 2 ** 32));
  readonly #client: UpstreamClient;
  #router: Router;
  #retryBudget: number;
  readonly #signatures: SignatureStore;
  /** How many processes serve. */
  readonly #processes: number;
  readonly #keepAlive = new KeepAlive();
  readonly #probes = new Probes(this);
  readonly #now: () => number;
  /** By name, with the configuration each was connected under. */
  #connected = new Map<string, { config: string; connected: Connected }>();
  #current: Gateway | undefined;
  #applying: Promise<void> = Promise.resolve();
  #draining = false;

  constructor(config: Config, options: ComposeOptions, client: UpstreamClient) {
    this.#options = options;
    this.#observer = options.observer ?? SILENT_OBSERVER;
    this.#processes = options.siblings?.count ?? 1;
    this.admission = new Admission(shareOf(config.limits, this.#processes), {
      observer: this.#observer,
      memoryBytes: memoryBytes(this.#processes),
      random: Math.random,
    });
    this.#now = options.now ?? Date.now;
    this.#client = client;
    this.#retryBudget = config.limits.retryBudget;
    this.#router = newRouter(this.#retryBudget);
    this.#signatures = options.signatures ?? new MemorySignatureStore({ now: this.#now });
  }

  get current(): Gateway {
    if (this.#current === undefined)
      throw new Error("the gateway is used before its configuration is in force");
    return this.#current;
  }

  get emulator(): Emulator | undefined {
    for (const { connected } of this.#connected.values()) {
      if (connected.emulator !== undefined) return connected.emulator;
    }
    return undefined;
  }

  apply(config: Config): Promise<void> {
    // One after the other: two changes in quick succession must not connect the same upstream twice.
    const turn = this.#applying.then(() => this.#apply(config));
    this.#applying = turn.catch(() => {});
    return turn;
  }

  upstreamConnections(): number {
    return this.#client.connections?.() ?? 0;
  }

  drain(): void {
    this.#draining = true;
  }

  async close(): Promise<void> {
    await this.#applying;
    this.#probes.every(0);
    await this.#client.close();
    for (const { connected } of this.#connected.values()) await connected.close?.();
  }

  async #apply(config: Config): Promise<void> {
    const next = await this.#connect(config);
    const before = this.#connected;
    this.#connected = next;
    this.#current = this.#gateway(config);
    this.admission.configure(this.#current.limits);
    this.#probes.every(config.limits.probeEveryMs);
    const left = [...before.values()].filter(({ connected }) => !isUsed(connected, next));
    // Requests of the old configuration may still be on their way to what it alone used.
    if (left.length > 0) {
      this.openRequests
        .whenNoneOlder()
        .then(async () => {
          for (const { connected } of left) await connected.close?.();
        })
        .catch((error: unknown) => this.#options.reportBug(error, "reload"));
    }
  }

  async #connect(config: Config): Promise<Map<string, { config: string; connected: Connected }>> {
    const next = new Map<string, { config: string; connected: Connected }>();
    const fresh: Connected[] = [];
    const { emulator, sharedEmulator, credentials, local } = this.#options;
    try {
      for (const [name, upstream] of Object.entries(config.upstreams)) {
        const text = JSON.stringify(upstream);
        const known = this.#connected.get(name);
        if (known?.config === text) {
          next.set(name, known);
          continue;
        }
        const connected = await connectUpstream(name, upstream, {
          client: this.#client,
          onTokenRefreshed: (succeeded) => this.#observer.tokenRefreshed(name, succeeded),
          ...(emulator === undefined ? {} : { emulator }),
          ...(sharedEmulator === undefined ? {} : { sharedEmulator }),
          ...(credentials === undefined ? {} : { credentials }),
          ...(local === undefined ? {} : { local }),
        });
        fresh.push(connected);
        next.set(name, { config: text, connected });
      }
    } catch (error) {
      for (const connected of fresh) await connected.close?.();
      throw error;
    }
    return next;
  }

  #gateway(config: Config): Gateway {
    const limits = shareOf(config.limits, this.#processes);
    if (limits.retryBudget !== this.#retryBudget) {
      this.#retryBudget = limits.retryBudget;
      this.#router = newRouter(this.#retryBudget);
    }
    return {
      config,
      secrets: secretsOf(config),
      access: new Access(config.server, (address) => this.#slowDown(address, limits)),
      upstreams: new Map([...this.#connected].map(([name, { connected }]) => [name, connected.upstream])),
      routes: createRouteTable(config),
      router: this.#router,
      signatures: this.#signatures,
      media: new MediaFetcher(config.media, limits.maxInlineMediaBytes, this.#options.network),
      keepAlive: this.#keepAlive,
      openRequests: this.openRequests,
      admission: this.admission,
      timeouts: limits.timeouts,
      limits,
      reasoningFormat: "reasoning_content",
      draining: () => this.#draining,
      closing: () => this.#draining || this.admission.stage !== "none",
      now: this.#now,
      observer: this.#observer,
      metrics: this.#options.metrics,
      siblings: this.#options.siblings,
      reportBug: this.#options.reportBug,
    };
  }

  /** @throws GatewayError when more wrong keys came from this address than are looked at */
  #slowDown(address: string, { failedKeysPerSecond }: LimitsConfig): void {
    if (!this.#failedKeys.add(address, failedKeysPerSecond)) return;
    this.#observer.shed("failed_keys");
    throw refusedUnderLoad(
      {
        code: "failed_key_limit",
        shed: "failed_keys",
        message: `More than ${failedKeysPerSecond} requests a second without a valid access key came from this address.`,
      },
      Math.random(),
    );
  }
}

function newRouter(retryBudgetRatio: number): Router {
  return new Router({ now: () => performance.now(), random: Math.random, retryBudgetRatio });
}

function isUsed(connected: Connected, next: ReadonlyMap<string, { connected: Connected }>): boolean {
  for (const other of next.values()) if (other.connected === connected) return true;
  return false;
}
