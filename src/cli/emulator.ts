import { writeFile } from "node:fs/promises";
import { Command } from "commander";
import { startEmulator, type Emulator, type EmulatorOptions } from "../emulator/server.ts";
import { SettingsError } from "../settings.ts";
import { startFaultProxy, type Toxic } from "../toxics/fault-proxy.ts";
import { VERSION } from "../version.ts";
import { collectToxic, TOXIC_FLAG, TOXIC_SEED_FLAG, toxicHelp, wholeNumber } from "./toxic-flags.ts";

interface EmulatorFlags {
  host: string;
  port: number;
  script?: string;
  strictAuth?: boolean;
  apiKey?: string[];
  tokenLifetime: number;
  serviceAccount?: string;
  seed?: string;
  toxic?: Toxic[];
  toxicSeed: number;
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
    .option("--toxic <toxic>", TOXIC_FLAG, collectToxic)
    .option("--toxic-seed <number>", TOXIC_SEED_FLAG, wholeNumber, 0)
    .addHelpText(
      "after",
      `
${toxicHelp()}

Examples:
  pollux emulator
  pollux emulator --script answers.yaml
  pollux emulator --strict-auth --token-lifetime 60
  pollux emulator --strict-auth --service-account key.json
  pollux emulator --toxic latency:latency=200,jitter=50 --toxic slicer:average_size=1 --toxic-seed 7

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
  const { toxic: toxics = [] } = flags;
  // Behind toxics it has a port of its own that nobody is told.
  const emulator = await startEmulator(
    toxics.length === 0 ? options : { ...options, host: "127.0.0.1", port: 0 },
  );
  const closers = [() => emulator.close()];
  const close = async (): Promise<void> => {
    for (const one of closers.toReversed()) await one();
  };
  let { url } = emulator;
  try {
    if (toxics.length > 0) {
      const { host, port, toxicSeed: seed } = flags;
      const proxy = await startFaultProxy({ upstream: emulator.url, host, port, seed, toxics });
      closers.push(() => proxy.close());
      url = proxy.url;
    }
    if (flags.serviceAccount !== undefined) await writeServiceAccount(emulator, url, flags.serviceAccount);
  } catch (error) {
    await close();
    throw error;
  }
  console.log(
    `pollux ${VERSION} Gemini emulator is ready: ${url}\n\n` +
      `  curl ${url}/v1beta/models/gemini-3.5-flash:generateContent -H 'x-goog-api-key: any' ` +
      `-d '{"contents": [{"parts": [{"text": "Hello!"}]}]}'\n`,
  );
  await new Promise<void>((resolve) => {
    process.once("SIGINT", resolve);
    process.once("SIGTERM", resolve);
  });
  await close();
}

/** Never over a file that is there: it could be the key of a real account. */
async function writeServiceAccount(emulator: Emulator, url: string, file: string): Promise<void> {
  const account = JSON.stringify(await emulator.createServiceAccount(), null, 2);
  // Tokens are fetched by the way that everything goes.
  const key = `${account.replaceAll(emulator.url, url)}\n`;
  await writeFile(file, key, { mode: 0o600, flag: "wx" }).catch((error: NodeJS.ErrnoException) => {
    throw new SettingsError(
      "--service-account",
      error.code === "EEXIST"
        ? `${file} exists already; name a new file.`
        : `${file} cannot be written (${error.code ?? error.message}).`,
    );
  });
}
