import type { LlamaModel } from "./llama-library.ts";

/** What stands for bytes that are not (yet) a character. */
const REPLACEMENT = "\uFFFD";
/** A character has at most four bytes; tokens that are still in the middle of one after so many never leave it. */
const MOST_PENDING = 64;
/** How many earlier tokens decide whether a space belongs before the next. */
const LOOK_BACK = 8;

/** Turns tokens into text one by one, whole characters only: a character's bytes may be spread over several tokens. */
export class TokenText {
  readonly #model: Pick<LlamaModel, "detokenize">;
  readonly #withSpecial: boolean;
  #before: number[];
  /** Tokens since the last one that ended with a whole character. */
  #pending: number[] = [];
  /** How much of their text has been given. */
  #given = 0;

  /** `prompt` is what stands before; `withSpecial` makes tokens that steer the model show as text. */
  constructor(model: Pick<LlamaModel, "detokenize">, prompt: readonly number[], withSpecial: boolean) {
    this.#model = model;
    this.#withSpecial = withSpecial;
    this.#before = prompt.slice(-LOOK_BACK);
  }

  push(token: number): string {
    this.#pending.push(token);
    const text = this.#text();
    if (!text.endsWith(REPLACEMENT) || this.#pending.length > MOST_PENDING) return this.#finish(text);
    // Only the last one can still turn into a character.
    const fresh = text.slice(this.#given, -REPLACEMENT.length);
    this.#given += fresh.length;
    return fresh;
  }

  /** What is left when no more tokens come. */
  end(): string {
    return this.#pending.length === 0 ? "" : this.#finish(this.#text());
  }

  #finish(text: string): string {
    const fresh = text.slice(this.#given);
    this.#before = [...this.#before, ...this.#pending].slice(-LOOK_BACK);
    this.#pending = [];
    this.#given = 0;
    return fresh;
  }

  #text(): string {
    return this.#model.detokenize(this.#pending, this.#withSpecial, this.#before);
  }
}
