/** `import … from "pollux/server"`: the gateway on a port. */
import { composeGateway, type ComposedGateway, type ComposeOptions } from "./compose.ts";
import { authStatuses } from "./gateway/auth-statuses.ts";
import type { Gateway } from "./gateway/gateway.ts";
import { LoadWatch } from "./gateway/load-watch.ts";
import { IdleMemory } from "./gateway/idle-memory.ts";
import { giveMemoryBack, type ProcessLoad, residentNow, watchProcess } from "./gateway/process-load.ts";
import { routingState } from "./gateway/routing-state.ts";
import type { SiblingAnswers, SiblingQuestion, Siblings } from "./gateway/siblings.ts";
import { YoungSpace } from "./gateway/young-space.ts";
import { createApp } from "./server/app.ts";
import { drain } from "./server/drain.ts";
import { type Config, type ConfigFlags, type LoadedConfig, readConfig } from "./config/config.ts";
import { mergedPage } from "./observe/merged-metrics.ts";
import { Metrics } from "./observe/metrics.ts";
import { type Observer, observers } from "./observe/observer.ts";
import { SpanExport } from "./observe/span-export.ts";
import { type MetricsServer, serveMetrics } from "./server/metrics-server.ts";
import { checkListen } from "./settings.ts";

export { readConfig, type Config, type ConfigFlags, type LoadedConfig };

export interface RunningServer {
  /** Scheme, host and port it listens on. */
  url: string;
  /** Everyone who is told of what happens: the metrics, and the observer of the options. */
  observer: Observer;
  /** Where the metrics are, when they have a port of their own. */
  metricsUrl: string | undefined;
  composed: ComposedGateway;
  /**
   * Puts another configuration in force; its host and port do not count until the next start.
   * @throws SettingsError when it would let anyone in who can reach the address that is listened on.
   */
  apply(config: Config): Promise<void>;
  /** What a process that serves the same port wants to know of this one. */
  answer(question: SiblingQuestion): Promise<SiblingAnswers[SiblingQuestion]>;
  /**
   * Is not ready any more, stops accepting after `limits.preStopMs`, lets answers under way finish until the deadline,
   * frees everything.
   * @param hurry when it fires the answers are ended at once, each with an error
   */
  close(hurry?: AbortSignal): Promise<void>;
}

export interface ServeOptions extends Omit<ComposeOptions, "observer" | "metrics"> {
  /** Told beside the metrics; what it leaves out, it does not hear of. */
  observer?: Partial<Observer>;
  /** How long the port stays open once the server is closed, in milliseconds; default: as configured. */
  preStopMs?: number;
  /** How long answers under way may take after that, in milliseconds; default: as configured. */
  drainMs?: number;
  /** What load is shed by; by default that of this process. */
  processLoad?: ProcessLoad;
  /** The process is the gateway's and nobody else's: while nothing is asked of it, its memory is given back. */
  ownProcess?: boolean;
  /** For the metrics: lines that the caller's log had to drop. */
  droppedLogLines?: () => number;
}

/**
 * Serves until closed.
 * @throws SettingsError when the address can be reached from other machines and no access key is set.
 */
