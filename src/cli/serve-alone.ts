/** `pollux serve` as one process. */
import type { Config, LoadedConfig } from "../config/config.ts";
import { defaultUpstream } from "../gateway/routing-choice.ts";
import { logSink } from "../observe/log-sink.ts";
import { serve } from "../serve.ts";
import type { TapeSession } from "../tapes/tape-session.ts";
import { VERSION } from "../version.ts";
import { banner } from "./banner.ts";
import { beginLog } from "./begin-log.ts";
import { watchChanges } from "./changed-config.ts";
import type { ServeFlags } from "./serve.ts";
import { EXIT_GRACE_MS, hurrying, LOG_FAREWELL_MS, signalled } from "./stop-signal.ts";
import { printError } from "./terminal.ts";

/** Serves until it is told to stop, with a tape where there is one. */
export async function serveAlone(
  flags: ServeFlags,
  loaded: LoadedConfig,
  startedAt: number,
  tape: TapeSession | undefined,
): Promise<void> {
  const sink = logSink(2);
  const requestLog = beginLog(sink, loaded);
  const { log } = requestLog;
  const configured = ({ config, file }: LoadedConfig): Config =>
    tape === undefined ? config : tape.configure(config, file !== undefined);
  const server = await serve(configured(loaded), {
    ...(tape === undefined ? {} : { upstreamClient: (open) => tape.client(open) }),
    ownProcess: true,
    observer: requestLog,
    droppedLogLines: () => sink.dropped,
    reportBug: (error, requestId) => requestLog.bug(error, requestId),
    credentials: { onRefreshFailed: (error) => requestLog.tokenNotRenewed(error) },
  });
  const { url, composed, close } = server;
  // Whoever has read that it is ready may stop it.
  const stopped = signalled();
  console.log(
    banner({
      url,
      version: VERSION,
      upstream: tape?.answers ?? defaultUpstream(composed.current).at.description,
      reason: tape?.answers === undefined ? loaded.reason : "--replay names it",
      emulated: composed.emulator !== undefined,
      needsKey: loaded.config.server.apiKeys.length > 0,
      readyMs: performance.now() - startedAt,
    }),
  );
  const watcher = watchChanges(flags, loaded, requestLog, {
    apply: async (changed) => {
      const config = configured(changed);
      await server.apply(config);
      return config;
    },
    refused: () => server.observer.configReloaded(false),
  });
  await stopped;
  watcher?.close();
  const { preStopMs, drainMs } = composed.current.limits;
  // Something may hold the process although the server is closed; unreferenced, this does not do so itself.
  setTimeout(() => process.exit(1), preStopMs + drainMs + EXIT_GRACE_MS).unref();
  const { size } = composed.openRequests;
  if (size > 0) {
    log.info(
      `Stopping: ${size} ${size === 1 ? "answer has" : "answers have"} ${(preStopMs + drainMs) / 1000} s to finish. A second signal ends them at once.`,
    );
  }
  const hurry = hurrying();
  await close(hurry.signal);
  for (const line of tape?.close() ?? []) printError(line);
  await sink.flush(LOG_FAREWELL_MS);
  hurry.end();
}
