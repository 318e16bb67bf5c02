/** The message that a choice's deltas amount to: an unstreamed answer is its own stream, put together. */
import type {
  ChatCompletionMessage,
  Delta,
  ExtraContent,
  ToolCall,
  ToolCallDelta,
} from "../../wire/openai.ts";

export function toMessage(steps: readonly { delta: Delta }[]): ChatCompletionMessage {
  let content: string | undefined;
  let refusal: string | undefined;
  let reasoningContent = "";
  let reasoning = "";
  let audioData = "";
  let toolCalls: ToolCall[] | undefined;
  let signature: string | undefined;
  const message: ChatCompletionMessage = { role: "assistant", content: null, refusal: null };

  for (const { delta } of steps) {
    if (delta.content !== undefined && delta.content !== null) content = (content ?? "") + delta.content;
    if (delta.refusal !== undefined && delta.refusal !== null) refusal = (refusal ?? "") + delta.refusal;
    if (delta.reasoning_content !== undefined) reasoningContent += delta.reasoning_content;
    if (delta.reasoning !== undefined) reasoning += delta.reasoning;
    if (delta.tool_calls !== undefined) {
      toolCalls ??= [];
      for (const call of delta.tool_calls) addToolCall(toolCalls, call);
    }
    if (delta.function_call !== undefined) {
      const { name, arguments: text } = delta.function_call;
      const earlier = message.function_call;
      message.function_call = {
        name: name ?? earlier?.name ?? "",
        arguments: (earlier?.arguments ?? "") + (text ?? ""),
      };
    }
    if (delta.annotations !== undefined) message.annotations = delta.annotations;
    if (delta.images !== undefined) message.images = [...(message.images ?? []), ...delta.images];
    if (delta.audio !== undefined) {
      const { data, ...rest } = delta.audio;
      if (data !== undefined) audioData += data;
      message.audio = { id: "", data: "", expires_at: 0, transcript: "", ...message.audio, ...rest };
    }
    signature = delta.extra_content?.google.thought_signature ?? signature;
  }

  if (content !== undefined) message.content = content;
  if (refusal !== undefined) message.refusal = refusal;
  if (reasoningContent !== "") message.reasoning_content = reasoningContent;
  if (reasoning !== "") message.reasoning = reasoning;
  if (toolCalls !== undefined && toolCalls.length > 0) message.tool_calls = toolCalls;
  if (message.audio !== undefined && message.audio !== null) message.audio.data = audioData;
  if (signature !== undefined) message.extra_content = { google: { thought_signature: signature } };
  return message;
}

function addToolCall(calls: ToolCall[], delta: ToolCallDelta): void {
  const call = calls[delta.index];
  const text = delta.function?.arguments ?? "";
  if (call === undefined) {
    calls[delta.index] = {
      id: delta.id ?? "",
      type: "function",
      function: { name: delta.function?.name ?? "", arguments: text },
      ...(delta.extra_content === undefined ? {} : { extra_content: delta.extra_content }),
    };
    return;
  }
  call.function.arguments += text;
  if (delta.extra_content !== undefined) {
    const merged: ExtraContent = { google: { ...call.extra_content?.google, ...delta.extra_content.google } };
    call.extra_content = merged;
  }
}
