import type { YAMLError } from "yaml";
import { ConfigError } from "./config-error.ts";
import type { ConfigPath } from "./config-path.ts";
import type { Origin } from "./origin.ts";

/** A fault found by the YAML parser, or by us in what it read. */
type Fault =
  | Pick<YAMLError, "code" | "message" | "pos">
  | { code?: undefined; path: ConfigPath; message: string; pos: readonly [number, number] };

/**
 * What the YAML parser found, in words that say what to change. After the first fault of structure the parser guesses,
 * so only what stands on its own is told besides it.
 */
export function syntaxError(
  faults: readonly Fault[],
  placeOf: (offset: number) => Origin,
  text = "",
): ConfigError {
  const told = faults.filter((fault, index) => index === 0 || STANDS_ALONE.has(fault.code ?? ""));
  return new ConfigError(
    told.slice(0, 50).map((fault) => ({
      origin: placeOf(fault.pos[0]),
      path: "path" in fault ? fault.path : [],
      message: wording(fault, text),
    })),
  );
}

const STANDS_ALONE = new Set(["TAB_AS_INDENT", "TAG_RESOLVE_FAILED", "BAD_DQ_ESCAPE"]);

/** Our own words where the parser's would puzzle, or could quote a value. */
function wording({ code, message, pos }: Fault, text: string): string {
  switch (code) {
    case undefined:
      return message;
    case "TAB_AS_INDENT":
      return "a tab is used for indentation; use spaces";
    case "MULTIPLE_DOCS":
      return "a second document begins here (`---`); a configuration is one document";
    case "TAG_RESOLVE_FAILED":
      return "tags (`!name`) are not supported; quote the value if it begins with `!`";
    case "UNEXPECTED_TOKEN":
      return lineAt(text, pos[0]).includes("${")
        ? 'not YAML: within { } and [ ], a reference needs quotes: "${NAME}"'
        : "not YAML: something is not expected here; check the indentation, quotes and brackets above";
    case "BLOCK_AS_IMPLICIT_KEY":
      return "not YAML: a value holding `: ` needs quotes, and a nested mapping a line of its own";
    case "BAD_SCALAR_START":
      return "not YAML: a value that begins with a special character needs quotes";
    case "BAD_DQ_ESCAPE":
      return "an escape in double quotes that YAML does not know; write \\\\ for a backslash, or use single quotes";
    case "RESOURCE_EXHAUSTION":
      return "nested too deep";
    default:
      return `not YAML: ${message.slice(0, 200)}`;
  }
}

function lineAt(text: string, offset: number): string {
  const end = text.indexOf("\n", offset);
  return text.slice(text.lastIndexOf("\n", offset - 1) + 1, end === -1 ? undefined : end);
}
