/** Tool calls of an assistant message, `tool_calls` or the older `function_call`, as `functionCall` parts. */
import { invalidRequest } from "../../errors.ts";
import type { JsonObject, Part } from "../../wire/gemini.ts";
import {
  isObject,
  optionalArray,
  optionalObject,
  optionalString,
  requiredString,
  wrongType,
} from "../read-field.ts";
import { isSignature, readGoogleExtra } from "./extra-content.ts";
import { accountForFields } from "./field-account.ts";
import type { MessageScope } from "./message-scope.ts";
import { parseJsonText } from "./parse-json-text.ts";
import { signCall } from "./signatures.ts";

/** One call of the history, waiting for its result. */
export interface CallPart {
  /** What a tool message names it by; undefined for `function_call`, which has no id. */
  id: string | undefined;
  name: string;
  /** `messages[1].tool_calls[0]`. */
  path: string;
  part: Part;
}

/** In one turn. OpenAI's models stop at 128 parallel calls. */
export const MAX_TOOL_CALLS = 1_000;

/** Gemini's limit for a function name. Source: FunctionDeclaration in js-genai. */
const MAX_NAME_CHARACTERS = 128;

const CALL_KEYS = new Set(["id", "type", "function", "custom", "extra_content"]);
const FUNCTION_KEYS = new Set(["name", "arguments"]);
const CUSTOM_KEYS = new Set(["name", "input"]);
const EXTRAS = new Set(["thought", "thought_signature"] as const);

/** LiteLLM carries the signature in the id: https://github.com/BerriAI/litellm/issues/18160 */
const ID_SEPARATOR = "__thought__";

/** @throws GatewayError (400) naming the call at fault. */
export function readToolCalls(
  message: Record<string, unknown>,
  messagePath: string,
  scope: MessageScope,
): CallPart[] {
  const path = `${messagePath}.tool_calls`;
  const calls = optionalArray(message, "tool_calls", path, { maxItems: MAX_TOOL_CALLS }) ?? [];
  const legacy = optionalObject(message, "function_call", `${messagePath}.function_call`);
  if (calls.length === 0) {
    return legacy === undefined ? [] : [readFunctionCall(legacy, `${messagePath}.function_call`, scope)];
  }
  if (legacy !== undefined) {
    scope.notes.add(
      "ignored",
      "call-function",
      `${messagePath}.function_call`,
      "`tool_calls` is present and was read in its place.",
    );
  }
  return calls.map((call, index) => readToolCall(call, `${path}[${index}]`, scope));
}

function readFunctionCall(call: Record<string, unknown>, path: string, scope: MessageScope): CallPart {
  const { name, args } = readFunction(call, path, scope);
  return { id: undefined, name, path, part: { functionCall: { name, args } } };
}

function readToolCall(call: unknown, path: string, scope: MessageScope): CallPart {
  if (!isObject(call)) throw wrongType(path, "an object with an id and a function", call);
  accountForFields(call, path, CALL_KEYS, scope);
  const type = optionalString(call, "type", `${path}.type`) ?? "function";
  if (type !== "function" && type !== "custom") {
    throw invalidRequest(`${path}.type`, `${path}.type: must be function or custom.`);
  }
  if (Object.hasOwn(call, "type"))
    scope.notes.used(`${path}.type`, type === "custom" ? "call-custom" : "call-function");
  const unread = type === "function" ? "custom" : "function";
  if (Object.hasOwn(call, unread) && call[unread] !== null) {
    scope.notes.add(
      "ignored",
      "message-unknown-field",
      `${path}.${unread}`,
      `A call of type ${type} was read without it.`,
    );
  }

  const value = optionalObject(call, type, `${path}.${type}`);
  if (value === undefined) throw wrongType(`${path}.${type}`, "an object with a name", undefined);
  const { name, args } =
    type === "function"
      ? readFunction(value, `${path}.function`, scope)
      : readCustom(value, `${path}.custom`, scope);

  const id = optionalString(call, "id", `${path}.id`);
  if (id !== undefined) scope.notes.used(`${path}.id`, "call-function");
  const { head, tail } = splitId(id);
  const extra = readGoogleExtra(call, path, EXTRAS, scope);
  const part: Part = { functionCall: { name, args } };
  if (extra.thought === true) part.thought = true;
  signCall(part, name, { id: head, path, extra, carriedInId: tail }, scope);
  return { id: head, name, path, part };
}

/** The id proper, and the signature some gateways append to it. */
export function splitId(id: string | undefined): { head: string | undefined; tail: string | undefined } {
  const at = id?.indexOf(ID_SEPARATOR) ?? -1;
  if (id === undefined || at === -1) return { head: id, tail: undefined };
  const tail = id.slice(at + ID_SEPARATOR.length);
  return { head: id.slice(0, at), tail: isSignature(tail) ? tail : undefined };
}

function readName(holder: Record<string, unknown>, path: string): string {
  const name = requiredString(holder, "name", `${path}.name`);
  if (name === "" || name.length > MAX_NAME_CHARACTERS) {
    throw invalidRequest(
      `${path}.name`,
      `${path}.name: must be 1 to ${MAX_NAME_CHARACTERS} characters long.`,
    );
  }
  return name;
}

function readFunction(
  value: Record<string, unknown>,
  path: string,
  scope: MessageScope,
): { name: string; args: JsonObject } {
  accountForFields(value, path, FUNCTION_KEYS, scope);
  const name = readName(value, path);
  scope.notes.used(`${path}.name`, "call-function");
  return { name, args: readArguments(value, `${path}.arguments`, scope) };
}

/** Gemini's `args` is an object: a struct cannot hold a bare list, a scalar, or text cut off in the middle. */
function readArguments(value: Record<string, unknown>, path: string, scope: MessageScope): JsonObject {
  const text = optionalString(value, "arguments", path) ?? "";
  const parsed = parseJsonText(text, scope.jsonTexts);
  if (parsed === undefined || parsed.value === null) {
    const why =
      text.trim() === "" || parsed !== undefined
        ? "There were no arguments"
        : "The arguments are not readable JSON";
    scope.notes.add("approximated", "call-arguments", path, `${why}, so {} was sent.`);
    return {};
  }
  if (!isObject(parsed.value)) {
    scope.notes.add(
      "approximated",
      "call-arguments",
      path,
      "The arguments are not a JSON object, so they were wrapped as value.",
    );
    return { value: parsed.value };
  }
  if (parsed.rounded) {
    scope.notes.add(
      "approximated",
      "call-arguments",
      path,
      "A number with more digits than a double holds was rounded.",
    );
  } else scope.notes.used(path, "call-function");
  return parsed.value;
}

/** Gemini has no free-text calls; the text travels as the argument `input`. */
function readCustom(
  value: Record<string, unknown>,
  path: string,
  scope: MessageScope,
): { name: string; args: JsonObject } {
  accountForFields(value, path, CUSTOM_KEYS, scope);
  const name = readName(value, path);
  scope.notes.used(`${path}.name`, "call-custom");
  const input = optionalString(value, "input", `${path}.input`) ?? "";
  scope.notes.add(
    "approximated",
    "call-custom",
    `${path}.input`,
    "The text was sent as the argument input of a function call.",
  );
  return { name, args: { input } };
}
