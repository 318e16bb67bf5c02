/** The tool calls of a whole answer. */
import { nonEmpty, record } from "../gemini-to-openai/lenient.ts";
import { escapedArguments } from "./argument-text.ts";
import { type Json, without } from "./json.ts";
import type { RepairOptions } from "./options.ts";
import type { Repairs } from "./repairs.ts";
import { signatureOf, withoutSignature, withSignature } from "./signature.ts";

/** A message whose tool calls, if it has any, are as OpenAI writes them; the same object when they were. */
export function repairMessageCalls(message: Json, options: RepairOptions, repairs: Repairs): Json {
  const given = message["tool_calls"];
  if (given === undefined || given === null) return message;
  const entries = toolCallList(given, repairs);
  const ids = new Set<string>();
  let calls = entries.map((entry) => repairCall(entry, ids, options, repairs));
  let rest = message;
  const signature = signatureOf(message);
  if (
    signature !== undefined &&
    calls[0] !== undefined &&
    calls.every((call) => signatureOf(call) === undefined)
  ) {
    // Of calls made together only the first is signed.
    calls = [withSignature(calls[0], signature), ...calls.slice(1)];
    rest = withoutSignature(message);
    repairs.add("signature");
  }
  const isSame =
    Array.isArray(given) && calls.length === given.length && calls.every((call, at) => call === given[at]);
  return isSame && rest === message ? message : { ...rest, tool_calls: calls };
}

/** The objects in `tool_calls`; TGI 2 sent the one call itself in place of a list (text-generation-inference#2794). */
export function toolCallList(given: unknown, repairs: Repairs): Json[] {
  const list: unknown[] = Array.isArray(given) ? given : [given];
  const entries = list.filter((entry): entry is Json => record(entry) !== undefined);
  if (!Array.isArray(given) || entries.length !== list.length) repairs.add("toolCallsArray");
  return entries;
}

/** Arguments as JSON text: TGI 2.0 sent the object itself (text-generation-inference#2136). */
export function argumentsAsText(given: unknown, repairs: Repairs): string | undefined {
  if (typeof given === "string") return given;
  if (given === undefined || given === null) return undefined;
  repairs.add("arguments");
  return JSON.stringify(given);
}

function repairCall(given: Json, ids: Set<string>, options: RepairOptions, repairs: Repairs): Json {
  let call = given;
  let id = nonEmpty(call["id"]);
  if (id === undefined || ids.has(id)) {
    id = options.mintToolCallId();
    call = { ...call, id };
    repairs.add("toolCallId");
  }
  ids.add(id);
  const called = record(call["function"]);
  if (nonEmpty(call["type"]) === undefined) {
    call = {
      ...call,
      type: called === undefined && record(call["custom"]) !== undefined ? "custom" : "function",
    };
    repairs.add("toolCallType");
  }
  if (called === undefined) return call;
  const text = argumentsAsText(called["arguments"], repairs) ?? "";
  let json = escapedArguments(text);
  if (json !== text) repairs.add("argumentsEscaped");
  if (text.trim() === "") {
    // A call without arguments is the empty object; clients parse whatever stands here.
    json = "{}";
    repairs.add("arguments");
  }
  if (json === called["arguments"]) return call;
  return { ...call, function: { ...without(called, "arguments"), arguments: json } };
}
