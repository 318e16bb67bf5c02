import type { Thinking, ThinkingLevel } from "../../models/facts.ts";
import type { ThinkingConfig } from "../../wire/gemini.ts";
import type { ChatCompletionRequest } from "../../wire/openai.ts";
import type { RequestContext } from "../target.ts";
import {
  type Amount,
  type AskedThinking,
  DYNAMIC,
  type Effort,
  LEVELS,
  readThinking,
} from "./asked-thinking.ts";
import type { GoogleOptions } from "./extra-body.ts";

/** Google's own table for Gemini 2.5; `minimal` shares the budget of `low` there. */
const BUDGETS: Record<ThinkingLevel, number> = { MINIMAL: 1024, LOW: 1024, MEDIUM: 8192, HIGH: 24_576 };

const EFFORT_LEVELS: Record<Effort, ThinkingLevel> = {
  none: "MINIMAL",
  minimal: "MINIMAL",
  low: "LOW",
  medium: "MEDIUM",
  high: "HIGH",
  xhigh: "HIGH",
  max: "HIGH",
};

/**
 * `reasoning_effort` and `extra_body.google.thinking_config` as one thinking config. Effort never asks for thoughts
 * to be shown; `include_thoughts` alone does, and goes with either.
 *
 * @throws GatewayError as {@link readThinking}.
 */
export function toThinkingConfig(
  request: ChatCompletionRequest,
  google: GoogleOptions,
  context: RequestContext,
): ThinkingConfig | undefined {
  const asked = readThinking(request, google, context);
  const { amount } = asked;
  if (amount === undefined && asked.includeThoughts === undefined) return undefined;
  const config =
    amount === undefined
      ? switchedOn(asked, context)
      : toAmount(amount, context.target.facts.thinking, context);
  const includeThoughts = toIncludeThoughts(asked.includeThoughts, config, context);
  const whole = { ...config, ...(includeThoughts === undefined ? {} : { includeThoughts }) };
  return Object.keys(whole).length === 0 ? undefined : whole;
}

function toAmount(amount: Amount, thinking: Thinking, context: RequestContext): ThinkingConfig {
  switch (thinking.kind) {
    case "none":
      return noThinking(amount, context);
    case "budget":
      return { thinkingBudget: toBudget(amount, thinking, context) };
    case "level":
      return toLevel(amount, thinking, context);
    default:
      return thinking satisfies never;
  }
}

function noThinking(amount: Amount, context: RequestContext): ThinkingConfig {
  const off =
    (amount.kind === "effort" && amount.effort === "none") ||
    (amount.kind === "budget" && amount.budget === 0);
  if (off) {
    context.notes.used(amount.path, ruleOf(amount));
  } else {
    context.notes.add("ignored", ruleOf(amount), amount.path, `${context.target.model} does not think.`);
  }
  return {};
}

function toBudget(amount: Amount, thinking: Thinking & { kind: "budget" }, context: RequestContext): number {
  const wanted = wantedBudget(amount);
  const off = wanted === 0 && thinking.canBeOff;
  const budget = wanted === DYNAMIC || off ? wanted : Math.min(Math.max(wanted, thinking.min), thinking.max);
  const { notes } = context;
  if (budget !== wanted) {
    notes.add(
      "clamped",
      ruleOf(amount),
      amount.path,
      `Sent as a budget of ${budget} tokens, the nearest that ${context.target.model} takes.`,
    );
  } else if (amount.kind === "level") {
    notes.add(
      "approximated",
      ruleOf(amount),
      amount.path,
      `${context.target.model} has no levels; sent as a budget of ${budget} tokens.`,
    );
  } else if (amount.kind === "effort" && (amount.effort === "xhigh" || amount.effort === "max")) {
    notes.add("clamped", ruleOf(amount), amount.path, `Sent as a budget of ${budget} tokens, as for high.`);
  } else {
    notes.used(amount.path, ruleOf(amount));
  }
  return budget;
}

function wantedBudget(amount: Amount): number {
  switch (amount.kind) {
    case "budget":
      return amount.budget;
    case "level":
      return BUDGETS[amount.level];
    case "effort":
      return amount.effort === "none" ? 0 : BUDGETS[EFFORT_LEVELS[amount.effort]];
    default:
      return amount satisfies never;
  }
}

