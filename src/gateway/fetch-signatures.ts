/** The tool calls of a conversation that went on in another process until now. */
import { ownField } from "../wire/own-field.ts";
import type { Gateway } from "./gateway.ts";
import { isMintedToolCallId } from "./ids.ts";

/** Undefined, as it nearly always is, where nothing has to be waited for. */
export function fetchSignatures(
  { signatures }: Pick<Gateway, "signatures">,
  { messages }: Record<string, unknown>,
): Promise<void> | undefined {
  if (signatures.fetch === undefined || !Array.isArray(messages)) return undefined;
  return signatures.fetch(toolCallIds(messages));
}

/** Those that can be known at all. Whatever else is wrong with these messages, others will say. */
function* toolCallIds(messages: readonly unknown[]): Generator<string> {
  for (const message of messages) {
    const calls = ownField(message, "tool_calls");
    if (!Array.isArray(calls)) continue;
    for (const call of calls) {
      const id = ownField(call, "id");
      if (typeof id === "string" && isMintedToolCallId(id)) yield id;
    }
  }
}
