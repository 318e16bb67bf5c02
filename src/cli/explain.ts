import { readFile } from "node:fs/promises";
import { text } from "node:stream/consumers";
import { inspect } from "node:util";
import { Command } from "commander";
import { composeGateway } from "../compose.ts";
import { type ConfigFlags, readConfig } from "../config/config.ts";
import { explainRequest } from "../gateway/explain-request.ts";
import type { Explanation } from "../gateway/explain.ts";
import { parseBody } from "../gateway/json-body.ts";
import { dryConfig } from "./dry-config.ts";
import { print, printError } from "./terminal.ts";

interface ExplainFlags extends ConfigFlags {
  config?: string;
  json?: boolean;
  strict?: boolean;
}

export function explainCommand(): Command {
  return new Command("explain")
    .description("Show the exact Gemini call for an OpenAI request, and why. Nothing is sent.")
    .argument("<file>", "a JSON request body, - for standard input")
    .option("--json", "print JSON, as `x-pollux-explain: 1` answers it")
    .option("--strict", "refuse a request with fields that would be ignored, as `x-pollux-strict: 1` does")
    .option("--config <file>", "configuration file (POLLUX_CONFIG)")
    .option("--upstream <kind>", "emulator, vertex or gemini-api")
    .option("--project <project>", "Google Cloud project")
    .option("--location <location>", "Google Cloud location")
    .addHelpText(
      "after",
      `
Examples:
  pollux explain request.json
  echo '{"model": "gemini-3.5-flash", "messages": [{"role": "user", "content": "Hi"}]}' | pollux explain -
  pollux explain --json request.json`,
    )
    .action((file: string, flags: ExplainFlags) => run(file, flags));
}

async function run(file: string, flags: ExplainFlags): Promise<void> {
  const body = parseBody(file === "-" ? Buffer.from(await text(process.stdin)) : await readFile(file));
  const { config } = readConfig(process.env, flags, flags.config);
  const composed = await composeGateway(dryConfig(config), {
    reportBug: (error) => printError(inspect(error)),
  });
  const explanation = explainRequest(composed.current, body, {
    strict: flags.strict === true,
  }) as Explanation;
  await composed.close();
  print(flags.json === true ? JSON.stringify(explanation, null, 2) : describe(explanation));
}

function describe({ upstream, notes, translated }: Explanation): string {
  const lines = [`${upstream.method} ${upstream.url}`];
  for (const [name, value] of Object.entries(upstream.headers)) lines.push(`${name}: ${value}`);
  lines.push("", JSON.stringify(upstream.body, null, 2), "");
  if (upstream.calls > 1) lines.push(`This call is made ${upstream.calls} times.`, "");
  lines.push(notes.length === 0 ? "Every field is carried over exactly." : "Not carried over exactly:");
  for (const note of notes) {
    lines.push(`  ${note.action} ${note.field}: ${note.detail}`, `      rule ${note.rule}, ${note.source}`);
  }
  lines.push("", "Rules that fired:");
  const byRule = Map.groupBy(translated, ({ rule }) => rule);
  for (const [rule, uses] of byRule) {
    const [first] = uses;
    if (first === undefined) continue;
    lines.push(
      `  ${rule}: ${first.summary}`,
      `      for ${uses.map(({ field }) => field).join(", ")}`,
      `      ${first.source}`,
    );
  }
  return lines.join("\n");
}
