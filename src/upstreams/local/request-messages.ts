/** The `messages` and `tools` of a request, read and checked for a model that knows text only. */
import { invalidRequest } from "../../errors.ts";
import { ownField } from "../../wire/own-field.ts";
import type { TemplateMessage, TemplateTool, TemplateToolCall } from "./chat-template.ts";

type Fields = Record<string, unknown>;

/** Throws `invalid_request` naming what is wrong. */
export function readMessages(value: unknown): TemplateMessage[] {
  if (!Array.isArray(value) || value.length === 0)
    throw invalidRequest("messages", "`messages` is a list with at least one message.");
  return value.map((message, at) => readMessage(message, `messages[${at}]`));
}

function readMessage(value: unknown, path: string): TemplateMessage {
  const message = fields(value, path);
  const role = ownField(message, "role");
  const name = ownField(message, "name");
  if (name !== undefined && typeof name !== "string")
    throw invalidRequest(`${path}.name`, "`name` is a string.");
  const named = name === undefined ? {} : { name };
  switch (role) {
    case "system":
    case "developer":
      return {
        role: "system",
        content: readContent(ownField(message, "content"), `${path}.content`),
        ...named,
      };
    case "user":
      return {
        role: "user",
        content: readContent(ownField(message, "content"), `${path}.content`),
        ...named,
      };
    case "assistant":
      return { ...readAssistant(message, path), ...named };
    case "tool": {
      const id = ownField(message, "tool_call_id");
      if (typeof id !== "string")
        throw invalidRequest(`${path}.tool_call_id`, "A tool message names the call it answers.");
      return {
        role: "tool",
        content: readContent(ownField(message, "content"), `${path}.content`),
        tool_call_id: id,
        ...named,
      };
    }
    case "function":
      throw invalidRequest(`${path}.role`, "The role `function` is not served by this model: use `tool`.");
    default:
      throw invalidRequest(
        `${path}.role`,
        `The role is one of system, developer, user, assistant and tool; got ${show(role)}.`,
      );
  }
}

function readAssistant(message: Fields, path: string): TemplateMessage {
  if ((ownField(message, "function_call") ?? null) !== null)
    throw invalidRequest(
      `${path}.function_call`,
      "`function_call` is not served by this model: use `tool_calls`.",
    );
  const calls = ownField(message, "tool_calls") ?? [];
  if (!Array.isArray(calls)) throw invalidRequest(`${path}.tool_calls`, "`tool_calls` is a list.");
  const content =
    ownField(message, "content") ?? ownField(message, "refusal") ?? (calls.length > 0 ? "" : undefined);
  const read: TemplateMessage = { role: "assistant", content: readContent(content, `${path}.content`) };
  if (calls.length > 0)
    read.tool_calls = calls.map((call, at) => readToolCall(call, `${path}.tool_calls[${at}]`));
  return read;
}

function readToolCall(value: unknown, path: string): TemplateToolCall {
  const call = fields(value, path);
  const called = fields(ownField(call, "function"), `${path}.function`);
  const id = ownField(call, "id");
  const name = ownField(called, "name");
  const text = ownField(called, "arguments");
  if (typeof id !== "string") throw invalidRequest(`${path}.id`, "A tool call has an id.");
  if (typeof name !== "string")
    throw invalidRequest(`${path}.function.name`, "A tool call names its function.");
  if (typeof text !== "string")
    throw invalidRequest(`${path}.function.arguments`, "The arguments are JSON in a string.");
  let args: unknown;
  try {
    args = text.trim() === "" ? {} : JSON.parse(text);
  } catch {
    args = undefined;
  }
  if (typeof args !== "object" || args === null || Array.isArray(args))
    throw invalidRequest(`${path}.function.arguments`, "The arguments are a JSON object in a string.");
  return { id, type: "function", function: { name, arguments: args as Fields } };
}

/** A string, or text parts, which go on lines of their own as they do with vLLM. */
function readContent(value: unknown, path: string): string {
  if (typeof value === "string") return value;
  if (!Array.isArray(value)) throw invalidRequest(path, "The content is a string or a list of text parts.");
  return value
    .map((part, at) => {
      const { type } = fields(part, `${path}[${at}]`);
      const text = ownField(part as Fields, type === "refusal" ? "refusal" : "text");
      if (type !== "text" && type !== "refusal")
        throw invalidRequest(
          `${path}[${at}].type`,
          `This model reads text only; got a part of type ${show(type)}.`,
        );
      if (typeof text !== "string")
        throw invalidRequest(`${path}[${at}].text`, "The text of a part is a string.");
      return text;
    })
    .join("\n");
}

