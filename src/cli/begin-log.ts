import { describeProblem, type LoadedConfig } from "../config/config.ts";
import type { LogSink } from "../observe/log-sink.ts";
import { RequestLog } from "../observe/request-log.ts";

/** The log of a process that serves: first what should be better in its configuration, last what it crashed of. */
export function beginLog(sink: LogSink, { config, warnings }: LoadedConfig): RequestLog {
  const requestLog = new RequestLog(sink, config.log);
  process.on("uncaughtException", (error) => {
    requestLog.crash(error);
    process.exit(1);
  });
  for (const warning of warnings) requestLog.log.warn(describeProblem(warning));
  return requestLog;
}
