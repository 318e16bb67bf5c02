import { invalidRequest } from "../../errors.ts";
import type { FunctionCallingConfig } from "../../wire/gemini.ts";
import type { ChatCompletionRequest } from "../../wire/openai.ts";
import {
  isObject,
  optionalObject,
  optionalString,
  requiredArray,
  requiredString,
  wrongType,
} from "../read-field.ts";
import type { RequestContext } from "../target.ts";
import type { FunctionTools } from "./tools.ts";
import { noteUnknownKeys } from "./unknown-fields.ts";

/** The word forms. `validated` is Google's own: call or text, with arguments held to their schema. */
const MODES: ReadonlyMap<string, NonNullable<FunctionCallingConfig["mode"]>> = new Map([
  ["auto", "AUTO"],
  ["none", "NONE"],
  ["required", "ANY"],
  ["validated", "VALIDATED"],
]);

const MAX_NAMES = 512;

/** The mode VALIDATED came with Gemini 2.5. */
export function takesValidated({ target }: RequestContext): boolean {
  return target.facts.generation >= 2.5;
}

/**
 * `tool_choice`, or `function_call` beside `functions`, as `functionCallingConfig`; undefined when the caller leaves
 * the choice open.
 *
 * @throws GatewayError `invalid_request` for a choice that does not exist, a function that is not declared, or a
 * choice that needs functions where there are none.
 */
export function toFunctionCallingConfig(
  request: ChatCompletionRequest,
  functions: FunctionTools,
  context: RequestContext,
): FunctionCallingConfig | undefined {
  const field = fieldOf(request, functions);
  const choice = present(request, field);
  if (choice === undefined) {
    return undefined;
  }
  const reader = new ChoiceReader(field, functions, context);
  return typeof choice === "string" ? reader.word(choice) : reader.object(choice);
}

type ChoiceField = "tool_choice" | "function_call";

function present(request: ChatCompletionRequest, field: ChoiceField): unknown {
  return Object.hasOwn(request, field) ? (request[field] ?? undefined) : undefined;
}

function fieldOf(request: ChatCompletionRequest, functions: FunctionTools): ChoiceField {
  const current = present(request, "tool_choice") !== undefined;
  const older = present(request, "function_call") !== undefined;
  if (older && (current || (!functions.legacy && functions.names.size > 0))) {
    throw invalidRequest("function_call", "function_call: goes with functions; send tool_choice with tools.");
  }
  if (current && functions.legacy) {
    throw invalidRequest("tool_choice", "tool_choice: goes with tools; send function_call with functions.");
  }
  return older ? "function_call" : "tool_choice";
}

class ChoiceReader {
  readonly #field: ChoiceField;
  readonly #functions: FunctionTools;
  readonly #context: RequestContext;
  readonly #rule: "tool-choice" | "legacy-functions";

  constructor(field: ChoiceField, functions: FunctionTools, context: RequestContext) {
    this.#field = field;
    this.#functions = functions;
    this.#context = context;
    this.#rule = field === "tool_choice" ? "tool-choice" : "legacy-functions";
  }

