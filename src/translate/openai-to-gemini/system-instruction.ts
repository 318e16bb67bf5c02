import type { Content, Part } from "../../wire/gemini.ts";
import type { RequestContext } from "../target.ts";
import type { Conversation } from "./messages.ts";

/**
 * The conversation with everything the model is told beforehand: the system and developer messages, and `instruction`
 * where a response format has to be asked for in words. It goes where the model takes it.
 */
export function placeSystemInstruction(
  { contents, systemInstruction }: Conversation,
  instruction: string | undefined,
  context: RequestContext,
): { contents: Content[]; systemInstruction?: Content } {
  const given = systemInstruction?.parts ?? [];
  const parts: Part[] = instruction === undefined ? given : [...given, { text: instruction }];
  if (parts.length === 0) {
    return { contents };
  }
  const { facts, model } = context.target;
  switch (facts.systemText) {
    case "instruction":
      return { contents, systemInstruction: { parts } };
    case "turn":
      noteMoved(`${model} takes no system instruction; the text begins the first user turn.`, context);
      return { contents: atTheBeginning(parts, contents) };
    case "style":
      noteMoved(`${model} speaks every text; this one was sent as the style to speak in.`, context);
      return { contents: inStyle(parts.map(({ text = "" }) => text).join("\n"), contents) };
    default:
      return facts.systemText satisfies never;
  }
}

function noteMoved(detail: string, context: RequestContext): void {
  context.notes.add("approximated", "message-system", "messages", detail);
}

/** The first turn is always the user's. */
function atTheBeginning(parts: Part[], [first, ...others]: Content[]): Content[] {
  return [{ role: "user", parts: [...parts, ...(first?.parts ?? [])] }, ...others];
}

function inStyle(style: string, contents: Content[]): Content[] {
  const spoken = (part: Part): Part =>
    part.text === undefined ? part : { ...part, speechMetadata: { style } };
  return contents.map((content) =>
    content.role === "user" ? { ...content, parts: (content.parts ?? []).map(spoken) } : content,
  );
}
