import { Command } from "commander";
import {
  CASES_FOLDER,
  failureText,
  loadCases,
  runCases,
  sectionTable,
  startPollux,
  tally,
} from "../conform/conform.ts";
import { SettingsError } from "../settings.ts";
import { print } from "./terminal.ts";

interface ConformFlags {
  only?: string[];
  cases?: string;
}

export function conformCommand(): Command {
  return new Command("conform")
    .description("Hold a gateway to what OpenAI's clients depend on, case by case.")
    .option("--only <section...>", "only these: a section, or section/name")
    .option("--cases <folder>", "other cases than those of this package")
    .action((flags: ConformFlags) => run(flags));
}

async function run(flags: ConformFlags): Promise<void> {
  const cases = loadCases(flags.cases ?? CASES_FOLDER, flags.only);
  if (cases.length === 0) throw new SettingsError("--only", "no case is called that.");
  const gateway = startPollux();
  try {
    const results = await runCases(cases, gateway);
    for (const result of results) if (result.outcome === "failed") print(`${failureText(result)}\n`);
    print(sectionTable(results));
    process.exitCode = tally(results).failed === 0 ? 0 : 1;
  } finally {
    await gateway.close();
  }
}
