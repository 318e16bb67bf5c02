/** docs/emulator.md says what the code does. */
import { readFile } from "node:fs/promises";
import { parse } from "yaml";
import { expect, test } from "vitest";
import { FAULTS } from "./faults.ts";
import { checkScript } from "./script.ts";

const page = await readFile(new URL("../../docs/emulator.md", import.meta.url), "utf8");

test("every fault switch is in the table, as the code describes it", () => {
  const rows = [...page.matchAll(/^\| +`([a-z0-9-]+)` +\| (.*?) \| (.*?) +\|$/gm)].map(
    ([, name, value = "", meaning = ""]) => [
      name,
      value.trim().replaceAll(String.raw`\|`, "|"),
      meaning.trim(),
    ],
  );
  expect(rows).toEqual(Object.entries(FAULTS).map(([name, fault]) => [name, fault.value, fault.meaning]));
});

test("the script it shows is well formed", () => {
  const [, yaml = ""] = /```yaml\n([\s\S]*?)```/.exec(page) ?? [];
  expect(checkScript(parse(yaml)).rules).toHaveLength(4);
});
