#!/usr/bin/env node
import { inspect } from "node:util";
import { Command, CommanderError } from "commander";
import { ScriptError } from "../emulator/server.ts";
import { GatewayError } from "../errors.ts";
import { SettingsError } from "../settings.ts";
import { ToxicError } from "../toxics/fault-proxy.ts";
import { LocalModelError } from "../upstreams/local/local-model-error.ts";
import { VERSION } from "../version.ts";
import { ConfigError } from "../config/config.ts";
import { CaseError } from "../conform/conform.ts";
import { authCommand } from "./auth.ts";
import { configCommand } from "./config.ts";
import { conformCommand } from "./conform.ts";
import { doctorCommand } from "./doctor.ts";
import { emulatorCommand } from "./emulator.ts";
import { explainCommand } from "./explain.ts";
import { initCommand } from "./init.ts";
import { modelsCommand } from "./models.ts";
import { serveCommand } from "./serve.ts";
import { toxicCommand } from "./toxic.ts";
import { printError } from "./terminal.ts";

const program = new Command("pollux")
  .description(
    "OpenAI's API, exactly, for Google Gemini on Vertex AI, the Gemini API and self-deployed models.",
  )
  .version(`pollux ${VERSION} (node ${process.versions.node})`, "-V, --version")
  .showSuggestionAfterError()
  .exitOverride()
  .configureHelp({ sortSubcommands: false })
  .addHelpText(
    "after",
    `
Examples:
  pollux serve                        offline, answered by the built-in emulator
  GEMINI_API_KEY=… pollux serve       the Gemini API
  GOOGLE_CLOUD_PROJECT=… pollux serve Vertex AI, with application default credentials
  pollux explain request.json         what would be sent to Gemini, and why
  pollux models                       the models and their limits
  pollux init                         write pollux.yaml from what is found on this machine
  pollux config validate              whether pollux.yaml is good, and if not, where
  pollux auth status                  whose credentials are used, and for how long
  pollux doctor                       whether a gateway would work here, and what to do where not`,
  )
  .addCommand(serveCommand())
  .addCommand(emulatorCommand())
  .addCommand(toxicCommand())
  .addCommand(explainCommand())
  .addCommand(modelsCommand())
  .addCommand(initCommand())
  .addCommand(configCommand())
  .addCommand(authCommand())
  .addCommand(doctorCommand())
  .addCommand(conformCommand());

// Subcommands made elsewhere do not inherit this.
for (const command of program.commands) command.exitOverride().showSuggestionAfterError();

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = report(error);
}

/** 0 for help and version, 2 for a wrong command line or setting, 1 for everything else. */
function report(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  if (error instanceof ConfigError || error instanceof CaseError) {
    for (const line of error.message.split("\n")) printError(`error: ${line}`);
    return 2;
  }
  if (error instanceof SettingsError || error instanceof ToxicError) {
    printError(`error: ${error.message}`);
    return 2;
  }
  if (error instanceof GatewayError || error instanceof LocalModelError || error instanceof ScriptError) {
    printError(`error: ${error.message}`);
    return 1;
  }
  if (error instanceof Error && "code" in error && error.code === "EADDRINUSE") {
    printError(`error: ${error.message}. Another process has the port: choose one with --port.`);
    return 1;
  }
  printError(inspect(error));
  return 1;
}
