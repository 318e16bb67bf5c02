/** How models write tool calls into their text. The names are those under which vLLM and llama.cpp know them. */
import { literal } from "./schema-grammar.ts";

export interface ToolCallFormat {
  name: "hermes" | "llama3_json" | "mistral";
  /** What begins a call; empty where a call is the whole answer, and begins with `{`. */
  open: string;
  /** What ends one. */
  close: string;
  argumentsKey: "arguments" | "parameters";
  /** Calls come as a JSON array after `open`. */
  list: boolean;
  /** What begins the answer when a call is forced; the grammar follows it. */
  lead: string;
  /** A call as the model would have written it. */
  write(name: string, args: Record<string, unknown>): string;
  /** For the system message of a model whose template cannot declare tools: each tool is JSON. */
  tell(tools: readonly string[]): string;
}

/** `<tool_call>{"name": ..., "arguments": ...}</tool_call>`: Hermes, Qwen, and models taught by the prompt. */
export const HERMES: ToolCallFormat = {
  name: "hermes",
  open: "<tool_call>",
  close: "</tool_call>",
  argumentsKey: "arguments",
  list: false,
  lead: "<tool_call>\n",
  write: (name, args) => `<tool_call>\n${JSON.stringify({ name, arguments: args })}\n</tool_call>`,
  tell: (tools) =>
    [
      "You may call functions to help with the user's request. These are the functions, one JSON object per line:",
      "<tools>",
      ...tools,
      "</tools>",
      "To call one, write its name and arguments as JSON between tags, and nothing after it:",
      "<tool_call>",
      '{"name": "the function\'s name", "arguments": {"name of an argument": "its value"}}',
      "</tool_call>",
      "The result comes back between <tool_response> tags.",
    ].join("\n"),
};

/** `{"name": ..., "parameters": ...}` as the whole answer: Llama 3. */
const LLAMA3: ToolCallFormat = {
  ...HERMES,
  name: "llama3_json",
  open: "",
  close: "",
  argumentsKey: "parameters",
  lead: "",
};

/** `[TOOL_CALLS] [{"name": ..., "arguments": ...}]`: Mistral until 2024. */
const MISTRAL: ToolCallFormat = {
  ...HERMES,
  name: "mistral",
  open: "[TOOL_CALLS]",
  close: "",
  list: true,
  lead: "[TOOL_CALLS]",
};

/** The format a template teaches, or undefined where it teaches none that is known here. */
export function findToolCallFormat(template: string): ToolCallFormat | undefined {
  // Qwen 3 Coder has the same tags around another language.
  if (template.includes("<tool_call>")) return /<function=|<arg_key>/.test(template) ? undefined : HERMES;
  if (template.includes("[TOOL_CALLS]")) return template.includes("[ARGS]") ? undefined : MISTRAL;
  if (template.includes('"parameters": ') && template.includes("<|eot_id|>")) return LLAMA3;
  return undefined;
}

export interface CallableTool {
  name: string;
  /** A grammar expression for its arguments. */
  arguments: string;
}

/** A grammar expression for the calls that follow `format.lead`; with `several`, more than one may come. */
export function callsGrammar(
  format: ToolCallFormat,
  tools: readonly CallableTool[],
  several: boolean,
): string {
  const calls = tools.map(
    (tool) =>
      `${literal(`{"name": ${JSON.stringify(tool.name)}, "${format.argumentsKey}": `)} (${tool.arguments}) "}"`,
  );
  const call = `(${calls.join(" | ")})`;
  if (format.list) return `" "? "[" ${call} ${several ? `("," " "? ${call})*` : ""} "]"`;
  if (format.close === "") return call;
  const closed = `"\\n"? ${call} "\\n"? ${literal(format.close)}`;
  return several ? `${closed} ("\\n"? ${literal(format.open)} ${closed})*` : closed;
}
