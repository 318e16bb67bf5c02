/** How an answer is to be written: what it begins with, which grammar guides it, how it is read. */
import { invalidRequest } from "../../errors.ts";
import type { AnswerFormat, CompletionRequest } from "./completion-request.ts";
import type { DeclaredTool } from "./request-messages.ts";
import { literal, SchemaGrammar } from "./schema-grammar.ts";
import { callsGrammar, type ToolCallFormat } from "./tool-call-format.ts";
import { ToolCallReader } from "./tool-call-reader.ts";

export interface AnswerPlan {
  /** Put into the model's mouth. */
  lead: string;
  /** GBNF for the whole answer after `lead`; undefined leaves it free. */
  grammar: string | undefined;
  /** GBNF from where the model opens a tool call by itself. */
  callGrammar: string | undefined;
  /** Takes the text apart; undefined where it is all content. */
  reader: ToolCallReader | undefined;
}

/** Throws `invalid_request` for schemas that cannot be turned into a grammar. */
export function planAnswer(
  request: Pick<CompletionRequest, "tools" | "format" | "parallelToolCalls">,
  toolCalls: ToolCallFormat,
): AnswerPlan {
  const grammar = new SchemaGrammar();
  const format = request.format === undefined ? undefined : formatExpression(grammar, request.format);
  const { tools } = request;
  if (tools === undefined) {
    return {
      lead: "",
      grammar: format === undefined ? undefined : grammar.toString(format),
      callGrammar: undefined,
      reader: undefined,
    };
  }
  const callable = tools.callable.map((declared) => ({
    name: declared.tool.function.name,
    arguments: argumentsExpression(grammar, declared),
  }));
  const calls = callsGrammar(toolCalls, callable, request.parallelToolCalls);
  const reader = (started: boolean): ToolCallReader =>
    new ToolCallReader(
      toolCalls,
      callable.map(({ name }) => name),
      started && toolCalls.open !== "",
    );
  if (tools.mode === "required") {
    return {
      lead: toolCalls.lead,
      grammar: grammar.toString(calls),
      callGrammar: undefined,
      reader: reader(true),
    };
  }
  if (format !== undefined) {
    const either = `${format} | ${toolCalls.lead === "" ? "" : literal(toolCalls.lead)} ${calls}`;
    return { lead: "", grammar: grammar.toString(either), callGrammar: undefined, reader: reader(false) };
  }
  return { lead: "", grammar: undefined, callGrammar: grammar.toString(calls), reader: reader(false) };
}

function formatExpression(grammar: SchemaGrammar, format: AnswerFormat): string {
  switch (format.kind) {
    case "object":
      return "object";
    case "choice":
      return grammar.rule(format.choices.map(literal).join(" | "));
    case "schema":
      return grammar.add(format.schema, format.path, format.strict);
    default:
      return format satisfies never;
  }
}

function argumentsExpression(grammar: SchemaGrammar, { tool, path }: DeclaredTool): string {
  const { parameters, strict } = tool.function;
  const where = `${path}.function.parameters`;
  // A function declared without parameters takes none.
  if (parameters === undefined || parameters === null) return `"{}"`;
  if (typeof parameters !== "object" || Array.isArray(parameters))
    throw invalidRequest(where, "The parameters are a JSON schema of an object.");
  const schema: Record<string, unknown> = { ...parameters };
  if (Object.hasOwn(schema, "type") && schema["type"] !== "object")
    throw invalidRequest(`${where}.type`, "The parameters are an object, so their type is `object`.");
  const composed = ["$ref", "allOf", "anyOf", "oneOf"].some((keyword) => Object.hasOwn(schema, keyword));
  return grammar.add(composed ? schema : { ...schema, type: "object" }, where, strict === true);
}