export async function serve(config: Config, options: ServeOptions): Promise<RunningServer> {
  const { server } = config;
  checkListen(server);
  const watched = watch(config, options);
  const { metrics, spans } = watched;
  const { siblings } = options;
  const page = siblings === undefined ? metrics : mergedPage(() => metricsOfAll(siblings));
  const composed = await composeGateway(config, {
    ...options,
    observer: watched.observer,
    ...(config.metrics.port === undefined ? { metrics: page } : {}),
  });
  metrics.live = {
    queued: () => composed.admission.queued,
    upstreamConnections: () => composed.upstreamConnections(),
    droppedLogLines: () => options.droppedLogLines?.() ?? 0,
    droppedSpans: () => spans?.dropped ?? 0,
  };
  const load = new LoadWatch({
    admission: composed.admission,
    process: options.processLoad ?? watchProcess(siblings?.count),
    limits: () => composed.current.limits,
    onStage: (stage) => watched.observer.shedStage(stage),
  });
  const idleMemory =
    options.ownProcess === true
      ? new IdleMemory({
          openRequests: composed.openRequests,
          residentBytes: residentNow,
          giveBack: giveMemoryBack,
        })
      : undefined;
  const youngSpace = options.ownProcess === true ? new YoungSpace() : undefined;
  const app = createApp(composed);
  let metricsServer: MetricsServer | undefined;
  try {
    await app.server.listen({ host: server.host, port: server.port });
    const { host: metricsHost, port: metricsPort } = config.metrics;
    // Of several processes, the one that started them serves it.
    if (metricsPort !== undefined && siblings === undefined) {
      metricsServer = await serveMetrics(page, { host: metricsHost, port: metricsPort });
    }
  } catch (error) {
    await app.close();
    load.close();
    idleMemory?.close();
    youngSpace?.close();
    await composed.close();
    throw error;
  }
  const port = app.server.address?.port ?? server.port;
  const host = server.host.includes(":") ? `[${server.host}]` : server.host;
  return {
    url: `http://${host}:${port}`,
    observer: watched.observer,
    metricsUrl: metricsServer?.url,
    composed,
    apply: async (next) => {
      checkListen({ host: server.host, apiKeys: next.server.apiKeys });
      try {
        await composed.apply(next);
      } catch (error) {
        watched.observer.configReloaded(false);
        throw error;
      }
      watched.observer.configReloaded(true);
    },
    answer: (question) => answerSibling(question, metrics, composed.current),
    close: async (hurry = new AbortController().signal) => {
      composed.drain();
      const { preStopMs, drainMs } = composed.current.limits;
      const times = { preStopMs: options.preStopMs ?? preStopMs, drainMs: options.drainMs ?? drainMs };
      await drain(app, composed.openRequests, times, hurry);
      load.close();
      idleMemory?.close();
      youngSpace?.close();
      await composed.close();
      await spans?.close(SPANS_FAREWELL_MS);
      await metricsServer?.close();
    },
  };
}

async function metricsOfAll(siblings: Siblings): Promise<SiblingAnswers["metrics"][]> {
  return (await siblings.ask("metrics")).map(({ answer }) => answer);
}

async function answerSibling(
  question: SiblingQuestion,
  metrics: Metrics,
  gateway: Gateway,
): Promise<SiblingAnswers[SiblingQuestion]> {
  switch (question) {
    case "metrics":
      return metrics.snapshot(gateway.siblings?.worker ?? 1);
    case "adminAuth":
      return authStatuses(gateway);
    case "adminRouting":
      return routingState(gateway);
    default:
      return question satisfies never;
  }
}

/** For the last spans to reach their collector. */
const SPANS_FAREWELL_MS = 500;

/** Whoever is told of requests: the metrics, the spans where they are wanted, the caller's own observer. */
function watch(
  config: Config,
  options: ServeOptions,
): { metrics: Metrics; spans: SpanExport | undefined; observer: Observer } {
  const metrics = new Metrics();
  const { endpoint, headers } = config.tracing;
  const spans =
    endpoint === undefined
      ? undefined
      : new SpanExport({ endpoint, headers, providerOf: (upstream) => providerOf(config, upstream) });
  const all: Partial<Observer>[] = [metrics];
  if (spans !== undefined) all.push(spans);
  if (options.observer !== undefined) all.push(options.observer);
  return { metrics, spans, observer: observers(all) };
}

/** `gen_ai.provider.name` of OpenTelemetry's GenAI conventions; undefined for servers that it has no name for. */
function providerOf({ upstreams }: Config, name: string): string | undefined {
  const kind = Object.hasOwn(upstreams, name) ? upstreams[name]?.kind : undefined;
  switch (kind) {
    case "vertex":
    case "vertex-endpoint":
    case "vertex-openapi":
    case "emulator":
      return "gcp.vertex_ai";
    case "gemini-api":
      return "gcp.gemini";
    default:
      return undefined;
  }
}
