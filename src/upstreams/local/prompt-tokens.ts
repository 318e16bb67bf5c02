/**
 * A rendered prompt as tokens. What a user or a tool says is text and stays text: a `<|im_end|>` in it ends no turn,
 * though the same letters written by the template do.
 */
import type { TemplateMessage } from "./chat-template.ts";
import type { LlamaModel } from "./llama-library.ts";

/** Code points that Unicode keeps free for use inside programs: https://www.unicode.org/faq/private_use.html#nonchar1 */
const FIRST_NONCHARACTER = 0xfdd0;
const NONCHARACTERS = 32;
/** Shorter ones are letters rather than marks. */
const SHORTEST_SPECIAL = 3;

export class PromptTokens {
  readonly #model: LlamaModel;
  readonly #special: RegExp | undefined;

  constructor(model: LlamaModel) {
    this.#model = model;
    const texts = [...model.iterateAllTokens()]
      .filter((token) => model.getTokenAttributes(token).control)
      .map((token) => model.detokenize([token], true))
      .filter((text) => text.length >= SHORTEST_SPECIAL);
    const forms = [...new Set(texts)]
      .sort((left, right) => right.length - left.length)
      .map((text) => RegExp.escape(text));
    this.#special = forms.length === 0 ? undefined : new RegExp(forms.join("|"), "g");
  }

  /** Renders the messages with their special texts broken, and puts them together again as plain text. */
  encode(messages: readonly TemplateMessage[], render: (messages: TemplateMessage[]) => string): number[] {
    const special = this.#special;
    const seam = special === undefined ? undefined : findSeam(messages);
    const defused =
      special === undefined || seam === undefined
        ? [...messages]
        : messages.map((message) =>
            // What the model itself said is taken as it was: templates look for its marks.
            message.role === "assistant"
              ? message
              : { ...message, content: breakUp(message.content, special, seam) },
          );
    const rendered = render(defused);
    const [first = "", ...rest] = seam === undefined ? [rendered] : rendered.split(seam);
    const tokens = this.#model.tokenize(first, true);
    for (const part of rest) tokens.push(...this.#model.tokenize(part, true, "trimLeadingSpace"));
    const { bos, shouldPrependBosToken } = this.#model.tokens;
    if (bos !== null && shouldPrependBosToken && tokens[0] !== bos) tokens.unshift(bos);
    return tokens;
  }
}

/** Inside a special text, so that neither half is one. */
function breakUp(text: string, special: RegExp, seam: string): string {
  return text.replace(special, (found) => `${found[0]}${seam}${found.slice(1)}`);
}

/** A character that stands nowhere in the conversation. */
function findSeam(messages: readonly TemplateMessage[]): string | undefined {
  const said = JSON.stringify(messages);
  for (let offset = 0; offset < NONCHARACTERS; offset++) {
    const character = String.fromCharCode(FIRST_NONCHARACTER + offset);
    if (!said.includes(character)) return character;
  }
  return undefined;
}
