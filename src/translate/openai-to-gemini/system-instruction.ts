import type { Content, Part } from "../../wire/gemini.ts";
import type { RequestContext } from "../target.ts";
import type { Conversation } from "./messages.ts";

/**
 * The conversation with everything the model is told beforehand: the system and developer messages, and `instruction`
 * where a response format has to be asked for in words. A model without system instructions ("Developer instruction is
 * not enabled") gets the text at the beginning of the first turn, which is always the user's.
 */
export function placeSystemInstruction(
  { contents, systemInstruction }: Conversation,
  instruction: string | undefined,
  context: RequestContext,
): { contents: Content[]; systemInstruction?: Content } {
  const parts: Part[] = [
    ...(systemInstruction?.parts ?? []),
    ...(instruction === undefined ? [] : [{ text: instruction }]),
  ];
  if (parts.length === 0) {
    return { contents };
  }
  if (context.target.facts.systemInstruction) {
    return { contents, systemInstruction: { parts } };
  }
  context.notes.add(
    "approximated",
    "message-system",
    "messages",
    `${context.target.model} takes no system instruction; the text begins the first user turn.`,
  );
  const [first, ...others] = contents;
  return { contents: [{ role: "user", parts: [...parts, ...(first?.parts ?? [])] }, ...others] };
}