  word(word: string): FunctionCallingConfig | undefined {
    const mode = MODES.get(word);
    if (mode === undefined || (this.#field === "function_call" && mode !== "AUTO" && mode !== "NONE")) {
      const words = this.#field === "tool_choice" ? [...MODES.keys()] : ["auto", "none"];
      throw invalidRequest(
        this.#field,
        `${this.#field}: must be ${words.join(", ")}, or an object naming a function.`,
      );
    }
    if (this.#functions.names.size > 0) {
      return this.#mode(mode);
    }
    if (mode === "ANY" || mode === "VALIDATED") {
      this.#refuseWithoutFunctions();
    }
    // Nothing to choose from: "auto" and "none" come to the same.
    this.#used(this.#field);
    return undefined;
  }

  object(choice: unknown): FunctionCallingConfig {
    if (!isObject(choice)) {
      throw wrongType(this.#field, "a string or an object", choice);
    }
    if (this.#functions.names.size === 0) {
      this.#refuseWithoutFunctions();
    }
    if (this.#field === "function_call") {
      noteUnknownKeys(choice, ["name"], this.#field, this.#context.notes, this.#rule);
      return { mode: "ANY", allowedFunctionNames: [this.#name(choice, this.#field)] };
    }
    const path = `${this.#field}.type`;
    const type = optionalString(choice, "type", path) ?? "function";
    switch (type) {
      case "function":
        this.#used(path);
        return { mode: "ANY", allowedFunctionNames: [this.#toolName(choice, this.#field)] };
      case "allowed_tools":
        this.#used(path);
        return this.#allowedTools(choice);
      default:
        throw invalidRequest(path, `${path}: must be function or allowed_tools.`);
    }
  }

  #allowedTools(choice: Record<string, unknown>): FunctionCallingConfig {
    const nested = optionalObject(choice, "allowed_tools", `${this.#field}.allowed_tools`);
    const holder = nested ?? choice;
    const path = nested === undefined ? this.#field : `${this.#field}.allowed_tools`;
    const { notes } = this.#context;
    noteUnknownKeys(
      choice,
      nested === undefined ? ["type", "mode", "tools"] : ["type", "allowed_tools"],
      this.#field,
      notes,
    );
    if (nested !== undefined) {
      noteUnknownKeys(nested, ["mode", "tools"], path, notes);
    }
    const mode = requiredString(holder, "mode", `${path}.mode`);
    if (mode !== "auto" && mode !== "required") {
      throw invalidRequest(`${path}.mode`, `${path}.mode: must be auto or required.`);
    }
    const tools = requiredArray(holder, "tools", `${path}.tools`, { maxItems: MAX_NAMES });
    if (tools.length === 0) {
      throw invalidRequest(
        `${path}.tools`,
        `${path}.tools: is empty; name a function, or send tool_choice none.`,
      );
    }
    const names = tools.map((tool, index) => this.#allowedName(tool, `${path}.tools[${index}]`));
    const allowedFunctionNames = [...new Set(names)];
    if (mode === "required") {
      this.#used(`${path}.mode`);
      return { mode: "ANY", allowedFunctionNames };
    }
    // AUTO ignores the list; VALIDATED is the mode that may answer in text and still keeps to it.
    if (takesValidated(this.#context)) {
      notes.add(
        "approximated",
        "tool-choice",
        `${path}.mode`,
        "Sent as VALIDATED: AUTO would not keep to the list.",
      );
      return { mode: "VALIDATED", allowedFunctionNames };
    }
    notes.add(
      "ignored",
      "tool-choice",
      `${path}.tools`,
      `${this.#context.target.model} keeps to a list of functions only when it must call one.`,
    );
    this.#used(`${path}.mode`);
    return { mode: "AUTO" };
  }

  #mode(mode: NonNullable<FunctionCallingConfig["mode"]>): FunctionCallingConfig {
    if (mode === "VALIDATED" && !takesValidated(this.#context)) {
      const { notes, target } = this.#context;
      notes.add(
        "approximated",
        "tool-choice",
        this.#field,
        `${target.model} has no mode VALIDATED; sent as AUTO.`,
      );
      return { mode: "AUTO" };
    }
    this.#used(this.#field);
    return { mode };
  }

  #allowedName(tool: unknown, path: string): string {
    if (!isObject(tool)) {
      throw wrongType(path, "an object naming a function", tool);
    }
    const type = optionalString(tool, "type", `${path}.type`) ?? "function";
    if (type !== "function") {
      throw invalidRequest(`${path}.type`, `${path}.type: must be function.`);
    }
    this.#used(`${path}.type`);
    return this.#toolName(tool, path);
  }

  /** `{type, function: {name}}`, or the Responses API's `{type, name}`. */
  #toolName(tool: Record<string, unknown>, path: string): string {
    const nested = optionalObject(tool, "function", `${path}.function`);
    if (nested === undefined && !Object.hasOwn(tool, "name")) {
      throw wrongType(`${path}.function`, "an object with a name", undefined);
    }
    const { notes } = this.#context;
    noteUnknownKeys(tool, nested === undefined ? ["type", "name"] : ["type", "function"], path, notes);
    if (nested === undefined) {
      return this.#name(tool, path);
    }
    noteUnknownKeys(nested, ["name"], `${path}.function`, notes);
    return this.#name(nested, `${path}.function`);
  }

  #name(holder: Record<string, unknown>, path: string): string {
    const name = requiredString(holder, "name", `${path}.name`);
    if (!this.#functions.names.has(name)) {
      const declared = this.#functions.legacy ? "functions" : "tools";
      throw invalidRequest(
        `${path}.name`,
        `${path}.name: no function of this name is declared in ${declared}.`,
      );
    }
    this.#used(`${path}.name`);
    return name;
  }

  #used(path: string): void {
    this.#context.notes.used(path, this.#rule);
  }

  #refuseWithoutFunctions(): never {
    const declared = this.#field === "tool_choice" ? "tools" : "functions";
    throw invalidRequest(
      this.#field,
      `${this.#field}: needs ${declared} to choose from; declare them, or leave it out.`,
    );
  }
}
