/**
 * A client's view of a stream: reads the SSE text and puts the chunks together by OpenAI's rules, independently of
 * the code that wrote them. Breaking a rule of the protocol is an error here, as it would be in a strict client.
 */
import type {
  Annotation,
  ChatCompletionChunk,
  ChatCompletionMessage,
  ChoiceLogprobs,
  CompletionUsage,
  ExtraContent,
  FinishReason,
  ToolCall,
} from "../../src/wire/openai.ts";

export interface AccumulatedChoice {
  index: number;
  message: ChatCompletionMessage;
  finish_reason: FinishReason | null;
  logprobs: ChoiceLogprobs | null;
  extra_content?: ExtraContent;
}

export interface Accumulated {
  id: string;
  created: number;
  model: string;
  system_fingerprint: string | null;
  service_tier?: string;
  choices: AccumulatedChoice[];
  usage?: CompletionUsage;
}

/** Chunks of a complete stream; throws unless it is well framed and ends with `[DONE]`. */
export function readChunks(sse: string): ChatCompletionChunk[] {
  const frames = sse.split("\n\n");
  if (frames.pop() !== "") throw new Error("the stream does not end with an empty line");
  if (frames.pop() !== "data: [DONE]") throw new Error("the stream does not end with [DONE]");
  return frames.map((frame) => {
    if (!frame.startsWith("data: ") || frame.includes("\n")) throw new Error(`bad frame: ${frame}`);
    return JSON.parse(frame.slice("data: ".length)) as ChatCompletionChunk;
  });
}

export function accumulateChunks(sse: string): Accumulated {
  const chunks = readChunks(sse);
  const first = chunks[0];
  if (first === undefined) throw new Error("no chunks");
  const result: Accumulated = {
    id: first.id,
    created: first.created,
    model: first.model,
    system_fingerprint: first.system_fingerprint,
    choices: [],
  };
  for (const chunk of chunks) {
    for (const key of ["id", "created", "model", "system_fingerprint"] as const) {
      if (chunk[key] !== first[key]) throw new Error(`${key} changes within the stream`);
    }
    if (result.usage !== undefined) throw new Error("a chunk after the usage chunk");
    if (chunk.service_tier !== undefined) result.service_tier = chunk.service_tier;
    if (chunk.usage !== undefined && chunk.usage !== null) {
      if (chunk.choices.length > 0) throw new Error("usage beside choices");
      result.usage = chunk.usage;
    } else if (chunk.choices.length !== 1) {
      throw new Error("a chunk without a choice");
    }
    for (const choice of chunk.choices) {
      let known = result.choices[choice.index];
      const { delta } = choice;
      if (known === undefined) {
        if (choice.index !== result.choices.length) throw new Error("choice numbers have a gap");
        if (delta.role !== "assistant") throw new Error("no role in the first delta");
        const message: ChatCompletionMessage = { role: "assistant", content: null, refusal: null };
        known = { index: choice.index, message, finish_reason: null, logprobs: null };
        result.choices.push(known);
      } else if (delta.role !== undefined) throw new Error("a second role");
      if (known.finish_reason !== null) throw new Error("a delta after the finish reason");
      addDelta(known, delta);
      if (choice.logprobs !== null) {
        known.logprobs ??= { content: [], refusal: null };
        known.logprobs.content?.push(...(choice.logprobs.content ?? []));
      }
      if (choice.finish_reason !== null) {
        if (Object.keys(delta).length > 0) throw new Error("a finish chunk with content");
        known.finish_reason = choice.finish_reason;
      }
      if (choice.extra_content !== undefined) known.extra_content = choice.extra_content;
    }
  }
  for (const choice of result.choices) {
    if (choice.finish_reason === null) throw new Error(`choice ${choice.index} never finished`);
  }
  return result;
}

function addDelta(choice: AccumulatedChoice, delta: ChatCompletionChunk["choices"][number]["delta"]): void {
  const { message } = choice;
  if (delta.content !== undefined && delta.content !== null)
    message.content = (message.content ?? "") + delta.content;
  if (delta.refusal !== undefined && delta.refusal !== null)
    message.refusal = (message.refusal ?? "") + delta.refusal;
  for (const key of ["reasoning_content", "reasoning"] as const) {
    if (delta[key] !== undefined) message[key] = (message[key] ?? "") + delta[key];
  }
  for (const { index, id, type, function: called, extra_content } of delta.tool_calls ?? []) {
    message.tool_calls ??= [];
    const known = message.tool_calls[index];
    if (known === undefined) {
      if (index !== message.tool_calls.length) throw new Error("tool call numbers have a gap");
      if (id === undefined || id === "" || type !== "function" || called?.name === undefined) {
        throw new Error("the first delta of a tool call lacks its id, type or name");
      }
      const call: ToolCall = { id, type, function: { name: called.name, arguments: called.arguments ?? "" } };
      if (extra_content !== undefined) call.extra_content = extra_content;
      message.tool_calls.push(call);
    } else {
      if (id !== undefined || called?.name !== undefined) throw new Error("a tool call is named twice");
      known.function.arguments += called?.arguments ?? "";
      if (extra_content !== undefined) known.extra_content = extra_content;
    }
  }
  if (delta.function_call !== undefined) {
    const { name, arguments: text } = delta.function_call;
    if (message.function_call === undefined)
      message.function_call = { name: name ?? "", arguments: text ?? "" };
    else message.function_call.arguments += text ?? "";
  }
  if (delta.annotations !== undefined) {
    const earlier: Annotation[] = message.annotations ?? [];
    message.annotations = [...earlier, ...delta.annotations];
  }
  for (const image of delta.images ?? []) {
    message.images ??= [];
    if (image.index !== message.images.length) throw new Error("image numbers have a gap");
    message.images.push(image);
  }
  if (delta.audio !== undefined) {
    const { data = "", transcript = "", ...rest } = delta.audio;
    const earlier = message.audio ?? { id: "", data: "", expires_at: 0, transcript: "" };
    message.audio = {
      ...earlier,
      ...rest,
      data: earlier.data + data,
      transcript: earlier.transcript + transcript,
    };
  }
  const google = delta.extra_content?.google;
  if (google !== undefined) {
    if (google.thought === true && (delta.tool_calls ?? delta.images ?? delta.audio) !== undefined) {
      throw new Error("a flagged delta holds something that is no thought");
    }
    const signature = google.thought_signature;
    if (signature !== undefined) message.extra_content = { google: { thought_signature: signature } };
  }
}
