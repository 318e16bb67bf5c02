/**
 * The choices of one answer, numbered as they appear: several upstream calls (`n` fanned out) each begin at candidate
 * 0, and the SDKs' accumulators want numbers without gaps, beginning at 0.
 */
import { GatewayError } from "../../errors.ts";
import type { Candidate, GenerateContentResponse, PromptFeedback } from "../../wire/gemini.ts";
import type { AnswerContext, AnswerShape } from "../target.ts";
import { ChoiceTranslation } from "./choice.ts";
import { index, nonEmpty, objects, record } from "./lenient.ts";

/** OpenAI's limit for `n`; more can only be a fault upstream. */
const MAX_CHOICES = 128;

const NONE: readonly number[] = [];
/** Nearly always all there is. */
const FIRST: readonly number[] = [0];

export class AnswerChoices {
  /**
   * By choice index. The lists are joined anew for each choice: nearly always there is one, and a list that was pushed
   * to has room for sixteen more for as long as the answer takes.
   */
  list: readonly ChoiceTranslation[] = [];
  /** Of each choice: the upstream call. */
  #sources: readonly number[] = NONE;
  /** Of each choice: the candidate's index in the answer of that call. */
  #candidates: readonly number[] = NONE;
  readonly #shape: AnswerShape;
  readonly #context: AnswerContext;
  readonly #model: string;

  constructor(shape: AnswerShape, context: AnswerContext, model: string) {
    this.#shape = shape;
    this.#context = context;
    this.#model = model;
  }

  /** The choices that one upstream call has begun. */
  ofSource(source: number): ChoiceTranslation[] {
    return this.list.filter((_, at) => this.#sources[at] === source);
  }

  /** Whether that upstream call has begun any. */
  hasSource(source: number): boolean {
    return this.#sources.includes(source);
  }

  /** @throws GatewayError 502 for more candidates than anyone can have asked for. */
  forCandidate(source: number, candidate: Candidate, answerId: string): ChoiceTranslation {
    return this.#choice(source, index(candidate.index), answerId);
  }

  /** A refused prompt has no candidates, but a client needs a choice to read the refusal from. */
  noteBlock(source: number, response: GenerateContentResponse, answerId: string): void {
    const feedback = record(response.promptFeedback) as PromptFeedback | undefined;
    if (feedback === undefined || nonEmpty(feedback.blockReason) === undefined) return;
    if (!this.hasSource(source)) this.#choice(source, 0, answerId);
    for (const choice of this.ofSource(source)) choice.block(feedback);
  }

  #choice(source: number, candidateIndex: number, answerId: string): ChoiceTranslation {
    const known = this.list.find(
      (_, at) => this.#sources[at] === source && this.#candidates[at] === candidateIndex,
    );
    if (known !== undefined) return known;
    if (this.list.length >= MAX_CHOICES) {
      throw new GatewayError(
        {
          kind: "upstream",
          status: 502,
          type: "server_error",
          code: "bad_upstream_response",
          param: null,
          shouldRetry: false,
        },
        `The upstream sent more than ${MAX_CHOICES} candidates.`,
      );
    }
    const choice = new ChoiceTranslation(this.#shape, this.#context, this.#model, this.list.length, answerId);
    const isFirst = this.list.length === 0;
    this.#sources = isFirst && source === 0 ? FIRST : this.#sources.concat(source);
    this.#candidates = isFirst && candidateIndex === 0 ? FIRST : this.#candidates.concat(candidateIndex);
    this.list = this.list.concat(choice);
    return choice;
  }
}

export function candidatesOf(response: GenerateContentResponse): readonly Candidate[] {
  return objects(response.candidates) as readonly Candidate[];
}
