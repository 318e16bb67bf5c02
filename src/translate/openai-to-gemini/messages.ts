/** `messages` as Gemini's `contents` and `systemInstruction`. */
import { invalidRequest } from "../../errors.ts";
import type { Content, Part } from "../../wire/gemini.ts";
import { optionalString, wrongType } from "../read-field.ts";
import type { RequestContext } from "../target.ts";
import { MAX_TOOL_CALLS } from "./assistant-calls.ts";
import { type ModelParts, readAssistantMessage } from "./assistant-message.ts";
import { readGoogleExtra } from "./extra-content.ts";
import { accountForFields } from "./field-account.ts";
import { MediaResolutions } from "./media-resolution.ts";
import type { MessageScope } from "./message-scope.ts";
import { readContent } from "./parts.ts";
import { plainTextOf } from "./plain-text-message.ts";
import { type PlacedMessage, placeMessage } from "./roles.ts";
import { completeStep } from "./signatures.ts";
import { answerCalls, readToolMessage, type ToolResult } from "./tool-messages.ts";

/** Far beyond any model's context window of useful turns; each message costs work here and at Google. */
const MAX_MESSAGES = 10_000;

const TEXT_MESSAGE_KEYS = new Set(["role", "content", "name", "extra_content"]);
const NO_EXTRAS = new Set<never>();
const NO_IDS: ReadonlySet<string | undefined> = new Set();

/** Gemini refuses an empty content; a space is the least that can be said. */
const BLANK = " ";
const OPENING = "Begin.";
const CONTINUATION = "Continue.";

export interface Conversation {
  contents: Content[];
  systemInstruction?: Content;
  /** `generationConfig.mediaResolution` that the images' `detail` asks for, where parts cannot carry it. */
  mediaResolution?: string;
}

/** Neighbouring messages of one side; system messages do not stand between neighbours. */
interface Turn {
  side: "user" | "model";
  messages: PlacedMessage[];
}

/**
 * Translates a whole conversation. The result has at least one content, begins and ends with a user turn where the
 * model needs that, and answers every function call exactly once, directly after the turn that made it.
 * @throws GatewayError (400) naming the message and field at fault.
 */
export function toContents(
  messages: unknown,
  context: RequestContext,
  options: { thoughtTagMarker: string | undefined },
): Conversation {
  const scope: MessageScope = {
    ...context,
    thoughtTagMarker: options.thoughtTagMarker,
    resolutions: new MediaResolutions(),
  };
  const { system, turns } = readTurns(messages, scope);
  const contents: Content[] = [];
  for (let index = 0; index < turns.length; index += 1) {
    const turn = turns[index]!;
    if (turn.side === "model") appendModelTurn(contents, turn, turns[index + 1], scope);
    else appendUserTurn(contents, turn, index === 0, scope);
  }

  const conversation: Conversation = { contents };
  if (contents.length > 0) {
    if (system.length > 0) conversation.systemInstruction = { parts: system };
    completeEnds(contents, turns, scope);
  } else if (system.length > 0) {
    contents.push({ role: "user", parts: system });
    scope.notes.add(
      "added",
      "message-system-only",
      "messages",
      "There is no user message, so the system text was sent as one.",
    );
  } else {
    throw invalidRequest("messages", "messages: every message is empty; send at least one with content.");
  }
  const mediaResolution = scope.resolutions.highest(scope.notes);
  if (mediaResolution !== undefined) conversation.mediaResolution = mediaResolution;
  return conversation;
}

function readTurns(messages: unknown, scope: MessageScope): { system: Part[]; turns: Turn[] } {
  if (!Array.isArray(messages)) throw wrongType("messages", "an array of messages", messages ?? undefined);
  if (messages.length === 0) throw invalidRequest("messages", "messages: must hold at least one message.");
  if (messages.length > MAX_MESSAGES) {
    throw invalidRequest(
      "messages",
      `messages: at most ${MAX_MESSAGES} messages are accepted, and there are ${messages.length}.`,
    );
  }
  const system: Part[] = [];
  const turns: Turn[] = [];
  for (let index = 0; index < messages.length; index += 1) {
    const placed = placeMessage(messages[index], index);
    if (placed.side === "system") {
      readTextMessage(placed, scope, system);
      if (turns.length > 0) {
        scope.notes.add(
          "approximated",
          "message-system",
          placed.path,
          "Gemini has one system instruction before the conversation; the text was moved there.",
        );
      }
      continue;
    }
    const side = placed.side === "model" ? "model" : "user";
    const last = turns.at(-1);
    if (last?.side === side) last.messages.push(placed);
    else turns.push({ side, messages: [placed] });
  }
  return { system, turns };
}

/** A system, developer or user message, to the end of `parts`. */
function readTextMessage(placed: PlacedMessage, scope: MessageScope, parts: Part[]): void {
  const { message, path, side } = placed;
  const text = plainTextOf(message, scope);
  if (text !== undefined) {
    parts.push({ text });
    return;
  }
  scope.notes.used(`${path}.role`, side === "system" ? "message-system" : "message-user");
  accountForFields(message, path, TEXT_MESSAGE_KEYS, scope);
  if ((optionalString(message, "name", `${path}.name`) ?? "") !== "") {
    scope.notes.add("ignored", "message-name", `${path}.name`, "Gemini has no names for participants.");
  }
  readGoogleExtra(message, path, NO_EXTRAS, scope);
  for (const { part } of readContent(placed, scope)) parts.push(part);
}

