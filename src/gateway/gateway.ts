/**
 * Everything one gateway is made of, under one configuration: it does not change, a new configuration makes a new one.
 * The HTTP server and the in-process `fetch` are shells around it.
 */
import type { Config, LimitsConfig } from "../config/config.ts";
import type { MetricsPage } from "../observe/metrics.ts";
import type { Observer } from "../observe/observer.ts";
import type { MediaFetcher } from "../media/media-fetcher.ts";
import type { SignatureStore } from "../signatures/signature-store.ts";
import type { ReasoningFormat } from "../translate/target.ts";
import type { RouteTable } from "../routing/route-table.ts";
import type { Router } from "../routing/router.ts";
import type { UpstreamTimeouts } from "../upstreams/upstream.ts";
import type { Access } from "./access.ts";
import type { Admission } from "./admission.ts";
import type { ConnectedUpstream } from "./connected-upstream.ts";
import type { KeepAlive } from "./keep-alive.ts";
import type { OpenRequests } from "./open-requests.ts";
import type { Siblings } from "./siblings.ts";

/** As configured: a request keeps those it began with. */
export type Limits = LimitsConfig;

export interface Gateway {
  /** What this gateway was made from; holds secrets. */
  config: Config;
  /** Those of the configuration, which nobody is to be told. */
  secrets: readonly string[];
  access: Access;
  /** By name, in the order of the configuration: the first is the default. */
  upstreams: ReadonlyMap<string, ConnectedUpstream>;
  routes: RouteTable;
  /** Outlives a change of configuration, unless the retry budget changes: what it learned about targets stays true. */
  router: Router;
  signatures: SignatureStore;
  /** Reads the URLs that Google is not to read. */
  media: MediaFetcher;
  keepAlive: KeepAlive;
  openRequests: OpenRequests;
  /** Who may begin, and when. It outlives a change of configuration. */
  admission: Admission;
  timeouts: UpstreamTimeouts;
  /** Of several processes, this one's share. */
  limits: Limits;
  reasoningFormat: ReasoningFormat;
  /** True once shutting down: no new requests are wanted. */
  draining: () => boolean;
  /** True when a connection is not to be kept after its answer: shutting down, or too much to do. */
  closing: () => boolean;
  /** Unix time in milliseconds. */
  now: () => number;
  /** Told of what happens; the same one under every configuration. */
  observer: Observer;
  /** For `GET /metrics`; undefined where they are not served with the rest. */
  metrics: MetricsPage | undefined;
  /** The processes that serve the same port; undefined: this is the only one. */
  siblings: Siblings | undefined;
  /** Bugs end up here; failures of callers and upstreams do not. */
  reportBug: (error: unknown, requestId: string) => void;
}

/** The gateway of the configuration in force. A request takes `current` once and keeps it to its end. */
export interface GatewayHandle {
  readonly current: Gateway;
}
