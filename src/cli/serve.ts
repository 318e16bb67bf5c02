import { Command } from "commander";
import { type Logger, pino } from "pino";
import {
  type ConfigFlags,
  describeProblem,
  type LoadedConfig,
  readConfig,
  watchConfig,
} from "../config/config.ts";
import { defaultUpstream } from "../gateway/routing-choice.ts";
import { DEFAULT_DRAIN_MS, type RunningServer, serve } from "../serve.ts";
import { VERSION } from "../version.ts";
import { banner } from "./banner.ts";

/** For what comes after the deadline of the answers: farewells, upstream connections. */
const EXIT_GRACE_MS = 1_500;

interface ServeFlags extends ConfigFlags {
  config?: string;
}

export function serveCommand(): Command {
  return new Command("serve")
    .description("Serve OpenAI's Chat Completions API for Gemini.")
    .option("--config <file>", "configuration file (POLLUX_CONFIG); without one the environment decides")
    .option("--host <host>", "address to listen on (HOST; default 127.0.0.1)")
    .option("--port <port>", "port to listen on, 0 for any free one (PORT; default 4364)")
    .option("--upstream <kind>", "emulator, vertex or gemini-api (POLLUX_UPSTREAM; default: by what is set)")
    .option("--project <project>", "Google Cloud project (GOOGLE_CLOUD_PROJECT)")
    .option("--location <location>", "Google Cloud location (GOOGLE_CLOUD_LOCATION; default global)")
    .option("--local <file>", "serve this GGUF model in this process (needs the package node-llama-cpp)")
    .option("--emulator-script <file>", "YAML or JSON rules for what the built-in emulator answers")
    .addHelpText(
      "after",
      `
Examples:
  pollux serve
  pollux serve --port 8080
  GOOGLE_CLOUD_PROJECT=my-project pollux serve --location us-central1
  POLLUX_API_KEYS=key1,key2 pollux serve --host 0.0.0.0
  pollux serve --config pollux.yaml
  pollux serve --local model.gguf`,
    )
    .action((flags: ServeFlags) => run(flags));
}

async function run(flags: ServeFlags): Promise<void> {
  const startedAt = performance.now();
  const loaded = readConfig(process.env, flags, flags.config);
  const log = pino({ base: null }, pino.destination(2));
  for (const warning of loaded.warnings) log.warn(describeProblem(warning));
  const server = await serve(loaded.config, {
    reportBug: (error, requestId) => log.error({ err: error, requestId }, "a bug in the gateway"),
    credentials: {
      onRefreshFailed: (error) =>
        log.warn({ err: error }, "the Google access token could not be renewed; it is tried again"),
    },
  });
  const { url, composed, close } = server;
  console.log(
    banner({
      url,
      version: VERSION,
      upstream: defaultUpstream(composed.current).at.description,
      reason: loaded.reason,
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
          onChange: (changed) => reload(changed, loaded, server, log),
          onError: (error) => log.error(`The configuration stays as it was: ${error.message}`),
        });
  await untilSignalled();
  watcher?.close();
  // Something may hold the process although the server is closed; unreferenced, this does not do so itself.
  setTimeout(() => process.exit(1), DEFAULT_DRAIN_MS + EXIT_GRACE_MS).unref();
  const { size } = composed.openRequests;
  if (size > 0) {
    console.error(
      `Stopping: ${size} ${size === 1 ? "answer has" : "answers have"} ${DEFAULT_DRAIN_MS / 1000} s to finish. A second signal stops at once.`,
    );
  }
  await close();
}

async function reload(
  changed: LoadedConfig,
  atStart: LoadedConfig,
  server: RunningServer,
  log: Logger,
): Promise<void> {
  await server.apply(changed.config);
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

/** A second signal ends the process at once, as nobody listens for it any more. */
function untilSignalled(): Promise<void> {
  return new Promise((resolve) => {
    const stop = (): void => {
      process.off("SIGINT", stop);
      process.off("SIGTERM", stop);
      resolve();
    };
    process.on("SIGINT", stop);
    process.on("SIGTERM", stop);
  });
}
