/** Simple sums in a prompt: found, worked out, and written down again. */

export interface Sum {
  /** In the notation of Python, so that it can be shown as code. */
  expression: string;
  value: number;
}

const spoken: readonly (readonly [RegExp, string])[] = [
  [/\b(\d+(?:\.\d+)?)\s?(?:%|percent) of (?=\d)/g, "$1 / 100 * "],
  [/\bsquare root of (\d+(?:\.\d+)?)/g, "($1) ** 0.5"],
  [/\bsum of (\d+(?:\.\d+)?) and (?=\d)/g, "$1 + "],
  [/\bproduct of (\d+(?:\.\d+)?) and (?=\d)/g, "$1 * "],
  [/\badd (\d+(?:\.\d+)?) (?:and|to) (?=\d)/g, "$1 + "],
  [/\bmultiply (\d+(?:\.\d+)?) (?:and|by|with) (?=\d)/g, "$1 * "],
  [/\bdivide (\d+(?:\.\d+)?) by (?=\d)/g, "$1 / "],
  [/(\d)\s+(?:plus|and then add)\s+(?=[\d(-])/g, "$1 + "],
  [/(\d)\s+minus\s+(?=[\d(-])/g, "$1 - "],
  [/(\d)\s+(?:times|multiplied by)\s+(?=[\d(-])/g, "$1 * "],
  [/(\d)\s+(?:divided by|over)\s+(?=[\d(-])/g, "$1 / "],
  [/(\d)\s+(?:to the power of|raised to)\s+(?=[\d(-])/g, "$1 ** "],
  [/(\d)\s+modulo\s+(?=[\d(-])/g, "$1 % "],
  [/(\d)\s+squared\b/g, "$1 ** 2"],
];
const cue =
  /\b(what(?:'s| is| are| does)?|how much|calculate|compute|evaluate|solve|work out|sum|result|math)\b|=\s*\??\s*$/i;
const mostCharacters = 2000;
const deepestNesting = 50;

/** The first sum in the text; undefined when there is none or it has no finite value. */
export function findSum(text: string): Sum | undefined {
  let plain = text
    .slice(0, mostCharacters)
    .replaceAll(/(\d),(?=\d{3}(?!\d))/g, "$1")
    .replaceAll("×", "*")
    .replaceAll("÷", "/")
    .replaceAll("−", "-")
    .replaceAll("^", "**")
    .replaceAll(/(\d)\s*x\s*(?=\d)/g, "$1 * ")
    .toLowerCase();
  for (const [pattern, replacement] of spoken) plain = plain.replaceAll(pattern, replacement);
  for (const match of plain.matchAll(/[(\d.-][\d\s().+*/%-]*[\d)]/g)) {
    const expression = match[0].trim();
    if (!isSum(expression, plain)) continue;
    const value = evaluate(expression);
    if (value !== undefined) return { expression: expression.replaceAll(/\s+/g, " "), value };
  }
  return undefined;
}

/** A number as people write it: whole where it is whole, at most ten decimals. */
export function formatNumber(value: number): string {
  return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(10)));
}

/** Dates, versions, phone numbers and ranges look like sums; spaces or a question tell them apart. */
function isSum(expression: string, text: string): boolean {
  if (!/[\d)]\s*(?:\*\*|[+*/%-])\s*[\d(.-]/.test(expression)) return false;
  if (/^\d{1,4}([-/])\d{1,2}\1\d{1,4}$/.test(expression)) return false;
  return /\d\s+(?:\*\*|[+*/%-])\s+[\d(-]/.test(expression) || cue.test(text) || text.trim() === expression;
}

/** Value of an expression of numbers, + - * / % ** and parentheses; undefined when malformed or not finite. */
export function evaluate(expression: string): number | undefined {
  const tokens = expression.match(/\d+(?:\.\d+)?|\.\d+|\*\*|[-+*/%()]/g) ?? [];
  if (tokens.join("") !== expression.replaceAll(/\s+/g, "")) return undefined;
  const parser = new Parser(tokens);
  const value = parser.additive(0);
  return parser.finished && Number.isFinite(value) ? value : undefined;
}

class Parser {
  readonly #tokens: readonly string[];
  #at = 0;

  constructor(tokens: readonly string[]) {
    this.#tokens = tokens;
  }

  get finished(): boolean {
    return this.#at === this.#tokens.length;
  }

  additive(depth: number): number {
    let value = this.#multiplicative(depth);
    for (;;) {
      if (this.#take("+")) value += this.#multiplicative(depth);
      else if (this.#take("-")) value -= this.#multiplicative(depth);
      else return value;
    }
  }

  #multiplicative(depth: number): number {
    let value = this.#signed(depth);
    for (;;) {
      if (this.#take("*")) value *= this.#signed(depth);
      else if (this.#take("/")) value /= this.#signed(depth);
      else if (this.#take("%")) value %= this.#signed(depth);
      else return value;
    }
  }

  #signed(depth: number): number {
    if (depth > deepestNesting) return Number.NaN;
    if (this.#take("-")) return -this.#signed(depth + 1);
    const base = this.#atom(depth);
    return this.#take("**") ? base ** this.#signed(depth + 1) : base;
  }

  #atom(depth: number): number {
    if (this.#take("(")) {
      const value = this.additive(depth + 1);
      return this.#take(")") ? value : Number.NaN;
    }
    const token = this.#tokens[this.#at++];
    return token === undefined ? Number.NaN : Number(token);
  }

  #take(token: string): boolean {
    if (this.#tokens[this.#at] !== token) return false;
    this.#at++;
    return true;
  }
}