/** What `tools` and `tool_choice` come to. */
export interface ToolsRequest {
  /** Declared to the model. */
  tools: TemplateTool[];
  /** Those it may call. */
  callable: DeclaredTool[];
  mode: "auto" | "required";
}

export interface DeclaredTool {
  tool: TemplateTool;
  /** Where it stands in the request. */
  path: string;
}

/** Undefined where the model is not to call anything. */
export function readTools(body: Fields): ToolsRequest | undefined {
  for (const legacy of ["functions", "function_call"]) {
    if ((ownField(body, legacy) ?? null) !== null)
      throw invalidRequest(
        legacy,
        `\`${legacy}\` is not served by this model: use \`tools\` and \`tool_choice\`.`,
      );
  }
  const value = ownField(body, "tools") ?? [];
  if (!Array.isArray(value)) throw invalidRequest("tools", "`tools` is a list.");
  const callable = value.map((tool, at) => ({ tool: readTool(tool, `tools[${at}]`), path: `tools[${at}]` }));
  const tools = callable.map(({ tool }) => tool);
  const choice = ownField(body, "tool_choice") ?? (tools.length === 0 ? "none" : "auto");
  if (choice === "none") return undefined;
  if (choice !== "auto" && tools.length === 0)
    throw invalidRequest("tool_choice", "`tool_choice` needs `tools` to choose from.");
  if (choice === "auto") return tools.length === 0 ? undefined : { tools, callable, mode: "auto" };
  if (choice === "required") return { tools, callable, mode: "required" };
  const chosen = fields(choice, "tool_choice");
  const type = ownField(chosen, "type");
  if (type === "function") {
    const name = ownField(fields(ownField(chosen, "function"), "tool_choice.function"), "name");
    return { tools, callable: [named(callable, name, "tool_choice.function.name")], mode: "required" };
  }
  if (type === "allowed_tools")
    return readAllowed(callable, fields(ownField(chosen, "allowed_tools"), "tool_choice.allowed_tools"));
  throw invalidRequest("tool_choice", "`tool_choice` is none, auto, required, a function or allowed_tools.");
}

function readAllowed(tools: DeclaredTool[], allowed: Fields): ToolsRequest {
  const path = "tool_choice.allowed_tools";
  const mode = ownField(allowed, "mode");
  const names = ownField(allowed, "tools");
  if (mode !== "auto" && mode !== "required")
    throw invalidRequest(`${path}.mode`, "`mode` is auto or required.");
  if (!Array.isArray(names) || names.length === 0)
    throw invalidRequest(`${path}.tools`, "`tools` names at least one tool.");
  const callable = names.map((entry, at) => {
    const where = `${path}.tools[${at}]`;
    return named(
      tools,
      ownField(fields(ownField(fields(entry, where), "function"), `${where}.function`), "name"),
      `${where}.function.name`,
    );
  });
  // The model is told of these alone: what it does not know it will not call.
  return { tools: callable.map(({ tool }) => tool), callable, mode };
}

function named(tools: readonly DeclaredTool[], name: unknown, path: string): DeclaredTool {
  const found = tools.find(({ tool }) => tool.function.name === name);
  if (found === undefined) throw invalidRequest(path, `No tool is called ${show(name)}.`);
  return found;
}

function readTool(value: unknown, path: string): TemplateTool {
  const tool = fields(value, path);
  const type = ownField(tool, "type");
  if (type !== "function")
    throw invalidRequest(`${path}.type`, `Only tools of type \`function\` are served; got ${show(type)}.`);
  const declared = fields(ownField(tool, "function"), `${path}.function`);
  const name = ownField(declared, "name");
  if (typeof name !== "string" || name === "")
    throw invalidRequest(`${path}.function.name`, "A function has a name.");
  return { type, function: { ...declared, name } };
}

function fields(value: unknown, path: string): Fields {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw invalidRequest(path, "This is an object.");
  return value as Fields;
}

function show(value: unknown): string {
  return (JSON.stringify(value) ?? "nothing").slice(0, 60);
}
