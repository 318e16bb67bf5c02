import { writeFileSync } from "node:fs";
import {
  type Answerer,
  driftText,
  emulatedGoogle,
  type GoogleFact,
  GOOGLE_FACTS_FOLDER,
  googleCalls,
  type GoogleResult,
  judgeAnswerer,
  loadGoogleFacts,
  realGoogle,
} from "../conform/conform.ts";
import { SettingsError } from "../settings.ts";
import type { ConformFlags } from "./conform-flags.ts";
import { print } from "./terminal.ts";

/** `pollux conform --emulator`: the exit code is 0 where enough facts hold, for each that was asked. */
export async function conformEmulator(flags: ConformFlags): Promise<void> {
  const facts = loadGoogleFacts(GOOGLE_FACTS_FOLDER).filter(
    ({ name }) => flags.only === undefined || flags.only.includes(name),
  );
  if (facts.length === 0) throw new SettingsError("--only", "there is no such fact about Google.");
  const google = flags.real === true ? await realGoogle(process.env) : undefined;
  const calls = google === undefined ? 0 : callsTo(google, facts);
  if (flags.dryRun === true) return print(`${facts.length} facts; calls to Google: ${calls}`);
  if (calls > flags.maxCalls) {
    throw new SettingsError(
      "--max-calls",
      `the facts take ${calls} calls to Google, more than ${flags.maxCalls}.`,
    );
  }
  const answerers = [await emulatedGoogle(), ...(google === undefined ? [] : [google])];
  const results = new Map<Answerer["name"], GoogleResult[]>();
  for (const answerer of answerers) {
    try {
      results.set(answerer.name, await judgeAnswerer(facts, answerer));
    } finally {
      await answerer.close();
    }
  }
  print(driftText(results));
  if (flags.json !== undefined)
    writeFileSync(flags.json, `${JSON.stringify(Object.fromEntries(results), null, 2)}\n`);
  const shares = [...results.values()].map(
    (all) => (100 * all.filter(({ violations }) => violations.length === 0).length) / all.length,
  );
  process.exitCode = shares.every((share) => share >= flags.threshold) ? 0 : 1;
}

/** @throws SettingsError where neither a key nor a project is in the environment */
function callsTo({ ask }: Answerer, facts: readonly GoogleFact[]): number {
  const surfaces = Object.keys(ask) as (keyof typeof ask)[];
  if (surfaces.length === 0) {
    throw new SettingsError(
      "--real",
      "set GEMINI_API_KEY, or GOOGLE_CLOUD_PROJECT with application default credentials.",
    );
  }
  return surfaces.reduce((sum, surface) => sum + googleCalls(facts, surface), 0);
}