function toLevel(
  amount: Amount,
  thinking: Thinking & { kind: "level" },
  context: RequestContext,
): ThinkingConfig {
  const { notes, target } = context;
  if (amount.kind === "budget" && amount.budget === DYNAMIC) {
    notes.add(
      "approximated",
      "thinking-config",
      amount.path,
      `${target.model} has levels, not budgets; its default level stays.`,
    );
    return {};
  }
  const wanted = wantedLevel(amount);
  const level = nearestLevel(wanted, thinking.levels);
  if (amount.kind === "budget") {
    notes.add(
      "approximated",
      "thinking-config",
      amount.path,
      `${target.model} has levels, not budgets; sent as ${level}.`,
    );
  } else if (amount.kind === "effort" && amount.effort === "none") {
    notes.add(
      "clamped",
      "reasoning-effort",
      amount.path,
      `${target.model} always thinks; sent as ${level}, its least.`,
    );
  } else if (level !== wanted || (amount.kind === "effort" && amount.effort !== level.toLowerCase())) {
    notes.add(
      "clamped",
      ruleOf(amount),
      amount.path,
      `Sent as ${level}, the nearest that ${target.model} takes.`,
    );
  } else {
    notes.used(amount.path, ruleOf(amount));
  }
  return { thinkingLevel: level };
}

function wantedLevel(amount: Amount): ThinkingLevel {
  switch (amount.kind) {
    case "effort":
      return EFFORT_LEVELS[amount.effort];
    case "level":
      return amount.level;
    case "budget":
      return levelOfBudget(amount.budget);
    default:
      return amount satisfies never;
  }
}

/** The level whose budget on 2.5 lies nearest; below half of LOW's there is only MINIMAL. */
function levelOfBudget(budget: number): ThinkingLevel {
  if (budget < BUDGETS.LOW / 2) {
    return "MINIMAL";
  }
  if (budget < (BUDGETS.LOW + BUDGETS.MEDIUM) / 2) {
    return "LOW";
  }
  return budget < (BUDGETS.MEDIUM + BUDGETS.HIGH) / 2 ? "MEDIUM" : "HIGH";
}

/** An unsupported level is a 400, so the nearest one is sent; between two, the higher, as thinking less may fail. */
function nearestLevel(wanted: ThinkingLevel, accepted: readonly ThinkingLevel[]): ThinkingLevel {
  const distance = (level: ThinkingLevel): number => {
    const steps = LEVELS.indexOf(level) - LEVELS.indexOf(wanted);
    return steps >= 0 ? steps : -steps + 0.5;
  };
  return accepted.reduce((best, level) => (distance(level) < distance(best) ? level : best));
}

/**
 * A model that does not think unless it is told to refuses to show its thoughts
 * (https://github.com/google-gemini/gemini-cli/issues/1953): asking for them asks for thinking.
 */
function switchedOn({ includeThoughts }: AskedThinking, context: RequestContext): ThinkingConfig {
  const { thinking } = context.target.facts;
  if (includeThoughts?.value !== true || thinking.kind !== "budget" || thinking.default !== 0) {
    return {};
  }
  context.notes.add(
    "added",
    "thinking-config",
    includeThoughts.path,
    `${context.target.model} thinks only when told to; a dynamic budget was sent with it.`,
  );
  return { thinkingBudget: DYNAMIC };
}

/** Gemini refuses `includeThoughts` beside a budget of 0: there is nothing to include. */
function toIncludeThoughts(
  asked: AskedThinking["includeThoughts"],
  config: ThinkingConfig,
  context: RequestContext,
): boolean | undefined {
  if (asked === undefined) {
    return undefined;
  }
  const thinks = context.target.facts.thinking.kind !== "none" && config.thinkingBudget !== 0;
  if (asked.value && !thinks) {
    context.notes.add(
      "ignored",
      "thinking-config",
      asked.path,
      "There are no thoughts to include: thinking is off.",
    );
    return undefined;
  }
  context.notes.used(asked.path, "thinking-config");
  return thinks ? asked.value : undefined;
}

function ruleOf(amount: Amount): "reasoning-effort" | "thinking-config" {
  return amount.kind === "effort" ? "reasoning-effort" : "thinking-config";
}
