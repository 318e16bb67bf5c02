/**
 * Every translation rule by id: what it does, and the page the fact behind it was learned from.
 * Notes, `explain` and docs/compatibility.md all read this table.
 */
import { ANSWER_RULES } from "./rules/answers.ts";
import { CONFIG_RULES } from "./rules/config.ts";
import { MESSAGE_RULES } from "./rules/messages.ts";
import { SCHEMA_RULES } from "./rules/schema.ts";
import { TOOL_RULES } from "./rules/tools.ts";

export interface Rule {
  /** One sentence for a reader who knows OpenAI's API and not Gemini's. */
  summary: string;
  /** Public page or source the fact comes from. */
  source: string;
}

export const RULES = {
  ...MESSAGE_RULES,
  ...TOOL_RULES,
  ...CONFIG_RULES,
  ...SCHEMA_RULES,
  ...ANSWER_RULES,
} satisfies Record<string, Rule>;

export type RuleId = keyof typeof RULES;
