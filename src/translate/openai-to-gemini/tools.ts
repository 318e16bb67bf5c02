import { invalidRequest } from "../../errors.ts";
import type { FunctionDeclaration } from "../../wire/gemini.ts";
import type { ChatCompletionRequest } from "../../wire/openai.ts";
import {
  isObject,
  optionalArray,
  optionalBoolean,
  optionalObject,
  optionalString,
  requiredString,
  wrongType,
} from "../read-field.ts";
import type { RequestContext } from "../target.ts";
import { toParameters } from "./function-parameters.ts";
import { noteUnknownKeys } from "./unknown-fields.ts";

/** Of function declarations in one request, as js-genai documents it. */
const MAX_FUNCTIONS = 512;
/** From js-genai's FunctionDeclaration.name. OpenAI's names are a subset, but for those that start with a digit or "-". */
const FUNCTION_NAME = /^[A-Za-z_][A-Za-z0-9_.:-]{0,127}$/;

const TOOL_KEYS = ["type", "function"];
const FUNCTION_KEYS = ["name", "description", "strict", "parameters"];
/** Of the Responses API's form. */
const FLAT_KEYS = [...TOOL_KEYS, ...FUNCTION_KEYS];

export interface FunctionTools {
  declarations: FunctionDeclaration[];
  names: ReadonlySet<string>;
  /** Paths of the `strict: true` that were found. */
  strict: string[];
  /** They came as `functions`, so the answer must use `function_call`. */
  legacy: boolean;
}

/**
 * `tools` of type function, or the older `functions`, as function declarations.
 *
 * @throws GatewayError `invalid_request` for other types of tool, names Gemini refuses or has twice, and both fields.
 */
export function toFunctionTools(request: ChatCompletionRequest, context: RequestContext): FunctionTools {
  const tools = optionalArray(request, "tools", "tools", { maxItems: MAX_FUNCTIONS });
  const functions = optionalArray(request, "functions", "functions", { maxItems: MAX_FUNCTIONS });
  if (tools !== undefined && functions !== undefined) {
    throw invalidRequest("functions", "functions: is the older form of tools; send only one of them.");
  }
  const found: FunctionTools & { names: Set<string> } = {
    declarations: [],
    names: new Set(),
    strict: [],
    legacy: functions !== undefined,
  };
  const read = functions === undefined ? readTool : readFunction;
  const field = functions === undefined ? "tools" : "functions";
  const entries = tools ?? functions ?? [];
  for (let index = 0; index < entries.length; index += 1) {
    read(entries[index], `${field}[${index}]`, found, context, FUNCTION_KEYS);
  }
  return found;
}

type Found = FunctionTools & { names: Set<string> };

function readTool(tool: unknown, path: string, found: Found, context: RequestContext): void {
  if (!isObject(tool)) {
    throw wrongType(path, "an object", tool);
  }
  const typePath = `${path}.type`;
  const type = optionalString(tool, "type", typePath);
  if (type === undefined && !Object.hasOwn(tool, "function")) {
    throw invalidRequest(
      typePath,
      `${typePath}: is required and must be function; Gemini's own tools go into extra_body.google.tools.`,
    );
  }
  if (type !== undefined && type !== "function") {
    throw invalidRequest(typePath, unsupportedType(type, typePath));
  }
  context.notes.used(typePath, "tools");
  const functionPath = `${path}.function`;
  const nested = optionalObject(tool, "function", functionPath);
  if (nested === undefined) {
    if (!Object.hasOwn(tool, "name")) {
      throw wrongType(functionPath, "an object with a name", undefined);
    }
    // The Responses API's flat form: clients that speak both APIs mix them up.
    readFunction(tool, path, found, context, FLAT_KEYS);
    return;
  }
  noteUnknownKeys(tool, TOOL_KEYS, path, context.notes);
  readFunction(nested, functionPath, found, context, FUNCTION_KEYS);
}

function unsupportedType(type: string, path: string): string {
  if (type === "custom") {
    return `${path}: custom tools have no counterpart in Gemini; declare a function with one string parameter.`;
  }
  if (type.startsWith("web_search")) {
    return `${path}: must be function; send web_search_options to let the model search the web.`;
  }
  return `${path}: must be function; Gemini's own tools go into extra_body.google.tools.`;
}

function readFunction(
  declared: unknown,
  path: string,
  found: Found,
  context: RequestContext,
  keys: readonly string[],
): void {
  if (!isObject(declared)) {
    throw wrongType(path, "an object", declared);
  }
  const { notes } = context;
  const namePath = `${path}.name`;
  const name = requiredString(declared, "name", namePath);
  if (!FUNCTION_NAME.test(name)) {
    throw invalidRequest(
      namePath,
      `${namePath}: must be 1 to 128 letters, digits, "_", ".", ":" or "-", a letter or "_" first.`,
    );
  }
  if (found.names.has(name)) {
    throw invalidRequest(namePath, `${namePath}: an earlier function has the same name.`);
  }
  found.names.add(name);
  notes.used(namePath, "tools");
  const declaration: FunctionDeclaration = { name };
  const descriptionPath = `${path}.description`;
  const description = optionalString(declared, "description", descriptionPath);
  if (description !== undefined) {
    notes.used(descriptionPath, "tools");
    if (description !== "") declaration.description = description;
  }
  const strictPath = `${path}.strict`;
  const strict = optionalBoolean(declared, "strict", strictPath);
  if (strict === true) {
    found.strict.push(strictPath);
  } else if (strict === false) {
    notes.used(strictPath, "tools");
  }
  noteUnknownKeys(declared, keys, path, notes);
  found.declarations.push(Object.assign(declaration, toParameters(declared, path, context)));
}
