/** From a matched chat route to the one handler behind all of them. */
import type { Call, Reply } from "./exchange.ts";
import { chatCompletions } from "./chat-completions.ts";
import { endpointPassThrough } from "./endpoint-pass-through.ts";
import type { Gateway } from "./gateway.ts";

export type ChatRouteId = "chatCompletions" | "vertexChatCompletions" | "endpointChatCompletions";

/** Answers a chat request, whichever of the paths it came by. Never rejects. */
export function answerChat(
  gateway: Gateway,
  id: ChatRouteId,
  path: string,
  parameters: Record<string, string>,
  call: Call,
  reply: Reply,
): Promise<void> {
  const { project = "", location = "", endpoint = "" } = parameters;
  switch (id) {
    case "chatCompletions":
      return chatCompletions(gateway, call, reply, undefined);
    case "vertexChatCompletions":
      return chatCompletions(gateway, call, reply, { project, location });
    case "endpointChatCompletions":
      return endpointPassThrough(gateway, call, reply, {
        kind: "endpoint",
        endpointId: endpoint,
        version: path.startsWith("/v1beta1/") ? "v1beta1" : "v1",
        scope: { project, location },
      });
    default:
      return id satisfies never;
  }
}
