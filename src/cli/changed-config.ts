import { type Config, describeProblem, type LoadedConfig, watchConfig } from "../config/config.ts";
import type { RequestLog } from "../observe/request-log.ts";
import type { ServeFlags } from "./serve.ts";

/** What becomes of a changed configuration. */
export interface Changes {
  /** Puts it in force, and returns what then is. What it throws keeps it from being so. */
  apply: (changed: LoadedConfig) => Promise<Config>;
  /** Told when one was not. */
  refused: () => void;
}

/** Follows the file that was loaded, if one was. */
export function watchChanges(
  flags: ServeFlags,
  loaded: LoadedConfig,
  requestLog: Pick<RequestLog, "log" | "configure">,
  { apply, refused }: Changes,
): ReturnType<typeof watchConfig> | undefined {
  if (loaded.file === undefined) return undefined;
  return watchConfig(loaded.file, {
    env: process.env,
    flags,
    current: loaded,
    onChange: async (changed) => {
      const config = await apply(changed);
      requestLog.configure(config.log);
      reportChange({ ...changed, config }, loaded, requestLog);
    },
    onError: (error) => {
      refused();
      requestLog.log.error(`The configuration stays as it was: ${error.message}`);
    },
  });
}

/** Says that a changed configuration is in force, what should be better in it, and what of it has to wait. */
function reportChange(changed: LoadedConfig, atStart: LoadedConfig, { log }: Pick<RequestLog, "log">): void {
  for (const warning of changed.warnings) log.warn(describeProblem(warning));
  const { host, port, workers } = atStart.config.server;
  const wanted = changed.config.server;
  if (wanted.host !== host || wanted.port !== port) {
    log.warn(
      `server.host and server.port take effect at the next start; this one listens on ${host}:${port}`,
    );
  }
  if (wanted.workers !== workers) {
    log.warn(`server.workers takes effect at the next start; this one began with ${workers}`);
  }
  log.info("The changed configuration is in force.");
}
