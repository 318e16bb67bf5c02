import { writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { Command } from "commander";
import { gcloudLoginFile } from "../auth/google-credentials.ts";
import { configJsonSchema } from "../config/config.ts";
import { initialConfig, SCHEMA_FILE } from "../config/init.ts";
import { findLocalServers } from "../config/local-servers.ts";
import { describeSurroundings, lookAround } from "../config/surroundings.ts";
import { SettingsError } from "../settings.ts";
import { DEFAULT_FILE } from "./config.ts";
import { inert, print } from "./terminal.ts";

interface InitFlags {
  force?: boolean;
  print?: boolean;
  probe: boolean;
}

export function initCommand(): Command {
  return new Command("init")
    .description("Write a commented configuration file from what is found on this machine.")
    .argument("[file]", "the file to write", DEFAULT_FILE)
    .option("--force", "replace the file if it is there")
    .option("--print", "print the file instead of writing it")
    .option("--no-probe", "do not ask the usual local ports for servers")
    .addHelpText(
      "after",
      `
It looks at environment variables, Google's credential file, and the ports on this machine that Ollama, vLLM,
llama.cpp, LM Studio and TGI usually listen on. No key is written: the file refers to variables.

Examples:
  pollux init
  pollux init deploy/pollux.yaml --no-probe
  pollux init --print`,
    )
    .action((file: string, flags: InitFlags) => run(file, flags));
}

async function run(file: string, flags: InitFlags): Promise<void> {
  const { env } = process;
  const named = env.GOOGLE_APPLICATION_CREDENTIALS?.trim();
  const found = lookAround(
    env,
    named === undefined || named === "" ? gcloudLoginFile(env) : named,
    flags.probe ? await findLocalServers() : [],
  );
  const text = initialConfig(found);
  if (flags.print === true) {
    process.stdout.write(inert(text));
    return;
  }
  write(file, text, flags.force === true);
  const schema = join(dirname(file), SCHEMA_FILE);
  const schemaText = `${JSON.stringify(configJsonSchema(), null, 2)}\n`;
  const wroteSchema = writeNew(schema, schemaText, flags.force === true);
  const lines = describeSurroundings(found);
  print(
    [
      "Found:",
      ...(lines.length === 0
        ? ["  nothing: the file uses the built-in emulator"]
        : lines.map((line) => `  ${line}`)),
      "",
      `Wrote ${file}${wroteSchema ? `, and ${schema} for editors` : ""}.`,
      "",
      `  pollux config validate ${file}`,
      `  pollux serve --config ${file}`,
    ].join("\n"),
  );
}

function write(file: string, text: string, force: boolean): void {
  if (!writeNew(file, text, force)) {
    throw new SettingsError("file", `${file} is there already; give --force to replace it, or name another.`);
  }
}

/** False when the file is there and may not be replaced. */
function writeNew(file: string, text: string, force: boolean): boolean {
  try {
    writeFileSync(file, text, { flag: force ? "w" : "wx" });
    return true;
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "failed";
    if (code === "EEXIST") return false;
    throw new SettingsError("file", `${file} cannot be written (${code}).`);
  }
}
