import { Command } from "commander";
import { type ConfigFlags, readConfig } from "../config/config.ts";
import type { TapeSession } from "../tapes/tape-session.ts";
import { workersOf } from "../workers/count.ts";
import { collectPattern, oneOf, REDACT_FLAG } from "./tape-flags.ts";
import { printError } from "./terminal.ts";

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
    .option(
      "--workers <count>",
      "processes that serve the port, or auto: one a core (POLLUX_WORKERS; default 1)",
    )
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
  pollux serve --workers auto
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
  const workers = workersOf(loaded.config, tape !== undefined);
  if (workers === 1) {
    const { serveAlone } = await import("./serve-alone.ts");
    await serveAlone(flags, loaded, startedAt, tape);
  } else {
    const { serveWorkers } = await import("./serve-workers.ts");
    await serveWorkers(flags, loaded, startedAt, workers);
  }
}
