/** Tool results of the history: each matched to its call, all of one turn in one content, in the order of the calls. */
import { invalidRequest } from "../../errors.ts";
import type { Content, FunctionResponse, FunctionResponsePart, JsonObject, Part } from "../../wire/gemini.ts";
import { isObject, optionalString } from "../read-field.ts";
import { type CallPart, splitId } from "./assistant-calls.ts";
import { readGoogleExtra } from "./extra-content.ts";
import { accountForFields } from "./field-account.ts";
import type { MessageScope } from "./message-scope.ts";
import { parseJsonText } from "./parse-json-text.ts";
import { readContent } from "./parts.ts";
import { readResultPart } from "./result-parts.ts";
import { hasStrayReference } from "./result-references.ts";
import type { PlacedMessage } from "./roles.ts";

const KEYS = new Set(["role", "content", "tool_call_id", "name", "extra_content"]);
const EXTRAS = new Set(["parts"] as const);

/** Models before Gemini 3 have no `functionResponse.parts`. Source: Google's function calling page. */
const MULTIMODAL_RESULTS_SINCE = 3;

/** `$ref` as a key, or any character of it escaped. */
const MAY_HOLD_REFERENCE = /\$ref"|\\u00/;

/** What the model is told about a call whose result never came. */
const NO_RESULT = "No result was returned for this call.";

/** A tool message, read but not yet matched to its call. */
export interface ToolResult {
  path: string;
  /** Of the older role `function`, whose messages name a function instead of a call. */
  isFunction: boolean;
  id: string | undefined;
  name: string | undefined;
  response: JsonObject;
  media: FunctionResponsePart[];
}

/** The contents that follow a model turn with calls. */
export interface Answers {
  /** One function response for each call, in their order. */
  responses: Content;
  /** Media the results hold where the model takes none inside them. */
  media: Part[];
}

/** @throws GatewayError (400) naming the field at fault. */
export function readToolMessage(placed: PlacedMessage, scope: MessageScope): ToolResult {
  const { message, path } = placed;
  scope.notes.used(`${path}.role`, "result-function");
  accountForFields(message, path, KEYS, scope);
  const id = optionalString(message, "tool_call_id", `${path}.tool_call_id`);
  const name = optionalString(message, "name", `${path}.name`);
  const extra = readGoogleExtra(message, path, EXTRAS, scope);

  const texts: string[] = [];
  const media: FunctionResponsePart[] = [];
  for (const { part } of readContent(placed, scope)) {
    if (part.text !== undefined) texts.push(part.text);
    else media.push(resultMedia(part, path, scope));
  }
  if (texts.length > 1) {
    scope.notes.add(
      "approximated",
      "result-function",
      `${path}.content`,
      "The text parts were joined with line breaks.",
    );
  }
  for (const [index, part] of (extra.parts ?? []).entries()) {
    media.push(readResultPart(part, `${extra.path}.parts[${index}]`, scope));
  }
  return {
    path,
    isFunction: message["role"] === "function",
    id: splitId(id).head,
    name: name === "" ? undefined : name,
    response: toResponse(texts.join("\n"), media, path, scope),
    media,
  };
}

/**
 * Answers every call once. A result names its call by `tool_call_id`; where it has none (the older `function` role),
 * or one that nobody knows, by its function's name. A call without a result gets an error in its place.
 * @throws GatewayError (400) for a second result, or one that answers no call of this turn.
 */
export function answerCalls(
  calls: readonly CallPart[],
  results: readonly ToolResult[],
  scope: MessageScope,
): Answers {
  const byId = new Map<string, CallPart>();
  for (const call of calls) {
    if (call.id === undefined) continue;
    if (byId.has(call.id)) {
      throw invalidRequest(
        `${call.path}.id`,
        `${call.path}.id: repeats the id of another call of the same turn.`,
      );
    }
    byId.set(call.id, call);
  }
  const answered = new Map<CallPart, ToolResult>();
  for (const result of results) answered.set(callOf(result, calls, byId, answered, scope), result);

  const parts: Part[] = [];
  const media: Part[] = [];
  for (const call of calls) {
    const result = answered.get(call);
    parts.push({ functionResponse: toFunctionResponse(call, result, media, scope) });
  }
  return { responses: { role: "user", parts }, media };
}

