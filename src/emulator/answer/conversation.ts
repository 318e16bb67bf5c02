/** A request seen as a conversation: who said what, what was sent along, what functions gave back. */
import type {
  Content,
  FileData,
  FunctionCall,
  FunctionResponse,
  GenerateContentRequest,
  Part,
} from "../../wire/gemini.ts";
import { readMedia, type ReceivedMedia } from "./media/read-media.ts";

export interface Turn {
  role: "user" | "model";
  text: string;
  media: ReceivedMedia[];
  files: FileData[];
  calls: FunctionCall[];
  responses: FunctionResponse[];
}

export interface Conversation {
  system: string;
  turns: Turn[];
  /** What is being answered: the last words of the user, shortened in the middle when long. */
  ask: string;
  /** Index in `turns` of the turn the ask was taken from; -1 when there is none. */
  askIndex: number;
  /** Calls made and results given since the ask. */
  calls: FunctionCall[];
  responses: FunctionResponse[];
}

const longestHead = 6000;
const longestTail = 2000;

export function readConversation(request: GenerateContentRequest): Conversation {
  const turns: Turn[] = [];
  for (const content of request.contents ?? []) {
    const turn = readTurn(content);
    const last = turns.at(-1);
    if (last !== undefined && last.role === turn.role) merge(last, turn);
    else turns.push(turn);
  }
  const askIndex = turns.findLastIndex(
    (turn) => turn.role === "user" && (turn.text !== "" || turn.media.length + turn.files.length > 0),
  );
  const since = askIndex < 0 ? turns : turns.slice(askIndex);
  return {
    system: textOf(request.systemInstruction?.parts ?? []),
    turns,
    ask: shortened(turns[askIndex]?.text ?? ""),
    askIndex,
    calls: since.flatMap((turn) => turn.calls),
    responses: since.flatMap((turn) => turn.responses),
  };
}

/** Long prompts keep their beginning and their end, where the question usually is. */
function shortened(text: string): string {
  if (text.length <= longestHead + longestTail) return text;
  return `${text.slice(0, longestHead)}\n${text.slice(-longestTail)}`;
}

function readTurn(content: Content): Turn {
  const parts = content.parts ?? [];
  const inResponses = parts.flatMap((part) => part.functionResponse?.parts ?? []);
  return {
    role: content.role === "model" ? "model" : "user",
    text: textOf(parts),
    media: [...parts, ...inResponses].flatMap((part) =>
      part.inlineData ? [readMedia(part.inlineData)] : [],
    ),
    files: [...parts, ...inResponses].flatMap((part) => (part.fileData ? [part.fileData] : [])),
    calls: parts.flatMap((part) => (part.functionCall ? [part.functionCall] : [])),
    responses: parts.flatMap((part) => (part.functionResponse ? [part.functionResponse] : [])),
  };
}

function textOf(parts: readonly Part[]): string {
  return parts
    .filter((part) => part.thought !== true && typeof part.text === "string" && part.text !== "")
    .map((part) => part.text)
    .join("\n")
    .trim();
}

function merge(into: Turn, from: Turn): void {
  into.text = [into.text, from.text].filter((text) => text !== "").join("\n");
  into.media.push(...from.media);
  into.files.push(...from.files);
  into.calls.push(...from.calls);
  into.responses.push(...from.responses);
}