/** The user's words; the tool results among them were answered with the model turn before. */
function appendUserTurn(contents: Content[], turn: Turn, isFirst: boolean, scope: MessageScope): void {
  const result = turn.messages.find(({ side }) => side === "result");
  if (isFirst) refuseOrphan(result);
  const parts: Part[] = [];
  for (const placed of turn.messages) {
    if (placed.side === "user") readTextMessage(placed, scope, parts);
  }
  const first = turn.messages[0];
  if (parts.length === 0 && first !== undefined && result === undefined) {
    parts.push({ text: BLANK });
    scope.notes.add(
      "added",
      "message-empty-turn",
      first.path,
      "The message is empty; a single space was sent in its place.",
    );
  }
  append(contents, { role: "user", parts });
}

/** OpenAI refuses a tool message without its call, and Gemini a response without its call. */
function refuseOrphan(result: { path: string } | undefined): void {
  if (result === undefined) return;
  const path = `${result.path}.tool_call_id`;
  throw invalidRequest(
    path,
    `${path}: no assistant message with tool calls stands directly before this result.`,
  );
}

/**
 * Assistant messages in a row, with the results of their calls. They are one step unless the calls of an earlier one
 * have no result at all: then that one was answered once, and the answer was lost.
 */
function appendModelTurn(contents: Content[], turn: Turn, next: Turn | undefined, scope: MessageScope): void {
  const messages = turn.messages.map((placed) => readAssistantMessage(placed, scope));
  const results: ToolResult[] = [];
  for (const placed of next?.messages ?? []) {
    if (placed.side === "result") results.push(readToolMessage(placed, scope));
  }
  const answeredIds = results.length === 0 ? NO_IDS : new Set(results.map(({ id }) => id));
  let step: ModelParts = messages[0] ?? { parts: [], calls: [] };
  for (const message of messages.slice(1)) {
    const mayBeAnswered = answeredIds.has(undefined) || step.calls.some(({ id }) => answeredIds.has(id));
    if (step.calls.length > 0 && !mayBeAnswered) {
      appendStep(contents, step, [], scope);
      step = message;
      continue;
    }
    for (const part of message.parts) step.parts.push(part);
    for (const call of message.calls) step.calls.push(call);
  }
  if (step.parts.length === 0) {
    const path = turn.messages.at(-1)?.path ?? "messages";
    scope.notes.add(
      "ignored",
      "message-empty-turn",
      path,
      "The message is empty, so there is no turn to send.",
    );
  }
  appendStep(contents, step, results, scope);
}

function appendStep(
  contents: Content[],
  step: ModelParts,
  results: readonly ToolResult[],
  scope: MessageScope,
): void {
  if (step.calls.length > MAX_TOOL_CALLS) {
    const path = step.calls[MAX_TOOL_CALLS]?.path ?? "messages";
    throw invalidRequest(path, `${path}: at most ${MAX_TOOL_CALLS} tool calls are accepted in one turn.`);
  }
  completeStep(step.calls, scope);
  append(contents, { role: "model", parts: step.parts });
  if (step.calls.length === 0) return refuseOrphan(results[0]);
  const { responses, media } = answerCalls(step.calls, results, scope);
  append(contents, responses);
  append(contents, { role: "user", parts: media });
}

/**
 * Contents of one role are joined, but function responses stay by themselves: their number is compared with the calls
 * of the content before, and the user's next words begin a new turn.
 */
function append(contents: Content[], content: Content): void {
  const parts = content.parts ?? [];
  if (parts.length === 0) return;
  const last = contents.at(-1);
  if (
    last?.parts === undefined ||
    last.role !== content.role ||
    holdsResponses(last) ||
    holdsResponses(content)
  ) {
    contents.push(content);
    return;
  }
  // Not one push of all: a spread of a million parts overflows the stack.
  for (const part of parts) last.parts.push(part);
}

function holdsResponses(content: Content | undefined): boolean {
  return content?.parts?.[0]?.functionResponse !== undefined;
}

/** A function call must follow a user turn, and newer models take no turn of their own as the last. */
function completeEnds(contents: Content[], turns: readonly Turn[], scope: MessageScope): void {
  if (contents[0]?.role === "model") {
    contents.unshift({ role: "user", parts: [{ text: OPENING }] });
    const path = turns[0]?.messages[0]?.path ?? "messages";
    scope.notes.add(
      "added",
      "message-leading-model",
      path,
      `The conversation begins with the assistant; a user turn "${OPENING}" was put before it.`,
    );
  }
  if (contents.at(-1)?.role === "model" && !scope.target.facts.prefill) {
    contents.push({ role: "user", parts: [{ text: CONTINUATION }] });
    const path = turns.at(-1)?.messages.at(-1)?.path ?? "messages";
    scope.notes.add(
      "added",
      "message-trailing-model",
      path,
      `This model takes no trailing assistant message; a user turn "${CONTINUATION}" was put after it.`,
    );
  }
}
