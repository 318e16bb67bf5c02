/** The command line, from the arguments to the exit code. */
import { inspect } from "node:util";
import { Command } from "commander";
import { VERSION } from "../version.ts";
import { printError } from "./terminal.ts";

/** By name, in the order of the help. Each is loaded when it is asked for: `serve` starts without the others. */
const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  serve: async () => (await import("./serve.ts")).serveCommand(),
  record: async () => (await import("./record.ts")).recordCommand(),
  emulator: async () => (await import("./emulator.ts")).emulatorCommand(),
  toxic: async () => (await import("./toxic.ts")).toxicCommand(),
  explain: async () => (await import("./explain.ts")).explainCommand(),
  models: async () => (await import("./models.ts")).modelsCommand(),
  init: async () => (await import("./init.ts")).initCommand(),
  config: async () => (await import("./config.ts")).configCommand(),
  auth: async () => (await import("./auth.ts")).authCommand(),
  doctor: async () => (await import("./doctor.ts")).doctorCommand(),
  conform: async () => (await import("./conform.ts")).conformCommand(),
};

/** What other commands start; the help is silent about it. */
const INNER_COMMANDS: typeof COMMANDS = {
  worker: async () => (await import("./worker.ts")).workerCommand(),
};

/** Errors that say all there is to say, by their names, so that nothing is loaded only to be compared with. */
const EXIT_CODES: Readonly<Record<string, number>> = {
  CaseError: 2,
  ConfigError: 2,
  SettingsError: 2,
  TapeError: 2,
  ToxicError: 2,
  GatewayError: 1,
  LocalModelError: 1,
  ScriptError: 1,
};

/** Resolves with the exit code, if the command does not end the process itself. */
export async function run(argv: readonly string[]): Promise<number | undefined> {
  // `pollux models | head` ends well, and a gateway goes on without whoever read what it says.
  for (const stream of [process.stdout, process.stderr]) stream.on("error", unlessNobodyReads);
  try {
    const program = await programFor(argv[2]);
    await program.parseAsync(argv);
    return undefined;
  } catch (error) {
    return report(error);
  }
}

function unlessNobodyReads(error: NodeJS.ErrnoException): void {
  if (error.code !== "EPIPE") throw error;
}

/** With every command, for help and for what is none; for a command, with that one. */
async function programFor(word: string | undefined): Promise<Command> {
  const all = { ...COMMANDS, ...INNER_COMMANDS };
  const wanted = word !== undefined && Object.hasOwn(all, word) ? [word] : Object.keys(COMMANDS);
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
    );
  for (const name of wanted) {
    const command = await all[name]!();
    // Subcommands made elsewhere do not inherit this.
    program.addCommand(command.exitOverride().showSuggestionAfterError());
  }
  return program;
}

/** 0 for help and version, 2 for a wrong command line or setting, 1 for everything else. */
function report(error: unknown): number {
  if (!(error instanceof Error)) {
    printError(inspect(error));
    return 1;
  }
  if (error.name === "CommanderError" && "exitCode" in error) return error.exitCode === 0 ? 0 : 2;
  if (Object.hasOwn(EXIT_CODES, error.name)) {
    for (const line of error.message.split("\n")) printError(`error: ${line}`);
    return EXIT_CODES[error.name]!;
  }
  if ("code" in error && error.code === "EADDRINUSE") {
    printError(`error: ${error.message}. Another process has the port: choose one with --port.`);
    return 1;
  }
  printError(inspect(error));
  return 1;
}
