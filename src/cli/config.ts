import { existsSync } from "node:fs";
import { Command } from "commander";
import {
  type Config,
  ConfigError,
  configJsonSchema,
  configPath,
  describeChange,
  describeProblem,
  diffConfigs,
  type LoadedConfig,
  loadConfig,
  masked,
  printConfig,
  readConfig,
} from "../config/config.ts";
import { SettingsError } from "../settings.ts";
import { runningConfig } from "./running-config.ts";
import { inert, print, printError } from "./terminal.ts";

/** Where `pollux init` writes, and these commands look when no file is named. `pollux serve` wants it named. */
export const DEFAULT_FILE = "pollux.yaml";

export function configCommand(): Command {
  const command = new Command("config")
    .description("Check, show and compare configurations.")
    .addCommand(validateCommand())
    .addCommand(printCommand())
    .addCommand(diffCommand())
    .addCommand(schemaCommand())
    .addHelpText(
      "after",
      `
The file is the one named, else POLLUX_CONFIG, else ${DEFAULT_FILE} in this folder.

Examples:
  pollux config validate
  pollux config print --origin
  pollux config diff next.yaml
  pollux config schema > pollux.schema.json`,
    );
  for (const inner of command.commands) inner.exitOverride().showSuggestionAfterError();
  return command;
}

function validateCommand(): Command {
  return new Command("validate")
    .description("Check a configuration file, with the variables and files it refers to.")
    .argument("[file]", "the file")
    .option("--json", "print JSON")
    .addHelpText(
      "after",
      `
Exit code: 0 the file is good, 1 it is not, 2 it cannot be read or a flag or variable is wrong.

Examples:
  pollux config validate
  pollux config validate deploy/pollux.yaml --json`,
    )
    .action((file: string | undefined, flags: { json?: boolean }) => validate(file, flags.json === true));
}

function validate(given: string | undefined, json: boolean): void {
  const file = existingFile(given);
  if (file === undefined) {
    throw new SettingsError(
      "file",
      `there is no ${DEFAULT_FILE} here and POLLUX_CONFIG is not set; name a file, or let \`pollux init\` write one.`,
    );
  }
  try {
    const loaded = loadConfig(file, process.env);
    const warnings = loaded.warnings.map(describeProblem);
    if (json) print(JSON.stringify({ valid: true, problems: [], warnings }, null, 2));
    else {
      for (const warning of warnings) printError(`warning: ${warning}`);
      print(summary(file, loaded));
    }
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const problems = error.problems.map(describeProblem);
    if (json) print(JSON.stringify({ valid: false, problems, warnings: [] }, null, 2));
    else for (const problem of problems) printError(problem);
    process.exitCode = error.unreadable ? 2 : 1;
  }
}

function summary(file: string, { config, reason }: LoadedConfig): string {
  const names = Object.keys(config.upstreams);
  const why = reason === file ? "" : ` (${reason})`;
  const counts = [
    count(names.length, "upstream"),
    count(Object.keys(config.models).length, "alias", "aliases"),
    count(config.routes.length, "route"),
  ];
  return `${file} is valid: ${counts.join(", ")}; the default upstream is ${names[0]}${why}.`;
}

function count(number: number, one: string, many = `${one}s`): string {
  return `${number} ${number === 1 ? one : many}`;
}

function printCommand(): Command {
  return new Command("print")
    .description("Show the configuration that counts, secrets masked: flags, environment, file, defaults.")
    .argument("[file]", "the file")
    .option("--origin", "say where each value comes from")
    .option("--json", "print JSON")
    .addHelpText(
      "after",
      `
Examples:
  pollux config print
  pollux config print pollux.yaml --origin
  PORT=8080 pollux config print --origin`,
    )
    .action((file: string | undefined, flags: { origin?: boolean; json?: boolean }) => {
      const loaded = readConfig(process.env, {}, existingFile(file));
      if (flags.json === true) print(JSON.stringify(masked(loaded.config), null, 2));
      else process.stdout.write(inert(printConfig(loaded, { origin: flags.origin === true })));
    });
}

function diffCommand(): Command {
  return new Command("diff")
    .description("Show what would change if another file became the configuration.")
    .argument("<file>", "the file that would come")
    .option("--config <file>", "the file that is there now (POLLUX_CONFIG)")
    .option("--running <url>", "compare with the gateway that runs there, instead of a file")
    .option("--key <key>", "an admin key of that gateway (POLLUX_ADMIN_KEY)")
    .option("--json", "print JSON")
    .addHelpText(
      "after",
      `
Exit code: 0 nothing would change, 1 something would, 2 one of the two cannot be read.
A running gateway tells no secrets, so changes of secrets are not seen there.

Examples:
  pollux config diff next.yaml
  pollux config diff next.yaml --config pollux.yaml
  pollux config diff next.yaml --running http://127.0.0.1:4364`,
    )
    .action((file: string, flags: DiffFlags) => diff(file, flags));
}

interface DiffFlags {
  config?: string;
  running?: string;
  key?: string;
  json?: boolean;
}

async function diff(file: string, flags: DiffFlags): Promise<void> {
  const after: Config = loadConfig(file, process.env).config;
  const changes =
    flags.running === undefined
      ? diffConfigs(readConfig(process.env, {}, existingFile(flags.config)).config, after)
      : diffConfigs(
          await runningConfig(flags.running, flags.key ?? process.env.POLLUX_ADMIN_KEY),
          // As that gateway tells it, so that equal secrets are equal.
          masked(after),
        );
  if (flags.json === true) print(JSON.stringify(changes, null, 2));
  else print(changes.length === 0 ? "Nothing would change." : changes.map(describeChange).join("\n"));
  process.exitCode = changes.length === 0 ? 0 : 1;
}

function schemaCommand(): Command {
  return new Command("schema")
    .description("Print the JSON Schema of the configuration, for editors.")
    .addHelpText(
      "after",
      `
Examples:
  pollux config schema > pollux.schema.json

Editors with the YAML language server use it when the file begins with
  # yaml-language-server: $schema=./pollux.schema.json`,
    )
    .action(() => print(JSON.stringify(configJsonSchema(), null, 2)));
}

/** The file named, else `POLLUX_CONFIG`, else the usual one where it is there. */
export function existingFile(given: string | undefined): string | undefined {
  return configPath(process.env, given) ?? (existsSync(DEFAULT_FILE) ? DEFAULT_FILE : undefined);
}
