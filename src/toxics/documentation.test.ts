/** docs/toxics.md lists every toxic with its attributes. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { tableUnder } from "../../test/support/markdown.ts";
import { TOXIC_ATTRIBUTES } from "./fault-proxy.ts";

test("docs/toxics.md has each toxic with its attributes and their units", () => {
  const page = readFileSync(new URL("../../docs/toxics.md", import.meta.url), "utf8");
  const listed = tableUnder(page, "Toxics").rows.map((row) => row.slice(0, 2).join(" "));
  const right = Object.entries(TOXIC_ATTRIBUTES).map(([type, attributes]) =>
    [
      `\`${type}\``,
      Object.entries(attributes)
        .map(([name, { unit }]) => `\`${name}\` ${unit}`)
        .join(", "),
    ].join(" "),
  );
  expect(listed).toEqual(right);
});
