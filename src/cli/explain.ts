import { readFile } from "node:fs/promises";
import { text } from "node:stream/consumers";
import { Command } from "commander";

import { explain, type Explanation } from "../gateway/explain.ts";
import { parseBody } from "../gateway/json-body.ts";
import { readSettings, type SettingsFlags } from "../settings.ts";
import { dryUpstream } from "./dry-upstream.ts";
import { toGeminiRequest } from "../translate/openai-to-gemini/request.ts";

interface ExplainFlags extends SettingsFlags {
  json?: boolean;
  strict?: boolean;
}

export function explainCommand(): Command {
  return new Command("explain")
    .description("Show the exact Gemini call for an OpenAI request, and why. Nothing is sent.")
    .argument("<file>", "a JSON request body, - for standard input")
    .option("--json", "print JSON, as `x-pollux-explain: 1` answers it")
    .option("--strict", "refuse a request with fields that would be ignored, as `x-pollux-strict: 1` does")
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
  const upstream = dryUpstream(readSettings(process.env, flags));
  const gemini = toGeminiRequest(body, {
    surface: upstream.surface,
    recall: () => undefined,
    strict: flags.strict === true,
    trace: true,
    repair: {},
    reasoningFormat: "reasoning_content",
  });
  const explanation = explain(upstream, gemini, undefined);
  console.log(flags.json === true ? JSON.stringify(explanation, null, 2) : describe(explanation));
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
