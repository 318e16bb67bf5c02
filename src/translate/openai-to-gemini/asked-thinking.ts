/** What a request asks of thinking, in the words it used; what the model can do of it is `thinking.ts`'s. */
import { invalidRequest } from "../../errors.ts";
import type { ThinkingLevel } from "../../models/facts.ts";
import type { ChatCompletionRequest } from "../../wire/openai.ts";
import { optionalBoolean, optionalNumber, optionalObject, optionalString } from "../read-field.ts";
import type { RequestContext } from "../target.ts";
import type { GoogleOptions } from "./extra-body.ts";
import { toSnakeCase } from "./native-json.ts";
import { memberPath } from "./member-path.ts";

const EFFORTS = ["none", "minimal", "low", "medium", "high", "xhigh", "max"] as const;
export type Effort = (typeof EFFORTS)[number];

/** From the least to the most. */
export const LEVELS: readonly ThinkingLevel[] = ["MINIMAL", "LOW", "MEDIUM", "HIGH"];

/** The budget with which a model thinks as much as it sees fit. */
export const DYNAMIC = -1;

/** How much thinking was asked for, in one of the three ways to say it, and where. */
export type Amount =
  | { kind: "effort"; effort: Effort; path: string }
  | { kind: "level"; level: ThinkingLevel; path: string }
  | { kind: "budget"; budget: number; path: string };

export interface AskedThinking {
  amount: Amount | undefined;
  includeThoughts: { value: boolean; path: string } | undefined;
}

/**
 * Reads `reasoning_effort` and `extra_body.google.thinking_config`.
 *
 * @throws GatewayError `invalid_request` when the amount is given in two ways, or is none that any model knows.
 */
export function readThinking(
  request: ChatCompletionRequest,
  google: GoogleOptions,
  context: RequestContext,
): AskedThinking {
  const asked = readThinkingConfig(google, context);
  const effort = readEffort(request);
  if (effort === undefined) {
    return asked;
  }
  if (asked.amount !== undefined) {
    throw invalidRequest(
      "reasoning_effort",
      `reasoning_effort: says the same as ${asked.amount.path}; send only one of them.`,
    );
  }
  return { ...asked, amount: { kind: "effort", effort, path: "reasoning_effort" } };
}

function readEffort(request: ChatCompletionRequest): Effort | undefined {
  const written = optionalString(request, "reasoning_effort", "reasoning_effort");
  if (written === undefined) {
    return undefined;
  }
  const effort = EFFORTS.find((known) => known === written);
  if (effort === undefined) {
    throw invalidRequest("reasoning_effort", `reasoning_effort: must be one of ${EFFORTS.join(", ")}.`);
  }
  return effort;
}

function readThinkingConfig(google: GoogleOptions, context: RequestContext): AskedThinking {
  const asked: AskedThinking = { amount: undefined, includeThoughts: undefined };
  const option = google.get("thinking_config");
  const config = option && optionalObject(option.object, option.key, option.path);
  if (option === undefined || config === undefined) {
    return asked;
  }
  const seen = new Set<string>();
  let level: Amount | undefined;
  let budget: Amount | undefined;
  for (const [key, value] of Object.entries(config)) {
    const path = memberPath(option.path, key);
    const name = toSnakeCase(key);
    if (value === null) {
      continue;
    }
    if (seen.has(name)) {
      context.notes.add(
        "ignored",
        "thinking-config",
        path,
        `${name} is there in both spellings; the first counts.`,
      );
      continue;
    }
    seen.add(name);
    switch (name) {
      case "include_thoughts":
        asked.includeThoughts = { value: optionalBoolean(config, key, path) === true, path };
        break;
      case "thinking_budget": {
        const limits = { integer: true, min: DYNAMIC };
        const tokens = optionalNumber(config, key, path, limits);
        budget = tokens === undefined ? undefined : { kind: "budget", budget: tokens, path };
        break;
      }
      case "thinking_level":
        level = readLevel(optionalString(config, key, path), path, context);
        break;
      default:
        context.notes.add("ignored", "thinking-config", path, "This is no option of thinking_config.");
    }
  }
  if (level !== undefined && budget !== undefined) {
    throw invalidRequest(level.path, `${level.path}: cannot go with ${budget.path}; send only one of them.`);
  }
  asked.amount = level ?? budget;
  return asked;
}

function readLevel(written: string | undefined, path: string, context: RequestContext): Amount | undefined {
  const upper = written?.toUpperCase();
  if (upper === undefined || upper === "THINKING_LEVEL_UNSPECIFIED") {
    context.notes.used(path, "thinking-config");
    return undefined;
  }
  const level = LEVELS.find((known) => known === upper);
  if (level === undefined) {
    throw invalidRequest(path, `${path}: must be one of ${LEVELS.join(", ").toLowerCase()}.`);
  }
  return { kind: "level", level, path };
}
