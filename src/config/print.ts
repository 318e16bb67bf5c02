/** The effective configuration for people: YAML, secrets masked. */
import { stringify } from "yaml";
import type { ConfigPath } from "./config-path.ts";
import type { LoadedConfig } from "./load.ts";
import { masked } from "./mask.ts";
import { describeOrigin } from "./origin.ts";

/** YAML text; with `origin`, each value is followed by a comment that says where it came from. */
export function printConfig(loaded: LoadedConfig, options: { origin: boolean }): string {
  const { file, reason } = loaded;
  const header = options.origin
    ? [`# The default upstream is the first, ${file === undefined ? `because ${reason}` : `by ${reason}`}.`]
    : [];
  return [...header, ...block(masked(loaded.config), [], options.origin ? loaded : undefined), ""].join("\n");
}

/** The lines of a mapping or list that is not empty. */
function block(container: unknown, path: ConfigPath, loaded: LoadedConfig | undefined): string[] {
  const entries: [string, string | number, unknown][] = Array.isArray(container)
    ? container.map((item: unknown, index) => ["-", index, item])
    : Object.entries(container as object).map(([key, value]) => [`${scalar(key)}:`, key, value]);
  return entries.flatMap(([label, key, value]) => {
    const at = [...path, key];
    if (!isFilled(value)) return [`${label} ${scalar(value)}${comment(at, loaded)}`];
    const lines = block(value, at, loaded).map((line) => `  ${line}`);
    // A mapping in a list begins on the line of its dash.
    return label === "-" && !Array.isArray(value)
      ? [`- ${lines[0]?.trimStart()}`, ...lines.slice(1)]
      : [label, ...lines];
  });
}

function isFilled(value: unknown): boolean {
  return typeof value === "object" && value !== null && Object.keys(value).length > 0;
}

function scalar(value: unknown): string {
  return typeof value === "string" && /[\n\r]/.test(value)
    ? JSON.stringify(value)
    : stringify(value, { lineWidth: 0 }).trimEnd();
}

function comment(path: ConfigPath, loaded: LoadedConfig | undefined): string {
  if (loaded === undefined) return "";
  const origin = loaded.originOf(path);
  const reference = origin.from === "file" && origin.reference !== undefined ? ` ${origin.reference}` : "";
  return `  # ${describeOrigin(origin)}${reference.replaceAll(/[\n\r]/g, " ")}`;
}