function callOf(
  result: ToolResult,
  calls: readonly CallPart[],
  byId: ReadonlyMap<string, CallPart>,
  answered: ReadonlyMap<CallPart, ToolResult>,
  scope: MessageScope,
): CallPart {
  const idPath = `${result.path}.tool_call_id`;
  const named = result.id === undefined ? undefined : byId.get(result.id);
  const call = named ?? calls.find((call) => call.name === result.name && !answered.has(call));
  if (call === undefined) throw unmatched(result, idPath);
  const earlier = answered.get(call);
  if (earlier !== undefined) {
    throw invalidRequest(
      idPath,
      `${idPath}: ${earlier.path} already answers this tool call; send one result for each call.`,
    );
  }
  accountForMatch(result, call, named !== undefined, scope);
  return call;
}

function unmatched(result: ToolResult, idPath: string): Error {
  if (result.id !== undefined) {
    return invalidRequest(idPath, `${idPath}: no tool call of the assistant message before it has this id.`);
  }
  if (result.name !== undefined) {
    const path = `${result.path}.name`;
    return invalidRequest(
      path,
      `${path}: no unanswered call of the assistant message before it is to this function.`,
    );
  }
  if (result.isFunction) {
    const path = `${result.path}.name`;
    return invalidRequest(
      path,
      `${path}: is required; send the name of the function this message answers for.`,
    );
  }
  return invalidRequest(idPath, `${idPath}: is required; send the id of the tool call this message answers.`);
}

function accountForMatch(result: ToolResult, call: CallPart, byId: boolean, scope: MessageScope): void {
  const { notes } = scope;
  if (result.id !== undefined) {
    if (byId) notes.used(`${result.path}.tool_call_id`, "result-function");
    else {
      notes.add(
        "approximated",
        "result-function",
        `${result.path}.tool_call_id`,
        "No call has this id; the result was matched by its function's name.",
      );
    }
  }
  if (result.name === undefined) return;
  if (result.name === call.name) notes.used(`${result.path}.name`, "result-function");
  else
    notes.add(
      "ignored",
      "result-function",
      `${result.path}.name`,
      "The call has another function name, which was sent.",
    );
}

function toFunctionResponse(
  call: CallPart,
  result: ToolResult | undefined,
  media: Part[],
  scope: MessageScope,
): FunctionResponse {
  const response: FunctionResponse = { name: call.name, response: result?.response ?? { error: NO_RESULT } };
  const id = call.part.functionCall?.id;
  if (id !== undefined) response.id = id;
  if (result === undefined) {
    scope.notes.add(
      "added",
      "result-missing",
      call.path,
      "No message answers this call; an error result was sent for it.",
    );
    return response;
  }
  if (result.media.length === 0) return response;
  if (scope.target.facts.generation >= MULTIMODAL_RESULTS_SINCE) response.parts = result.media;
  else {
    media.push(...result.media);
    scope.notes.add(
      "approximated",
      "result-media",
      result.path,
      "This model takes no media in a result; it follows the results as user content.",
    );
  }
  return response;
}

/**
 * A JSON object is the result as it is, unless reading it would round a number or Gemini would look for media in it;
 * any other text is its `output`.
 */
function toResponse(
  text: string,
  media: readonly FunctionResponsePart[],
  path: string,
  scope: MessageScope,
): JsonObject {
  const parsed = /^\s*\{/.test(text) ? parseJsonText(text, scope.jsonTexts) : undefined;
  if (parsed === undefined || parsed.rounded || !isObject(parsed.value)) return { output: text };
  if (
    scope.target.facts.generation >= MULTIMODAL_RESULTS_SINCE &&
    MAY_HOLD_REFERENCE.test(text) &&
    hasStrayReference(parsed.value, media)
  ) {
    scope.notes.add(
      "approximated",
      "result-reference",
      `${path}.content`,
      "This model takes $ref in a result for the name of a medium; the result was sent as text.",
    );
    return { output: text };
  }
  return parsed.value;
}

/** A function response part holds the data and nothing about how to look at it. */
function resultMedia(part: Part, path: string, scope: MessageScope): FunctionResponsePart {
  if (part.mediaResolution !== undefined || part.videoMetadata !== undefined) {
    scope.notes.add(
      "ignored",
      "result-media",
      `${path}.content`,
      "Media in a tool result takes no resolution and no video metadata.",
    );
  }
  return part.inlineData === undefined ? { fileData: part.fileData ?? {} } : { inlineData: part.inlineData };
}
