import { expect, test } from "vitest";
import { ANSWER_RULES } from "./rules/answers.ts";
import { CONFIG_RULES } from "./rules/config.ts";
import { MESSAGE_RULES } from "./rules/messages.ts";
import { SCHEMA_RULES } from "./rules/schema.ts";
import { TOOL_RULES } from "./rules/tools.ts";
import { RULES } from "./rules.ts";

test("no rule hides another of the same name", () => {
  const groups = [MESSAGE_RULES, TOOL_RULES, CONFIG_RULES, SCHEMA_RULES, ANSWER_RULES];
  const ids = groups.flatMap((group) => Object.keys(group));
  expect(ids.length).toBeGreaterThan(50);
  expect(Object.keys(RULES).length).toBe(ids.length);
});

test.each(Object.entries(RULES))(
  "%s says what it does and where that was learned",
  (_, { summary, source }) => {
    expect(summary.length).toBeGreaterThan(20);
    expect(new URL(source).protocol).toBe("https:");
  },
);
