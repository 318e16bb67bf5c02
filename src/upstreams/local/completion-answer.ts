/** An answer in OpenAI's shape, whole or as a stream of events. */
import type {
  ChatCompletion,
  ChatCompletionChunk,
  CompletionUsage,
  Delta,
  FinishReason,
  ToolCall,
} from "../../wire/openai.ts";
import { DONE, encodeData } from "../../wire/sse.ts";
import type { AnswerPiece } from "./tool-call-reader.ts";
import type { GenerationEnd } from "./text-generation.ts";

export interface AnswerIdentity {
  id: string;
  /** Unix seconds. */
  created: number;
  model: string;
  mintToolCallId: () => string;
}

export class WholeAnswer {
  readonly #identity: AnswerIdentity;
  #content = "";
  readonly #calls: ToolCall[] = [];

  constructor(identity: AnswerIdentity) {
    this.#identity = identity;
  }

  add(piece: AnswerPiece): void {
    switch (piece.kind) {
      case "content":
        this.#content += piece.text;
        break;
      case "call":
        this.#calls[piece.index] = {
          id: this.#identity.mintToolCallId(),
          type: "function",
          function: { name: piece.name, arguments: "" },
        };
        break;
      case "arguments":
        this.#calls[piece.index]!.function.arguments += piece.text;
        break;
      default:
        piece satisfies never;
    }
  }

  end(end: GenerationEnd, promptTokens: number): ChatCompletion {
    const { id, created, model } = this.#identity;
    const called = this.#calls.length > 0;
    return {
      id,
      object: "chat.completion",
      created,
      model,
      choices: [
        {
          index: 0,
          message: {
            role: "assistant",
            content: called && this.#content === "" ? null : this.#content,
            refusal: null,
            ...(called ? { tool_calls: this.#calls } : {}),
          },
          finish_reason: end.finishReason,
          logprobs: null,
        },
      ],
      usage: usageOf(end, promptTokens),
      system_fingerprint: null,
    };
  }
}

export class StreamedAnswer {
  readonly #identity: AnswerIdentity;
  readonly #includeUsage: boolean;

  constructor(identity: AnswerIdentity, includeUsage: boolean) {
    this.#identity = identity;
    this.#includeUsage = includeUsage;
  }

  start(): string {
    return this.#choice({ role: "assistant", content: "", refusal: null }, null);
  }

  piece(piece: AnswerPiece): string {
    switch (piece.kind) {
      case "content":
        return this.#choice({ content: piece.text }, null);
      case "call":
        return this.#choice(
          {
            tool_calls: [
              {
                index: piece.index,
                id: this.#identity.mintToolCallId(),
                type: "function",
                function: { name: piece.name, arguments: "" },
              },
            ],
          },
          null,
        );
      case "arguments":
        return this.#choice(
          { tool_calls: [{ index: piece.index, function: { arguments: piece.text } }] },
          null,
        );
      default:
        return piece satisfies never;
    }
  }

  end(end: GenerationEnd, promptTokens: number): string {
    const last = this.#choice({}, end.finishReason);
    const usage = this.#includeUsage ? this.#chunk([], usageOf(end, promptTokens)) : "";
    return last + usage + DONE;
  }

  #choice(delta: Delta, finishReason: FinishReason | null): string {
    return this.#chunk([{ index: 0, delta, logprobs: null, finish_reason: finishReason }], null);
  }

  #chunk(choices: ChatCompletionChunk["choices"], usage: CompletionUsage | null): string {
    const { id, created, model } = this.#identity;
    const chunk: ChatCompletionChunk = {
      id,
      object: "chat.completion.chunk",
      created,
      model,
      choices,
      system_fingerprint: null,
      ...(this.#includeUsage ? { usage } : {}),
    };
    return encodeData(JSON.stringify(chunk));
  }
}

function usageOf({ completionTokens, cachedTokens }: GenerationEnd, promptTokens: number): CompletionUsage {
  return {
    prompt_tokens: promptTokens,
    completion_tokens: completionTokens,
    total_tokens: promptTokens + completionTokens,
    prompt_tokens_details: { cached_tokens: cachedTokens, audio_tokens: 0 },
    completion_tokens_details: {
      reasoning_tokens: 0,
      audio_tokens: 0,
      accepted_prediction_tokens: 0,
      rejected_prediction_tokens: 0,
    },
  };
}
