/** How much the emulated model thinks before it answers, and the summary it shows of that. */
import type { GenerateContentRequest } from "../../wire/gemini.ts";
import type { EmulatedModel } from "../emulated-model.ts";
import type { Conversation } from "./conversation.ts";
import type { Dice } from "./dice.ts";
import { firstPieces } from "./pieces.ts";
import { countTextTokens } from "./tokens.ts";

/** Tokens spent on an ordinary prompt, by level; a greeting takes a quarter, a long prompt up to five times as many. */
const levelTokens = new Map([
  ["MINIMAL", 8],
  ["LOW", 40],
  ["MEDIUM", 120],
  ["HIGH", 400],
]);
const dynamicTokens = 100;

export interface Thinking {
  tokens: number;
  /** Empty unless thoughts were asked for and there were some. */
  summary: string;
}

/** Never more than the budget; nothing at budget 0 or for a model that does not think. */
export function think(
  request: GenerateContentRequest,
  model: EmulatedModel,
  conversation: Conversation,
  dice: Dice,
): Thinking {
  const config = request.generationConfig?.thinkingConfig;
  const weight = countTextTokens(conversation.ask) / 25 + conversation.responses.length / 2;
  const complexity = 0.25 + Math.min(4.75, weight);
  const effort = effortOf(request, model);
  const ceiling = effort.ceiling;
  const tokens = Math.min(Math.round(effort.tokens * complexity * (0.9 + dice.unit() * 0.2)), ceiling);
  if (config?.includeThoughts !== true || tokens === 0) return { tokens, summary: "" };
  const sections = effort.tokens <= 10 ? 1 : effort.tokens < 100 ? 2 : 3;
  return { tokens, summary: firstPieces(summaryText(conversation, sections, dice), tokens) };
}

function effortOf(
  request: GenerateContentRequest,
  model: EmulatedModel,
): { tokens: number; ceiling: number } {
  if (model.thinking.kind === "none") return { tokens: 0, ceiling: 0 };
  const config = request.generationConfig?.thinkingConfig;
  const declared =
    config?.thinkingBudget ?? (model.thinking.kind === "budget" ? model.thinking.default : undefined);
  if (declared !== undefined && config?.thinkingLevel === undefined) {
    if (declared < 0)
      return {
        tokens: dynamicTokens,
        ceiling: model.thinking.kind === "budget" ? model.thinking.max : 65_536,
      };
    // Twenty-four times the budget of "low" buys about five times the thinking, as between LOW and HIGH.
    return { tokens: 1.5 * Math.sqrt(declared), ceiling: declared };
  }
  const level = (
    config?.thinkingLevel ?? (model.thinking.kind === "level" ? model.thinking.default : "")
  ).toUpperCase();
  return { tokens: levelTokens.get(level) ?? dynamicTokens, ceiling: level === "MINIMAL" ? 64 : 65_536 };
}

/** Titles in bold and a paragraph each, as Gemini's thought summaries look. */
function summaryText({ ask, system, responses, turns }: Conversation, sections: number, dice: Dice): string {
  const quoted = ask.replaceAll(/\s+/g, " ").trim().slice(0, 120) || "the media that was sent";
  const all = [
    `**${dice.pick(["Considering the Request", "Understanding the Question", "Reading the Prompt"])}**\n\nThe user wrote: "${quoted}". I need to work out what is being asked for.`,
    responses.length > 0
      ? `**Weighing the Results**\n\nThe functions have returned ${responses.length} result${responses.length === 1 ? "" : "s"}; the answer should use the values in them.`
      : `**Checking the Context**\n\nThe conversation has ${turns.length} turn${turns.length === 1 ? "" : "s"}${system === "" ? " and no system instruction" : ` and a system instruction: "${system.slice(0, 80)}"`}.`,
    `**${dice.pick(["Composing the Answer", "Settling on a Reply", "Planning the Response"])}**\n\nI will keep to what was asked and give a direct answer first.`,
  ];
  return all
    .slice(0, sections)
    .map((section) => `${section}\n\n\n`)
    .join("");
}
