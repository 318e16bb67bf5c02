/** The catalogue of models, and what `reasoning_effort` comes to on each. */
import { MODELS } from "../../src/models/catalogue.ts";
import type { ModelFacts } from "../../src/models/facts.ts";
import { toGeminiRequest } from "../../src/translate/openai-to-gemini/request.ts";
import { code, table } from "./markdown.ts";

export function modelTable(): string {
  const columns = [
    "Model",
    "Context, output",
    "In → out",
    "Thinking",
    "`temperature`, `top_p`, `top_k`",
    "Penalties",
    "`n` in one call",
    "JSON Schema",
    "Resolution per image",
    "Ends with an assistant message",
    "Functions with Google's tools",
    "Signatures demanded",
  ];
  return table(
    columns,
    MODELS.map((facts) => [
      code(`google/${facts.id}`),
      `${facts.contextTokens.toLocaleString("en")}, ${facts.maxOutputTokens.toLocaleString("en")}`,
      `${facts.inputModalities.join(", ")} → ${facts.outputModalities.join(", ")}`,
      thinking(facts),
      answer(facts.sampling),
      answer(facts.penalties),
      answer(facts.candidateCount),
      answer(facts.jsonSchema),
      answer(facts.partMediaResolution),
      answer(facts.prefill),
      answer(facts.combinesTools),
      answer(facts.requiresSignatures),
    ]),
  );
}

function answer(yes: boolean): string {
  return yes ? "yes" : "no";
}

function thinking({ thinking: way }: ModelFacts): string {
  switch (way.kind) {
    case "none":
      return "none";
    case "budget":
      return `${way.min} to ${way.max.toLocaleString("en")} tokens${way.canBeOff ? ", or off" : ""}`;
    case "level":
      return way.levels.map((level) => (level === way.default ? `${level} (default)` : level)).join(", ");
    default:
      return way satisfies never;
  }
}

const EFFORTS = ["none", "minimal", "low", "medium", "high", "xhigh", "max"];

/** A row for each group of models that answer to effort alike. */
export function effortTable(): string {
  const rows = MODELS.filter((facts) => facts.thinking.kind !== "none").map((facts) => ({
    model: code(facts.id),
    sent: EFFORTS.map((effort) => effortOn(facts.id, effort)),
  }));
  const groups = Map.groupBy(rows, ({ sent }) => sent.join());
  return table(
    ["Models", ...EFFORTS.map(code)],
    [...groups.values()].map((group) => [group.map(({ model }) => model).join(", "), ...(group[0]?.sent ?? [])]),
  );
}

function effortOn(model: string, effort: string): string {
  const { body, notes } = toGeminiRequest(
    { model, messages: [{ role: "user", content: "Hi" }], reasoning_effort: effort },
    { surface: "vertex" },
  );
  const config = body.generationConfig?.thinkingConfig;
  const sent = config?.thinkingLevel ?? config?.thinkingBudget?.toLocaleString("en") ?? "nothing";
  const note = notes.list.find(({ field }) => field === "reasoning_effort");
  return note === undefined ? sent : `${sent} (${note.action})`;
}
