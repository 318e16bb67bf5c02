/** The loop around the model: a prompt goes in, pieces of an answer come out until it ends, is full, or is given up. */
import { invalidRequest } from "../../errors.ts";
import type { FinishReason } from "../../wire/openai.ts";
import type { AnswerPlan } from "./answer-plan.ts";
import type { Sampling } from "./completion-request.ts";
import type {
  GrammarState,
  Llama,
  LlamaContext,
  LlamaLibrary,
  LlamaModel,
  LlamaSequence,
} from "./llama-library.ts";
import { StopStrings } from "./stop-strings.ts";
import { TokenText } from "./token-text.ts";
import type { AnswerPiece } from "./tool-call-reader.ts";

/** How far back penalties for repetition look. */
const PENALTY_TOKENS = 1024;

export interface GenerationRequest {
  prompt: number[];
  plan: AnswerPlan;
  sampling: Sampling;
  stop: readonly string[];
  /** At least 1, and no more than the context has room for. */
  maxTokens: number;
}

export interface GenerationEnd {
  finishReason: FinishReason;
  completionTokens: number;
  /** How much of the prompt was still in the context from the request before. */
  cachedTokens: number;
}

/** One conversation at a time: whoever calls `generate` waits for the one before to end. */
export class TextGeneration {
  readonly #library: LlamaLibrary;
  readonly #llama: Llama;
  readonly #model: LlamaModel;
  readonly #batchSize: number;
  readonly #sequence: LlamaSequence;
  readonly #random: () => number;

  constructor(
    library: LlamaLibrary,
    llama: Llama,
    model: LlamaModel,
    context: LlamaContext,
    random: () => number,
  ) {
    this.#library = library;
    this.#llama = llama;
    this.#model = model;
    this.#batchSize = context.batchSize;
    this.#sequence = context.getSequence();
    this.#random = random;
  }

  /** Each step evaluates at most one token; once `signal` has aborted no further one is. */
  async *generate(
    request: GenerationRequest,
    signal: AbortSignal,
  ): AsyncGenerator<AnswerPiece, GenerationEnd, undefined> {
    const { prompt, plan, maxTokens } = request;
    const { reader } = plan;
    const guide = plan.grammar === undefined ? undefined : await this.#guide(plan.grammar);
    const callGuide = plan.callGrammar === undefined ? undefined : await this.#guide(plan.callGrammar);
    const cachedTokens = await this.#feed(request, signal);

    const text = new TokenText(this.#model, prompt, reader !== undefined);
    const stops = new StopStrings(request.stop);
    const take = (fresh: string): AnswerPiece[] => {
      if (fresh === "") return [];
      return reader === undefined ? [{ kind: "content", text: fresh }] : reader.push(fresh);
    };
    const written: number[] = [];
    let grammar: GrammarState | undefined = guide?.();
    let finishReason: FinishReason = "stop";
    const tokens = this.#sequence.evaluate(prompt.slice(-1), {
      ...this.#options(request.sampling, written),
      grammarEvaluationState: () => grammar as never,
    });
    try {
      while (!signal.aborted) {
        const { done, value: token } = await tokens.next();
        if (signal.aborted || done === true) break;
        written.push(token);
        const pieces = take(stops.push(text.push(token)));
        if (grammar === undefined && reader?.atCallStart === true) grammar = callGuide?.();
        yield* pieces;
        if (stops.stopped) break;
        if (written.length === maxTokens) {
          finishReason = "length";
          break;
        }
      }
    } finally {
      await tokens.return?.();
    }
    if (!signal.aborted) {
      if (!stops.stopped) yield* take(stops.push(text.end()));
      yield* take(stops.end());
      yield* reader?.end() ?? [];
    }
    if (reader !== undefined && reader.calls > 0 && finishReason === "stop") finishReason = "tool_calls";
    return { finishReason, completionTokens: written.length, cachedTokens };
  }

  /** Evaluates the prompt but for its last token. */
  async #feed({ prompt, sampling }: GenerationRequest, signal: AbortSignal): Promise<number> {
    const head = prompt.slice(0, -1);
    // What is kept was computed in other batches, and sums of other batches differ in their last bits.
    if (sampling.seed !== undefined) await this.#sequence.clearHistory();
    else await this.#sequence.adaptStateToTokens(head, false);
    const kept = this.#sequence.nextTokenIndex;
    for (let at = kept; at < head.length && !signal.aborted; at += this.#batchSize) {
      await this.#sequence.evaluateWithoutGeneratingNewTokens(head.slice(at, at + this.#batchSize));
    }
    return kept;
  }

  async #guide(grammar: string): Promise<() => GrammarState> {
    const built = await this.#llama.createGrammar({ grammar }).catch((error: unknown) => {
      throw invalidRequest(
        null,
        `The JSON schemas of this request make a grammar that llama.cpp does not take: ${error instanceof Error ? error.message : String(error)}`,
      );
    });
    return () =>
      new this.#library.LlamaGrammarEvaluationState({ model: this.#model as never, grammar: built as never });
  }

  #options(sampling: Sampling, written: readonly number[]) {
    const { temperature, topK, topP, minP, presencePenalty, frequencyPenalty, repetitionPenalty } = sampling;
    const penalized = presencePenalty !== 0 || frequencyPenalty !== 0 || repetitionPenalty !== 1;
    return {
      temperature,
      topK,
      topP,
      minP,
      seed: sampling.seed ?? Math.floor(this.#random() * 2 ** 32),
      ...(penalized
        ? {
            repeatPenalty: {
              punishTokens: () => written.slice(-PENALTY_TOKENS) as never[],
              maxPunishTokens: PENALTY_TOKENS,
              penalty: repetitionPenalty,
              presencePenalty,
              frequencyPenalty,
            },
          }
        : {}),
      ...(sampling.logitBias.length === 0 ? {} : { tokenBias: this.#bias(sampling.logitBias) as never }),
    };
  }

  #bias(biases: Sampling["logitBias"]): object {
    const bias = this.#library.TokenBias.for(this.#model as never);
    for (const [token, logit] of biases)
      bias.set(token as never, { logit: logit === -100 ? -Infinity : logit });
    return bias;
  }
}
