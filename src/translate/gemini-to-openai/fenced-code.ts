/** Code the model ran on Google's side, and what came of it, as Markdown: OpenAI has no part for either. */
import { record, string } from "./lenient.ts";

/** `executableCode` as a fenced block; undefined when it cannot be read. */
export function fencedCode(part: unknown): string | undefined {
  const code = string(record(part)?.["code"]);
  if (code === undefined) return undefined;
  const language = string(record(part)?.["language"])?.toLowerCase() ?? "";
  return fenced(
    /^[a-z0-9_+-]{1,20}$/.test(language) && language !== "language_unspecified" ? language : "",
    code,
  );
}

/** `codeExecutionResult` as a fenced block; a failure is named, as OUTCOME_OK is what readers assume. */
export function fencedResult(part: unknown): string | undefined {
  const given = record(part);
  if (given === undefined) return undefined;
  const outcome = string(given["outcome"]) ?? "OUTCOME_OK";
  const output = string(given["output"]) ?? "";
  return fenced("output", outcome === "OUTCOME_OK" ? output : `${outcome}\n${output}`);
}

/** A fence longer than any inside the text, which CommonMark takes. */
function fenced(label: string, text: string): string {
  let longest = 2;
  for (const run of text.matchAll(/`{3,}/g)) longest = Math.max(longest, run[0].length);
  const fence = "`".repeat(longest + 1);
  return `${fence}${label}\n${text}${text.endsWith("\n") ? "" : "\n"}${fence}\n`;
}
