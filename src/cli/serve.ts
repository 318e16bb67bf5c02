import { Command } from "commander";
import {
  type Config,
  type ConfigFlags,
  describeProblem,
  type LoadedConfig,
  readConfig,
  watchConfig,
} from "../config/config.ts";
import { logSink } from "../observe/log-sink.ts";
import { RequestLog } from "../observe/request-log.ts";
import { defaultUpstream } from "../gateway/routing-choice.ts";
import { type RunningServer, serve } from "../serve.ts";
import type { TapeSession } from "../tapes/tape-session.ts";
import { VERSION } from "../version.ts";
import { banner } from "./banner.ts";
import { collectPattern, oneOf, REDACT_FLAG } from "./tape-flags.ts";
import { printError } from "./terminal.ts";

/** For what comes after the deadline of the answers: farewells, upstream connections. */
const EXIT_GRACE_MS = 1_500;

/** For the last lines of the log, where somebody reads them. */
const LOG_FAREWELL_MS = 500;

export interface ServeFlags extends ConfigFlags {
  config?: string;
}

interface ReplayFlags extends ServeFlags {
  replay?: string;
  replaySpeed: "true" | "fast";
  replayStrict?: boolean;
  redact?: RegExp[];
}

/** What every command that serves the gateway takes. */
export function serveFlags(command: Command): Command {
  return command
    .option("--config <file>", "configuration file (POLLUX_CONFIG); without one the environment decides")
    .option("--host <host>", "address to listen on (HOST; default 127.0.0.1)")
    .option("--port <port>", "port to listen on, 0 for any free one (PORT; default 4364)")
    .option("--upstream <kind>", "emulator, vertex or gemini-api (POLLUX_UPSTREAM; default: by what is set)")
    .option("--project <project>", "Google Cloud project (GOOGLE_CLOUD_PROJECT)")
    .option("--location <location>", "Google Cloud location (GOOGLE_CLOUD_LOCATION; default global)")
    .option("--local <file>", "serve this GGUF model in this process (needs the package node-llama-cpp)")
    .option("--emulator-script <file>", "YAML or JSON rules for what the built-in emulator answers");
}

export function serveCommand(): Command {
  return serveFlags(new Command("serve").description("Serve OpenAI's Chat Completions API for Gemini."))
    .option("--replay <tape>", "answer from a tape of `pollux record` in place of Google")
    .option(
      "--replay-speed <speed>",
      "true: as slow as it was; fast: at once",
      oneOf(["true", "fast"] as const),
      "fast",
    )
    .option("--replay-strict", "let each recording answer once, not the last of equal ones again")
    .option("--redact <pattern>", `with --replay: ${REDACT_FLAG}`, collectPattern)
    .addHelpText(
      "after",
      `
Examples:
  pollux serve
  pollux serve --port 8080
  GOOGLE_CLOUD_PROJECT=my-project pollux serve --location us-central1
  POLLUX_API_KEYS=key1,key2 pollux serve --host 0.0.0.0
  pollux serve --config pollux.yaml
  pollux serve --local model.gguf
  pollux serve --replay tape.jsonl`,
    )
    .action(async (flags: ReplayFlags) => runServe(flags, await replayOf(flags)));
}

async function replayOf({ replay, ...flags }: ReplayFlags): Promise<TapeSession | undefined> {
  if (replay === undefined) return undefined;
  const { startReplay } = await import("../tapes/tape-session.ts");
  return startReplay({
    tape: replay,
    speed: flags.replaySpeed,
    strict: flags.replayStrict === true,
    redact: flags.redact ?? [],
    project: flags.project ?? process.env["GOOGLE_CLOUD_PROJECT"],
    report: (lines) => lines.forEach(printError),
  });
}

/** Serves until it is told to stop, with a tape where there is one. */
export async function runServe(flags: ServeFlags, tape?: TapeSession): Promise<void> {
  const startedAt = performance.now();
  const loaded = readConfig(process.env, flags, flags.config);
  const sink = logSink(2);
  const requestLog = new RequestLog(sink, loaded.config.log);
  const { log } = requestLog;
  process.on("uncaughtException", (error) => {
    requestLog.crash(error);
    process.exit(1);
  });
  for (const warning of loaded.warnings) log.warn(describeProblem(warning));
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
  const watcher =
    loaded.file === undefined
      ? undefined
      : watchConfig(loaded.file, {
          env: process.env,
          flags,
          current: loaded,
          onChange: (changed) =>
            reload({ ...changed, config: configured(changed) }, loaded, server, requestLog),
          onError: (error) => {
            server.observer.configReloaded(false);
            log.error(`The configuration stays as it was: ${error.message}`);
          },
        });
  await signalled();
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
  const hurry = new AbortController();
  let again: NodeJS.Signals | undefined;
  void signalled().then((signal) => {
    again = signal;
    hurry.abort();
  });
  await close(hurry.signal);
  for (const line of tape?.close() ?? []) printError(line);
  await sink.flush(LOG_FAREWELL_MS);
  // As if it had not been caught: whoever waits for the process learns that it was cut short.
  if (again !== undefined) process.kill(process.pid, again);
  // A log that nobody reads would hold the process.
  else process.exit();
}

async function reload(
  changed: LoadedConfig,
  atStart: LoadedConfig,
  server: RunningServer,
  requestLog: RequestLog,
): Promise<void> {
  await server.apply(changed.config);
  requestLog.configure(changed.config.log);
  const { log } = requestLog;
  for (const warning of changed.warnings) log.warn(describeProblem(warning));
  const { host, port } = atStart.config.server;
  const wanted = changed.config.server;
  if (wanted.host !== host || wanted.port !== port) {
    log.warn(
      `server.host and server.port take effect at the next start; this one listens on ${host}:${port}`,
    );
  }
  log.info("The changed configuration is in force.");
}

/** The next signal to stop. One that comes while nobody waits for it ends the process at once. */
function signalled(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    const stop = (signal: NodeJS.Signals): void => {
      process.off("SIGINT", stop);
      process.off("SIGTERM", stop);
      resolve(signal);
    };
    process.on("SIGINT", stop);
    process.on("SIGTERM", stop);
  });
}
