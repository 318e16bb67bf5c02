import { Command, InvalidArgumentError, Option } from "commander";
import type { Surface } from "../conform/conform.ts";
import { wholeNumber } from "./toxic-flags.ts";

export interface ConformFlags {
  against?: string;
  key?: string;
  model?: string;
  header?: Record<string, string>;
  google?: number;
  surface?: Surface[];
  start: "pollux" | "portkey" | "litellm" | "bifrost";
  portkey?: string;
  litellm?: string;
  bifrost?: string;
  profile: "strict" | "basic";
  only?: string[];
  cases?: string;
  json?: string;
  html?: string;
  threshold: number;
  maxCalls: number;
  dryRun?: boolean;
  python?: string;
  hold?: string;
  emulator?: boolean;
  real?: boolean;
}

export const DEFAULT_MAX_CALLS = 200;

export function conformFlags(command: Command): Command {
  return command
    .option("--only <name...>", "only these cases: a section, or section/name")
    .addOption(
      new Option("--profile <profile>", "basic: what any client notices; strict: all")
        .choices(["strict", "basic"])
        .default("strict"),
    )
    .addOption(
      new Option("--start <gateway>", "which gateway to start and point at the scripted Google")
        .choices(["pollux", "portkey", "litellm", "bifrost"])
        .default("pollux"),
    )
    .option("--portkey <file>", "Portkey's build/start-server.js")
    .option("--litellm <file>", "LiteLLM's command")
    .option("--bifrost <file>", "a server on Bifrost's core: PORT and Google's address are its arguments")
    .option("--against <url>", "a gateway or endpoint that runs; without --google a real model answers")
    .option("--key <key>", "its access key (OPENAI_API_KEY)")
    .option("--model <model>", "the model to ask for; with --google {model} stands for Google's name of it")
    .option("--header <header...>", "`name: value` to send with each request to it", collectHeaders)
    .option(
      "--google <port>",
      "closed loop with --against: the scripted Google listens on this port",
      wholeNumber,
    )
    .option(
      "--surface <surface...>",
      "with --google: gemini-api, vertex, endpoint (default gemini-api)",
      collectSurfaces,
    )
    .option(
      "--max-calls <number>",
      "calls to a real model that the run may make at most",
      wholeNumber,
      DEFAULT_MAX_CALLS,
    )
    .option("--dry-run", "say what would be run, and how many calls that takes")
    .option("--python <file>", "a Python with the package openai, to try its SDK as well")
    .option("--json <file>", "write the results as JSON")
    .option("--html <file>", "write a report for people, one self-contained file")
    .option("--threshold <percent>", "share of exact cases from which on the exit code is 0", percentage, 100)
    .option("--cases <folder>", "other cases than those of this package")
    .option("--hold <case>", "start the gateway and Google for one case, print its curl, and wait")
    .option("--emulator", "hold the emulator to facts about Google's API, by Google's own SDK")
    .option("--real", "with --emulator: ask Google the same, with the credentials of the environment")
    .addHelpText("after", HELP);
}

const HELP = `
Exit code: 0 enough cases are exact, 1 too few, 2 a wrong flag or case file.

Closed loop: Google is scripted, and both what reaches it and what comes back are checked. Nothing leaves this machine.
Open: with --against alone, the cases that can be judged from outside, with a real model behind. Its calls cost money.

Examples:
  pollux conform
  pollux conform --only tools --only streaming/done-ends-a-stream
  pollux conform --html scorecard.html --json scorecard.json
  pollux conform --python .venv/bin/python
  pollux conform --start litellm --litellm ~/litellm/bin/litellm
  pollux conform --against http://127.0.0.1:8787 --google 4399 --model 'google/{model}'
  pollux conform --against https://gateway.example/v1 --key $KEY --model gemini-3.5-flash --dry-run
  pollux conform --emulator
  GEMINI_API_KEY=… pollux conform --emulator --real
  pollux conform --hold tools/ids-come-back`;

const SURFACES = ["gemini-api", "vertex", "endpoint"] as const;

function collectSurfaces(text: string, earlier: Surface[] = []): Surface[] {
  const chosen = text.split(",").map((name) => {
    const surface = SURFACES.find((one) => one === name);
    if (surface === undefined) throw new InvalidArgumentError(`It is one of ${SURFACES.join(", ")}.`);
    return surface;
  });
  return [...earlier, ...chosen];
}

function collectHeaders(text: string, earlier: Record<string, string> = {}): Record<string, string> {
  const [, name, value] = /^([A-Za-z0-9-]+):\s*(.+)$/.exec(text) ?? [];
  if (name === undefined || value === undefined) throw new InvalidArgumentError("Write it `name: value`.");
  return { ...earlier, [name.toLowerCase()]: value };
}

function percentage(text: string): number {
  const number = Number(text);
  if (!(number >= 0 && number <= 100) || text.trim() === "") {
    throw new InvalidArgumentError("It is a number from 0 to 100.");
  }
  return number;
}
