/** `pollux serve` as several processes: this one starts and stops them, and serves nothing itself. */
import type { Config, LoadedConfig } from "../config/config.ts";
import { sharedLogSink } from "../observe/log-sink.ts";
import { VERSION } from "../version.ts";
import { checkShared } from "../workers/count.ts";
import { Primary } from "../workers/primary.ts";
import { banner } from "./banner.ts";
import { beginLog } from "./begin-log.ts";
import { watchChanges } from "./changed-config.ts";
import type { ServeFlags } from "./serve.ts";
import { EXIT_GRACE_MS, hurrying, LOG_FAREWELL_MS, signalled } from "./stop-signal.ts";

/** Serves with `workers` processes until it is told to stop. */
export async function serveWorkers(
  flags: ServeFlags,
  loaded: LoadedConfig,
  startedAt: number,
  workers: number,
): Promise<void> {
  const sink = sharedLogSink(2);
  const requestLog = beginLog(sink, loaded);
  const { log } = requestLog;
  let { config } = loaded;
  const primary = new Primary({ count: workers, args: ["worker"], log });
  const serving = await primary.start(config);
  const closeMetrics = await serveMetricsOf(primary, config);
  // Whoever has read that it is ready may stop it.
  const stopped = signalled();
  console.log(
    banner({
      ...serving,
      version: VERSION,
      reason: loaded.reason,
      emulated: Object.values(config.upstreams).some(({ kind }) => kind === "emulator"),
      needsKey: config.server.apiKeys.length > 0,
      workers,
      readyMs: performance.now() - startedAt,
    }),
  );
  const watcher = watchChanges(flags, loaded, requestLog, {
    apply: async (changed) => {
      checkShared(changed.config);
      await primary.reload(changed.config);
      ({ config } = changed);
      primary.reloaded(true);
      return config;
    },
    refused: () => primary.reloaded(false),
  });
  await stopped;
  watcher?.close();
  const { preStopMs, drainMs } = config.limits;
  const giveUp = async (): Promise<void> => {
    await primary.kill();
    process.exit(1);
  };
  // Each worker ends in time by itself, unless something holds it.
  setTimeout(() => void giveUp(), preStopMs + drainMs + EXIT_GRACE_MS).unref();
  log.info(
    `Stopping: answers have ${(preStopMs + drainMs) / 1000} s to finish. A second signal ends them at once.`,
  );
  const hurry = hurrying();
  await primary.drain(preStopMs, hurry.signal);
  await closeMetrics?.();
  await sink.flush(LOG_FAREWELL_MS);
  hurry.end();
}

/** Where they have a port of their own. Resolves with what closes it. */
async function serveMetricsOf(primary: Primary, config: Config): Promise<(() => Promise<void>) | undefined> {
  const { host, port } = config.metrics;
  if (port === undefined) return undefined;
  const { mergedPage } = await import("../observe/merged-metrics.ts");
  const { serveMetrics } = await import("../server/metrics-server.ts");
  const page = mergedPage(() => primary.metrics());
  try {
    const server = await serveMetrics(page, { host, port });
    return () => server.close();
  } catch (error) {
    await primary.kill();
    throw error;
  }
}
