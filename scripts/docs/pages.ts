/** The generated documents: path in the repository, and text. */
import { readFileSync } from "node:fs";
import { compatibilityTables } from "./compatibility.ts";
import { configurationTables } from "./configuration.ts";
import { errorTables } from "./errors.ts";
import { fill } from "./fill.ts";
import { observabilityTables } from "./observability.ts";
import { limitTables } from "./limits.ts";

export function pages(): { path: string; text: string }[] {
  return [
    { path: "docs/compatibility.md", text: fill(template("compatibility"), compatibilityTables()) },
    { path: "docs/configuration.md", text: fill(template("configuration"), configurationTables()) },
    { path: "docs/limits.md", text: fill(template("limits"), limitTables()) },
    { path: "docs/errors.md", text: fill(template("errors"), errorTables()) },
    { path: "docs/observability.md", text: fill(template("observability"), observabilityTables()) },
  ];
}

function template(name: string): string {
  return readFileSync(new URL(`${name}.template.md`, import.meta.url), "utf8");
}
