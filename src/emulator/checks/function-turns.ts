/**
 * How calls and responses follow each other. Texts: public issues (google-gemini/gemini-cli 5443, earendil-works/pi 471).
 * The matching of ids on 3.8: the Gemini 3.8 Flash guide, docs.cloud.google.com.
 */
import type { Content, FunctionCall, FunctionResponse } from "../../wire/gemini.ts";
import { refusal, type CheckContext } from "./check-context.ts";

const COUNTS_DIFFER =
  "Please ensure that the number of function response parts is equal to the number of function call parts of the function call turn.";
const CALL_OUT_OF_ORDER =
  "Please ensure that function call turn comes immediately after a user turn or after a function response turn.";
const RESPONSE_OUT_OF_ORDER =
  "Please ensure that function response turn comes immediately after a function call turn.";
const ENDS_WITH_MODEL = "Please ensure that multiturn requests end with a user role or a function response.";

/** @throws {GoogleApiError} */
export function checkFunctionTurns(contents: readonly Content[], context: CheckContext): void {
  const refuse = (text: string): never => {
    throw refusal(context, { vertex: text, geminiApi: text });
  };
  for (const [index, content] of contents.entries()) {
    const calls = callsOf(content);
    const responses = responsesOf(content);
    const previous = contents[index - 1];
    if (calls.length > 0) {
      if (previous === undefined || previous.role === "model") refuse(CALL_OUT_OF_ORDER);
      const next = contents[index + 1];
      const answers = next === undefined ? [] : responsesOf(next);
      if (answers.length !== calls.length) refuse(COUNTS_DIFFER);
      if (context.model.generation >= 3.8) checkMatch(calls, answers, refuse);
    }
    if (responses.length > 0 && (previous === undefined || callsOf(previous).length === 0)) {
      refuse(RESPONSE_OUT_OF_ORDER);
    }
  }
  if (!context.model.trailingModelTurn && contents.at(-1)?.role === "model") refuse(ENDS_WITH_MODEL);
}

/** From 3.8 on every response must have the id and name of a call; a call that came without an id is met by name. */
function checkMatch(
  calls: readonly FunctionCall[],
  responses: readonly FunctionResponse[],
  refuse: (text: string) => never,
): void {
  const open = [...calls];
  for (const response of responses) {
    const match = open.findIndex((call) => call.id === response.id && call.name === response.name);
    if (match < 0) {
      refuse(
        `Please ensure that every function response matches the id and name of a function call of the preceding turn: no call has id "${response.id ?? ""}" and name "${response.name ?? ""}".`,
      );
    }
    open.splice(match, 1);
  }
}

export function callsOf(content: Content): FunctionCall[] {
  return (content.parts ?? []).flatMap((part) => part.functionCall ?? []);
}

export function responsesOf(content: Content): FunctionResponse[] {
  return (content.parts ?? []).flatMap((part) => part.functionResponse ?? []);
}
