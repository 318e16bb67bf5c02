/** `pollux serve` as several processes: this one starts and stops them, and serves nothing itself. */
import { type Config, describeProblem, type LoadedConfig, watchConfig } from "../config/config.ts";
import { sharedLogSink } from "../observe/log-sink.ts";
import { RequestLog } from "../observe/request-log.ts";
import { VERSION } from "../version.ts";
import { checkShared } from "../workers/count.ts";
import { Primary } from "../workers/primary.ts";
import { banner } from "./banner.ts";
import { reportChange } from "./changed-config.ts";
import type { ServeFlags } from "./serve.ts";
import { EXIT_GRACE_MS, LOG_FAREWELL_MS, signalled } from "./stop-signal.ts";

/** Serves with `workers` processes until it is told to stop. */
export async function serveWorkers(
  flags: ServeFlags,
  loaded: LoadedConfig,
  startedAt: number,
  workers: number,
): Promise<void> {
  const sink = sharedLogSink(2);
  const requestLog = new RequestLog(sink, loaded.config.log);
  const { log } = requestLog;
  process.on("uncaughtException", (error) => {
    requestLog.crash(error);
    process.exit(1);
  });
  for (const warning of loaded.warnings) log.warn(describeProblem(warning));
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
  const watcher =
    loaded.file === undefined
      ? undefined
      : watchConfig(loaded.file, {
          env: process.env,
          flags,
          current: loaded,
          onChange: async (changed) => {
            checkShared(changed.config);
            await primary.reload(changed.config);
            ({ config } = changed);
            primary.reloaded(true);
            requestLog.configure(config.log);
            reportChange(changed, loaded, requestLog);
          },
          onError: (error) => {
            primary.reloaded(false);
            log.error(`The configuration stays as it was: ${error.message}`);
          },
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
  const hurry = new AbortController();
  let again: NodeJS.Signals | undefined;
  void signalled().then((signal) => {
    again = signal;
    hurry.abort();
  });
  await primary.drain(preStopMs, hurry.signal);
  await closeMetrics?.();
  await sink.flush(LOG_FAREWELL_MS);
  // As if it had not been caught: whoever waits for the process learns that it was cut short.
  if (again !== undefined) process.kill(process.pid, again);
  else process.exit();
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
