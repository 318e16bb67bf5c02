import { Command } from "commander";
import { MODELS } from "../models/catalogue.ts";
import type { ModelFacts, Thinking } from "../models/facts.ts";
import { listModels } from "../server/model-list.ts";
import { print } from "./terminal.ts";

export function modelsCommand(): Command {
  return new Command("models")
    .description("List the models with their limits.")
    .option("--json", "print JSON, as GET /v1/models answers it")
    .addHelpText(
      "after",
      `
Examples:
  pollux models
  pollux models --json`,
    )
    .action((flags: { json?: boolean }) => {
      print(flags.json === true ? JSON.stringify(listModels(), null, 2) : table());
    });
}

function table(): string {
  const rows = [["MODEL", "CONTEXT", "MAX OUTPUT", "IN", "OUT", "THINKING"], ...MODELS.map(row)];
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((cells) => cells[column]!.length)));
  return rows
    .map((cells) =>
      cells
        .map((cell, column) => cell.padEnd(widths[column]!))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

function row(facts: ModelFacts): string[] {
  return [
    `google/${facts.id}`,
    facts.contextTokens.toLocaleString("en"),
    facts.maxOutputTokens.toLocaleString("en"),
    facts.inputModalities.join(","),
    facts.outputModalities.join(","),
    describeThinking(facts.thinking),
  ];
}

function describeThinking(thinking: Thinking): string {
  switch (thinking.kind) {
    case "none":
      return "-";
    case "budget":
      return `${thinking.canBeOff ? "off, " : ""}${thinking.min}..${thinking.max} tokens`;
    case "level":
      return thinking.levels.map((level) => (level === thinking.default ? `${level}*` : level)).join(" ");
    default:
      return thinking satisfies never;
  }
}
