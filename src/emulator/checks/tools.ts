/**
 * Tools, their configuration, and what they may be combined with. Sources: the function calling pages of
 * docs.cloud.google.com and ai.google.dev; texts from public issues (google-gemini/gemini-cli 2966 and 7878,
 * googleapis/python-genai 867, googleapis/js-genai 435).
 */
import type {
  FunctionDeclaration,
  GenerateContentRequest,
  GenerationConfig,
  Json,
  Tool,
} from "../../wire/gemini.ts";
import { bullet, refusal, unable, type CheckContext } from "./check-context.ts";
import { checkJsonSchema } from "./json-schema.ts";
import { checkOpenApiSchema } from "./open-api-schema.ts";

const MOST_DECLARATIONS = 512;
const NAME = /^[A-Za-z_][A-Za-z0-9_.:-]{0,127}$/;
const NAME_RULE =
  "Invalid function name. Must start with a letter or an underscore. Must be alphameric (a-z, A-Z, 0-9), underscores (_), dots (.), colons (:), or dashes (-), with a maximum length of 128.";

/** @throws {GoogleApiError} */
export function checkTools(request: GenerateContentRequest, context: CheckContext): void {
  const tools = request.tools ?? [];
  for (const [index, tool] of tools.entries()) {
    if (Object.keys(tool).length === 0) {
      const text = "required one_of 'tool_type' must have one initialized field";
      throw refusal(context, {
        vertex: unable(`tools[${index}].tool_type: ${text}.`),
        geminiApi: bullet(`tools[${index}].tool_type`, text),
      });
    }
    for (const [position, declaration] of (tool.functionDeclarations ?? []).entries()) {
      checkDeclaration(declaration, `tools[${index}].function_declarations[${position}]`, context);
    }
  }
  const declarations = tools.flatMap((tool) => tool.functionDeclarations ?? []);
  checkDeclarations(declarations, context);
  checkCallingConfig(request, declarations, context);
  checkCombinations(request, tools, context);
}

function checkDeclarations(declarations: readonly FunctionDeclaration[], context: CheckContext): void {
  if (declarations.length > MOST_DECLARATIONS) {
    const text = `at most ${MOST_DECLARATIONS} function declarations can be provided, but ${declarations.length} were.`;
    throw refusal(context, {
      vertex: unable(text),
      geminiApi: bullet("tools[0].function_declarations", text),
    });
  }
  const seen = new Set<string>();
  for (const { name = "" } of declarations) {
    if (seen.has(name)) {
      const text = `Duplicate function declaration found: ${name}`;
      throw refusal(context, { vertex: text, geminiApi: text });
    }
    seen.add(name);
  }
}

function checkDeclaration(declaration: FunctionDeclaration, path: string, context: CheckContext): void {
  const name = declaration.name ?? "";
  if (!NAME.test(name)) {
    throw refusal(context, {
      vertex: `The GenerateContentRequest proto is invalid:\n  * ${path}.name: [FIELD_INVALID] ${NAME_RULE}`,
      geminiApi: bullet(`${path}.name`, NAME_RULE),
    });
  }
  for (const [schemaField, jsonField, snake] of [
    ["parameters", "parametersJsonSchema", "parameters"] as const,
    ["response", "responseJsonSchema", "response"] as const,
  ]) {
    const schema = declaration[schemaField];
    const json = declaration[jsonField];
    if (schema !== undefined && json !== undefined) {
      const text = `${snake} and ${snake}_json_schema are mutually exclusive.`;
      throw refusal(context, {
        vertex: unable(`\`${name}\` functionDeclaration: ${text}`),
        geminiApi: bullet(`${path}.${snake}_json_schema`, text),
      });
    }
    if (schema !== undefined) {
      checkTop(schema, { name, path: `${path}.${snake}`, field: schemaField }, context);
      checkOpenApiSchema(
        schema,
        { path: `${path}.${snake}`, vertexName: `\`${name}\` functionDeclaration \`${schemaField}\`` },
        context,
      );
    }
    if (json !== undefined) {
      const ofFunction = schemaField === "parameters";
      checkJsonSchema(json, { path: `${path}.${snake}_json_schema`, ofFunction }, context);
    }
  }
}

