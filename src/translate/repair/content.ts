/** Answers whose `content` is a list of parts, as Mistral's reasoning models write it. */
import { record } from "../gemini-to-openai/lenient.ts";
import type { Json } from "./json.ts";
import type { Repairs } from "./repairs.ts";

/**
 * A message or delta with its text parts joined to a string, thinking parts to `reasoning_content`.
 * The same object when there is no list, or when it holds a part that text cannot stand for.
 */
export function joinParts(holder: Json, repairs: Repairs): Json {
  const parts = holder["content"];
  if (!Array.isArray(parts)) return holder;
  let content = "";
  let reasoning = "";
  for (const part of parts) {
    const text = partText(part);
    if (text !== undefined) {
      content += text;
      continue;
    }
    const thinking = thinkingText(part);
    if (thinking === undefined) return holder;
    reasoning += thinking;
  }
  if (reasoning !== "" && Object.hasOwn(holder, "reasoning_content")) return holder;
  repairs.add("contentParts");
  return { ...holder, content, ...(reasoning === "" ? {} : { reasoning_content: reasoning }) };
}

function partText(part: unknown): string | undefined {
  if (typeof part === "string") return part;
  const { type, text } = record(part) ?? {};
  return (type === "text" || type === "output_text") && typeof text === "string" ? text : undefined;
}

/** `{"type":"thinking","thinking":[{"type":"text","text":"..."}]}`, or with plain text inside. */
function thinkingText(part: unknown): string | undefined {
  const { type, thinking } = record(part) ?? {};
  if (type !== "thinking") return undefined;
  const pieces = (Array.isArray(thinking) ? thinking : [thinking]).map((piece: unknown) => partText(piece));
  return pieces.includes(undefined) ? undefined : pieces.join("");
}
