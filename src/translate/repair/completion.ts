/** A whole answer of an OpenAI-shaped upstream, put right where it is not what OpenAI would have sent. */
import type { FinishReason } from "../../wire/openai.ts";
import { nonEmpty, objects, record } from "../gemini-to-openai/lenient.ts";
import { answerError, notAnAnswer } from "./answer-error.ts";
import { joinParts } from "./content.ts";
import { repairFinishReason } from "./finish-reason.ts";
import { isBlank, type Json, position } from "./json.ts";
import type { RepairOptions } from "./options.ts";
import { Repairs } from "./repairs.ts";
import { repairMessageCalls } from "./tool-calls.ts";
import { NO_USAGE, repairUsage } from "./usage.ts";

export interface RepairedCompletion {
  /** The completion; the very object that was given when nothing had to be mended. */
  value: Json;
  /** What was mended, each kind once, for example `usage: missing counts added`. Empty when nothing was. */
  repairs: string[];
}

/**
 * Mends an answer that is nearly OpenAI's. Fields it does not know stay as they are; the given value is not changed.
 *
 * @param body the parsed answer of an upstream that said 2xx
 * @throws GatewayError with the upstream's refusal when the body holds one (Google's compatibility layer wraps it in
 *   an array), and 502 when the body is no answer or says that the answer failed
 */
export function repairCompletion(body: unknown, options: RepairOptions): RepairedCompletion {
  const failure = answerError(body);
  if (failure !== undefined) throw failure;
  const given = record(body);
  if (given === undefined) throw notAnAnswer("is not a JSON object");
  const repairs = new Repairs();
  let value = repairEnvelope(given, options, repairs);
  const choices = repairChoices(given, options, repairs);
  if (choices !== given["choices"]) value = { ...value, choices };
  const usage = record(given["usage"]);
  if (usage === undefined) {
    repairs.add("usageAbsent");
    value = { ...value, usage: NO_USAGE };
  } else {
    const repaired = repairUsage(usage, repairs);
    if (repaired !== usage) value = { ...value, usage: repaired };
  }
  return { value, repairs: repairs.words };
}

function repairEnvelope(given: Json, options: RepairOptions, repairs: Repairs): Json {
  let value = given;
  if (nonEmpty(value["id"]) === undefined) {
    value = { ...value, id: options.id };
    repairs.add("id");
  }
  if (value["object"] !== "chat.completion") {
    value = { ...value, object: "chat.completion" };
    repairs.add("object");
  }
  if (position(value["created"]) === undefined) {
    value = { ...value, created: options.created };
    repairs.add("created");
  }
  if (nonEmpty(value["model"]) === undefined) {
    value = { ...value, model: options.model };
    repairs.add("model");
  }
  return value;
}

/** The choices; the very array that was given when they are right. */
function repairChoices(body: Json, options: RepairOptions, repairs: Repairs): unknown {
  const given = body["choices"];
  const entries = objects(given);
  if (entries.length === 0) {
    // An empty turn, often after a tool result: Google's layer then has no choice but counts the prompt.
    if (record(body["usage"]) === undefined) throw notAnAnswer("holds no choice");
    repairs.add("choice");
    return [emptyChoice()];
  }
  const repaired = entries.map((choice, at) => repairChoice(choice, at, options, repairs));
  if (!Array.isArray(given) || entries.length !== given.length) {
    repairs.add("notAChoice");
    return repaired;
  }
  return repaired.every((choice, at) => choice === given[at]) ? given : repaired;
}

function emptyChoice(): Json {
  return {
    index: 0,
    message: { role: "assistant", content: "", refusal: null },
    finish_reason: "stop" satisfies FinishReason,
    logprobs: null,
  };
}

function repairChoice(given: Json, at: number, options: RepairOptions, repairs: Repairs): Json {
  let choice = given;
  if (position(choice["index"]) === undefined) {
    choice = { ...choice, index: at };
    repairs.add("choiceIndex");
  }
  const message = repairMessage(choice["message"], options, repairs);
  if (message !== choice["message"]) choice = { ...choice, message };
  const finish = finishReasonOf(choice, message, repairs);
  if (finish !== choice["finish_reason"]) {
    choice = { ...choice, finish_reason: finish };
    repairs.add("finishReason");
  }
  if (choice["logprobs"] === undefined) {
    choice = { ...choice, logprobs: null };
    repairs.add("logprobs");
  }
  return choice;
}

function repairMessage(given: unknown, options: RepairOptions, repairs: Repairs): Json {
  let message = record(given);
  if (message === undefined) {
    // Google's layer leaves it out when nothing was generated (agentgateway#1464).
    repairs.add("message");
    return { role: "assistant", content: "", refusal: null };
  }
  if (message["role"] !== "assistant") {
    message = { ...message, role: "assistant" };
    repairs.add("role");
  }
  message = repairMessageCalls(joinParts(message, repairs), options, repairs);
  if (message["content"] === undefined) {
    message = { ...message, content: hasCalls(message) ? null : "" };
    repairs.add("content");
  }
  if (message["refusal"] === undefined) {
    message = { ...message, refusal: null };
    repairs.add("refusal");
  }
  return message;
}

function hasCalls(message: Json): boolean {
  return !isBlank(message["tool_calls"]) || record(message["function_call"]) !== undefined;
}

function finishReasonOf(choice: Json, message: Json, repairs: Repairs): FinishReason {
  const facts = {
    calledTools: hasCalls(message),
    legacyFunctions: isBlank(message["tool_calls"]),
    hasOutput: ["content", "refusal", "tool_calls", "function_call", "audio", "images"].some(
      (key) => !isBlank(message[key]),
    ),
  };
  // Google's layer has said `finishReason` beside an empty `finish_reason` (llmcord#84).
  const reason = nonEmpty(choice["finish_reason"]) ?? nonEmpty(choice["finishReason"]);
  if (reason === undefined) repairs.add("finishReasonAdded");
  return repairFinishReason(reason ?? "stop", facts);
}
