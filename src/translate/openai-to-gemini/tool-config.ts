import { invalidRequest } from "../../errors.ts";
import type { FunctionCallingConfig, FunctionDeclaration, Tool, ToolConfig } from "../../wire/gemini.ts";
import type { ChatCompletionRequest } from "../../wire/openai.ts";
import { optionalBoolean } from "../read-field.ts";
import type { RequestContext } from "../target.ts";
import type { GoogleOptions } from "./extra-body.ts";
import { toGoogleTools } from "./google-tools.ts";
import { takesValidated, toFunctionCallingConfig } from "./tool-choice.ts";
import { toFunctionTools, type FunctionTools } from "./tools.ts";

const FIRST_WITH_STREAMED_ARGUMENTS = 3;

export interface Tooling {
  tools: Tool[] | undefined;
  toolConfig: ToolConfig | undefined;
  /** The answer must use `function_call`. */
  legacyFunctions: boolean;
}

/**
 * All that the request says about tools: its functions in one tool, Gemini's own beside them, and how they may be
 * called.
 *
 * @throws GatewayError `invalid_request` for tools the model cannot have together, and as its parts do.
 */
export function toTooling(
  request: ChatCompletionRequest,
  google: GoogleOptions,
  stream: boolean,
  context: RequestContext,
): Tooling {
  const { declarations, hosted } = toGoogleTools(request, google, context);
  const functions = withNative(toFunctionTools(request, context), declarations, google);
  noteParallelCalls(request, context);
  const chosen = toFunctionCallingConfig(request, functions, context);
  const streamed = streamsArguments(google, functions, stream, context);
  // Some models refuse function declarations in more than one tool.
  const tools: Tool[] =
    functions.declarations.length === 0
      ? hosted
      : [{ functionDeclarations: functions.declarations }, ...hosted];
  const combined = functions.declarations.length > 0 && hosted.length > 0;
  if (combined) {
    checkCombination(request, google, context);
  }
  const toolConfig: ToolConfig = {};
  const calling = validated(chosen, functions, combined, context);
  if (streamed) toolConfig.functionCallingConfig = { ...calling, streamFunctionCallArguments: true };
  else if (calling !== undefined) toolConfig.functionCallingConfig = calling;
  // The Gemini API wants this beside its own tools; Vertex AI does not know it.
  if (combined && context.target.surface === "gemini-api") toolConfig.includeServerSideToolInvocations = true;
  return {
    tools: tools.length === 0 ? undefined : tools,
    toolConfig: Object.keys(toolConfig).length === 0 ? undefined : toolConfig,
    legacyFunctions: functions.legacy,
  };
}

/** Functions declared in `extra_body.google.tools` count like any others. */
function withNative(
  functions: FunctionTools,
  declarations: FunctionDeclaration[],
  google: GoogleOptions,
): FunctionTools {
  if (declarations.length === 0) return functions;
  const names = new Set(functions.names);
  for (const { name = "" } of declarations) {
    if (names.has(name)) {
      const path = google.get("tools")?.path ?? "tools";
      throw invalidRequest(path, `${path}: declares a function that is declared already.`);
    }
    names.add(name);
  }
  return { ...functions, names, declarations: [...functions.declarations, ...declarations] };
}

function noteParallelCalls(request: ChatCompletionRequest, context: RequestContext): void {
  const parallel = optionalBoolean(request, "parallel_tool_calls", "parallel_tool_calls");
  if (parallel === true) {
    context.notes.used("parallel_tool_calls", "parallel-tool-calls");
  } else if (parallel === false) {
    context.notes.add(
      "ignored",
      "parallel-tool-calls",
      "parallel_tool_calls",
      "Gemini has no such control and may call several functions at once.",
    );
  }
}

function checkCombination(
  request: ChatCompletionRequest,
  google: GoogleOptions,
  context: RequestContext,
): void {
  const { facts, model } = context.target;
  if (facts.combinesTools) {
    return;
  }
  const searching = Object.hasOwn(request, "web_search_options") && request["web_search_options"] !== null;
  const path = google.get("tools")?.path;
  const field = searching || path === undefined ? "web_search_options" : path;
  throw invalidRequest(
    field,
    `${field}: ${model} takes either functions or Google's own tools; leave one out, or use a Gemini 3 model.`,
  );
}

/** AUTO becomes VALIDATED where a function is strict, or stands beside Google's own tools. */
function validated(
  chosen: FunctionCallingConfig | undefined,
  functions: FunctionTools,
  combined: boolean,
  context: RequestContext,
): FunctionCallingConfig | undefined {
  const { notes, target } = context;
  const open = chosen === undefined || chosen.mode === "AUTO";
  const available = takesValidated(context);
  for (const path of functions.strict) {
    if (!open) {
      // Every other mode holds arguments to their schema, or allows no calls at all.
      notes.used(path, "strict-tools");
    } else if (available) {
      notes.add(
        "approximated",
        "strict-tools",
        path,
        "Sent as mode VALIDATED, which holds for every function.",
      );
    } else {
      notes.add("ignored", "strict-tools", path, `${target.model} cannot be held to a function's schema.`);
    }
  }
  if (open && combined) {
    notes.add(
      "added",
      "functions-with-google-tools",
      "tool_choice",
      "Mode VALIDATED, as functions stand beside Google's own tools.",
    );
  }
  return open && available && (combined || functions.strict.length > 0) ? { mode: "VALIDATED" } : chosen;
}

function streamsArguments(
  google: GoogleOptions,
  functions: FunctionTools,
  stream: boolean,
  context: RequestContext,
): boolean {
  const option = google.get("stream_function_call_arguments");
  const wanted = option && optionalBoolean(option.object, option.key, option.path);
  if (option === undefined || wanted === undefined) {
    return false;
  }
  const reason = wanted ? whyNotStreamed(functions, stream, context) : undefined;
  if (reason === undefined) {
    context.notes.used(option.path, "stream-function-arguments");
    return wanted;
  }
  context.notes.add("ignored", "stream-function-arguments", option.path, reason);
  return false;
}

function whyNotStreamed(
  functions: FunctionTools,
  stream: boolean,
  { target }: RequestContext,
): string | undefined {
  if (target.surface !== "vertex") {
    return "Only Vertex AI streams arguments.";
  }
  if (!stream) {
    return "The answer is not streamed.";
  }
  if (target.facts.generation < FIRST_WITH_STREAMED_ARGUMENTS) {
    return `${target.model} cannot stream arguments.`;
  }
  return functions.names.size === 0 ? "There are no functions." : undefined;
}