/** Parameters are an object; a response may be anything. */
function checkTop(
  schema: Json,
  place: { name: string; path: string; field: string },
  context: CheckContext,
): void {
  if (place.field !== "parameters") return;
  const type =
    typeof schema === "object" && schema !== null && !Array.isArray(schema) ? schema["type"] : undefined;
  if (type === undefined || type === "OBJECT" || type === "TYPE_UNSPECIFIED") return;
  throw refusal(context, {
    vertex: unable(`\`${place.name}\` functionDeclaration \`parameters\` schema should be of type OBJECT.`),
    geminiApi: bullet(`${place.path}.type`, "should be of type OBJECT."),
  });
}

function checkCallingConfig(
  request: GenerateContentRequest,
  declarations: readonly FunctionDeclaration[],
  context: CheckContext,
): void {
  const config = request.toolConfig?.functionCallingConfig;
  if (config === undefined) return;
  const refuse = (text: string, path = "allowed_function_names"): never => {
    throw refusal(context, {
      vertex: unable(text),
      geminiApi: bullet(`tool_config.function_calling_config.${path}`, text),
    });
  };
  if (declarations.length === 0 && Object.keys(config).length > 0) {
    const text = "Function calling config is set without function_declarations.";
    throw refusal(context, { vertex: unable(text), geminiApi: text });
  }
  const allowed = config.allowedFunctionNames ?? [];
  if (allowed.length > 0 && config.mode !== "ANY" && config.mode !== "VALIDATED") {
    refuse("allowed_function_names should be set only when the function calling mode is ANY or VALIDATED.");
  }
  for (const name of allowed) {
    if (!declarations.some((declaration) => declaration.name === name)) {
      refuse(`allowed_function_names contains a function that is not declared: ${name}`);
    }
  }
  if (config.mode === "VALIDATED" && context.model.generation < 2.5) {
    refuse("mode VALIDATED is not supported for this model.", "mode");
  }
  if (config.streamFunctionCallArguments === true) {
    if (context.model.generation < 3) {
      refuse(
        "stream_function_call_arguments is not supported for this model.",
        "stream_function_call_arguments",
      );
    }
    if (!context.stream) {
      refuse("stream_function_call_arguments needs a streaming request.", "stream_function_call_arguments");
    }
  }
}

const SEARCH_TOOLS = ["googleSearch", "googleSearchRetrieval", "enterpriseWebSearch"];

function checkCombinations(
  request: GenerateContentRequest,
  tools: readonly Tool[],
  context: CheckContext,
): void {
  const { model } = context;
  const kinds = new Set(tools.flatMap((tool) => Object.keys(tool)));
  const functions = kinds.has("functionDeclarations");
  const hosted = [...kinds].filter((kind) => kind !== "functionDeclarations");
  if (functions && model.tools === false) {
    const text = `Function calling is not enabled for models/${context.modelId}`;
    throw refusal(context, { vertex: unable(text), geminiApi: text });
  }
  if (functions && hosted.length > 0) {
    if (!model.combinesTools) {
      throw refusal(context, {
        vertex: unable("Multiple tools are supported only when they are all search tools."),
        geminiApi: "Tool use with function calling is unsupported",
      });
    }
    if (context.surface === "gemini-api" && request.toolConfig?.includeServerSideToolInvocations !== true) {
      const text =
        "Please enable tool_config.include_server_side_tool_invocations to use Built-in tools with Function calling.";
      throw refusal(context, { vertex: text, geminiApi: text });
    }
  }
  // Before Gemini 3 every function belongs in one Tool.
  const functionTools = tools.filter((tool) => tool.functionDeclarations !== undefined).length;
  if (functionTools > 1 && !model.combinesTools && context.surface === "vertex") {
    const text = unable("Multiple tools are supported only when they are all search tools.");
    throw refusal(context, { vertex: text, geminiApi: text });
  }
  checkJsonWithTools(request.generationConfig ?? {}, functions, hosted, context);
}

function checkJsonWithTools(
  config: GenerationConfig,
  functions: boolean,
  hosted: readonly string[],
  context: CheckContext,
): void {
  const mime = config.responseMimeType ?? "text/plain";
  if (mime === "text/plain" || mime === "" || context.model.combinesTools) return;
  if (functions) {
    const text = `Function calling with a response mime type: '${mime}' is unsupported`;
    throw refusal(context, { vertex: text, geminiApi: text });
  }
  if (hosted.some((kind) => SEARCH_TOOLS.includes(kind))) {
    throw refusal(context, {
      vertex: unable("controlled generation is not supported with google_search tool."),
      geminiApi: `Tool use with a response mime type: '${mime}' is unsupported`,
    });
  }
}
