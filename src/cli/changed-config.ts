import { describeProblem, type LoadedConfig } from "../config/config.ts";
import type { RequestLog } from "../observe/request-log.ts";

/** Says that a changed configuration is in force, what should be better in it, and what of it has to wait. */
export function reportChange(
  changed: LoadedConfig,
  atStart: LoadedConfig,
  { log }: Pick<RequestLog, "log">,
): void {
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
