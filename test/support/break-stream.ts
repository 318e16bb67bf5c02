/** The known defects of OpenAI-shaped servers, done to a well-formed stream of one choice. */
import type { Json } from "./chat-stream-arbitrary.ts";

interface Choice {
  index?: number;
  delta: Json | null;
  finish_reason?: string | null;
}

interface ToolCall {
  index?: number;
  id?: string | null;
  type?: string;
  function: { name?: string | null; arguments: string };
}

/** Changes a chunk in place, the one at place `at` of its stream. */
type Defect = (chunk: Json, at: number) => void;

const eachChoice =
  (change: (choice: Choice) => void): Defect =>
  (chunk) => {
    for (const choice of chunk["choices"] as Choice[]) change(choice);
  };

const eachCall = (change: (call: ToolCall) => void): Defect =>
  eachChoice(({ delta }) => {
    for (const call of [delta?.["tool_calls"] ?? []].flat() as ToolCall[]) change(call);
  });

export const DEFECTS = {
  noIndex: eachCall((call) => delete call.index),
  sameIndex: eachCall((call) => (call.index = 0)),
  indexFromSeven: eachCall((call) => {
    if (call.index !== undefined) call.index += 7;
  }),
  emptyIds: eachCall((call) => (call.id = "")),
  nullNames: eachCall((call) => (call.function = { name: null, ...call.function })),
  noType: eachCall((call) => delete call.type),
  callAsObject: eachChoice(({ delta }) => {
    if (delta !== null && Array.isArray(delta["tool_calls"])) delta["tool_calls"] = delta["tool_calls"][0];
  }),
  noRole: eachChoice(({ delta }) => void delete delta?.["role"]),
  roleAlways: eachChoice(({ delta }) => {
    if (delta !== null) delta["role"] = "assistant";
  }),
  nullDelta: eachChoice((choice) => {
    if (choice.delta !== null && Object.keys(choice.delta).length === 0) choice.delta = null;
  }),
  contentParts: eachChoice(({ delta }) => {
    if (typeof delta?.["content"] === "string" && delta["content"] !== "") {
      delta["content"] = [{ type: "text", text: delta["content"] }];
    }
  }),
  stopAfterCalls: eachChoice((choice) => {
    if (choice.finish_reason === "tool_calls") choice.finish_reason = "stop";
  }),
  geminiWords: eachChoice((choice) => {
    const words = new Map([
      ["stop", "STOP"],
      ["tool_calls", "tool_use"],
      ["length", "MAX_TOKENS"],
      ["content_filter", "SAFETY"],
    ]);
    choice.finish_reason = words.get(choice.finish_reason ?? "") ?? null;
  }),
  finishAlways: eachChoice((choice) => (choice.finish_reason ??= "stop")),
  finishAbsent: eachChoice((choice) => {
    if (choice.finish_reason === null) delete choice.finish_reason;
  }),
  finishEmpty: eachChoice((choice) => {
    if (choice.finish_reason === null) choice.finish_reason = "";
  }),
  noChoiceIndex: eachChoice((choice) => delete choice.index),
  noId: (chunk) => void delete chunk["id"],
  idPerChunk: (chunk, at) => {
    if (at > 0) chunk["id"] = `another-${at}`;
  },
  noCreated: (chunk) => void delete chunk["created"],
  noModel: (chunk) => (chunk["model"] = ""),
  noObject: (chunk) => (chunk["object"] = "text_completion"),
  usageAlways: (chunk) => {
    if ((chunk["usage"] ?? null) === null && Object.hasOwn(chunk, "usage")) {
      chunk["usage"] = { prompt_tokens: 1, total_tokens: 1 };
    }
  },
} satisfies Record<string, Defect>;

export type DefectName = keyof typeof DEFECTS;

/** Defects that leave no way to tell which call a delta belongs to when they come together. */
export const CONTRADICTORY: readonly (readonly DefectName[])[] = [["sameIndex", "emptyIds"]];

/** Copies of the chunks with the defects in them. */
export function breakStream(chunks: readonly Json[], defects: readonly DefectName[]): Json[] {
  return structuredClone([...chunks]).map((chunk, at) => {
    for (const name of defects) (DEFECTS[name] as Defect)(chunk, at);
    return chunk;
  });
}
