import { writeFile } from "node:fs/promises";
import { Command, InvalidArgumentError } from "commander";
import { startEmulator, type Emulator, type EmulatorOptions } from "../emulator/server.ts";
import { SettingsError } from "../settings.ts";
import { VERSION } from "../version.ts";

interface EmulatorFlags {
  host: string;
  port: number;
  script?: string;
  strictAuth?: boolean;
  apiKey?: string[];
  tokenLifetime: number;
  serviceAccount?: string;
  seed?: string;
}

export function emulatorCommand(): Command {
  return new Command("emulator")
    .description(
      "Run the Gemini emulator by itself: native REST as on Vertex AI and the Gemini API, and Google sign-in.",
    )
    .option("--host <host>", "address to listen on", "127.0.0.1")
    .option("--port <port>", "port to listen on, 0 for any free one", wholeNumber, 4365)
    .option("--script <file>", "YAML or JSON file with rules for what to answer")
    .option("--strict-auth", "refuse tokens it did not issue, and keys not named by --api-key")
    .option("--api-key <key...>", "API keys that --strict-auth accepts")
    .option("--token-lifetime <seconds>", "life of the access tokens it issues", wholeNumber, 3600)
    .option(
      "--service-account <file>",
      "write the key file of a service account it knows; the file must be new",
    )
    .option("--seed <text>", "make ids repeat from run to run")
    .addHelpText(
      "after",
      `
Examples:
  pollux emulator
  pollux emulator --script answers.yaml
  pollux emulator --strict-auth --token-lifetime 60
  pollux emulator --strict-auth --service-account key.json

Point Google's own SDK at it:
  GOOGLE_GEMINI_BASE_URL=http://127.0.0.1:4365 GEMINI_API_KEY=any node app.js

Point a gateway at it:
  GOOGLE_GEMINI_BASE_URL=http://127.0.0.1:4365 GEMINI_API_KEY=any pollux serve`,
    )
    .action((flags: EmulatorFlags) => run(flags));
}

async function run(flags: EmulatorFlags): Promise<void> {
  const options: EmulatorOptions = {
    host: flags.host,
    port: flags.port,
    tokenLifetimeSeconds: flags.tokenLifetime,
    requireAuth: flags.strictAuth === true ? "strict" : "lenient",
  };
  if (flags.script !== undefined) options.script = flags.script;
  if (flags.apiKey !== undefined) options.apiKeys = flags.apiKey;
  if (flags.seed !== undefined) options.seed = flags.seed;
  const emulator = await startEmulator(options);
  if (flags.serviceAccount !== undefined) {
    try {
      await writeServiceAccount(emulator, flags.serviceAccount);
    } catch (error) {
      await emulator.close();
      throw error;
    }
  }
  console.log(
    `pollux ${VERSION} Gemini emulator is ready: ${emulator.url}\n\n` +
      `  curl ${emulator.url}/v1beta/models/gemini-3.5-flash:generateContent -H 'x-goog-api-key: any' ` +
      `-d '{"contents": [{"parts": [{"text": "Hello!"}]}]}'\n`,
  );
  await new Promise<void>((resolve) => {
    process.once("SIGINT", resolve);
    process.once("SIGTERM", resolve);
  });
  await emulator.close();
}

/** Never over a file that is there: it could be the key of a real account. */
async function writeServiceAccount(emulator: Emulator, file: string): Promise<void> {
  const key = `${JSON.stringify(await emulator.createServiceAccount(), null, 2)}\n`;
  await writeFile(file, key, { mode: 0o600, flag: "wx" }).catch((error: NodeJS.ErrnoException) => {
    throw new SettingsError(
      "--service-account",
      error.code === "EEXIST"
        ? `${file} exists already; name a new file.`
        : `${file} cannot be written (${error.code ?? error.message}).`,
    );
  });
}

function wholeNumber(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0) throw new InvalidArgumentError("It must be a whole number.");
  return value;
}
