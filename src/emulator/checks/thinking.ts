/**
 * `thinkingConfig` against what the model can do. Sources: the thinking page of docs.cloud.google.com (levels, budgets);
 * texts from public issues (sterlp/eclipse-peon-ai 115, pydantic/pydantic-ai 1967, RooCodeInc/Roo-Code 4399).
 */
import type { ThinkingConfig } from "../../wire/gemini.ts";
import { refusal, unable, type CheckContext } from "./check-context.ts";

const DYNAMIC = -1;

/** @throws {GoogleApiError} */
export function checkThinking(config: ThinkingConfig | undefined, context: CheckContext): void {
  if (config === undefined) return;
  const { thinking } = context.model;
  const budget = config.thinkingBudget;
  const level = config.thinkingLevel === "THINKING_LEVEL_UNSPECIFIED" ? undefined : config.thinkingLevel;
  const refuse = (geminiApi: string, vertex = unable(geminiApi)): never => {
    throw refusal(context, { vertex, geminiApi });
  };
  if (level !== undefined && budget !== undefined) {
    const text = "You can only set only one of thinking budget and thinking level.";
    refuse(text, text);
  }
  if (thinking.kind === "none") {
    if (level !== undefined || config.includeThoughts === true || (budget ?? 0) !== 0) {
      refuse(
        `Thinking is not enabled for models/${context.modelId}`,
        unable("thinking is not supported by this model."),
      );
    }
    return;
  }
  if (thinking.kind === "level") {
    if (level !== undefined && !thinking.levels.includes(level)) {
      const text = `Thinking level ${level} is not supported for this model. Please retry with other thinking level.`;
      refuse(text, unable(text));
    }
    // Before 3.8 a budget still passes, but thinking cannot be switched off.
    if (budget !== undefined && context.model.generation >= 3.8) {
      refuse("Thinking budget is not supported for this model. Use thinking level instead.");
    }
    if (budget === 0)
      refuse("Request contains an invalid argument.", "Request contains an invalid argument.");
  } else {
    if (level !== undefined) refuse("Thinking level is not supported for this model.");
    if (budget === 0 && !thinking.canBeZero) {
      refuse(
        "Budget 0 is invalid. This model only works in thinking mode.",
        unable("Thinking can't be disabled for this model."),
      );
    }
    const inRange =
      budget === undefined ||
      budget === DYNAMIC ||
      budget === 0 ||
      (budget >= thinking.min && budget <= thinking.max);
    if (!inRange) {
      const text = `The thinking budget ${budget} is invalid. Please choose a value between ${thinking.min} and ${thinking.max}.`;
      refuse(text, unable(text));
    }
  }
  // Also where thinking is off unless it is switched on: https://github.com/google-gemini/gemini-cli/issues/1953
  const isOff = thinking.kind === "budget" && (budget ?? thinking.default) === 0;
  if (config.includeThoughts === true && isOff) {
    refuse(
      "Thinking_config.include_thoughts is only enabled when thinking is enabled.",
      unable("Thinking_config.include_thoughts is only enabled when thinking is enabled."),
    );
  }
}
