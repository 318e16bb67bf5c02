/** Most messages of a long conversation are a role and a text. */
import type { MessageScope } from "./message-scope.ts";

/**
 * The text of a message that holds nothing else, so that no field of it is to be looked at by name and nothing to be
 * noted; undefined for all others, and where a trace wants every field.
 */
export function plainTextOf(message: Record<string, unknown>, scope: MessageScope): string | undefined {
  if (scope.notes.uses !== undefined) return undefined;
  for (const key in message) {
    if (key !== "role" && key !== "content") return undefined;
  }
  const content = Object.hasOwn(message, "content") ? message["content"] : undefined;
  return typeof content === "string" && content !== "" ? content : undefined;
}
