/**
 * A text that a regular expression accepts, built from the expression instead of found by running it: a caller's
 * pattern can take forever to run. Covers literals, classes, groups, alternatives and repetition.
 */

const longestText = 500;
const deepestGroups = 20;

/** The shortest text the pattern describes, with at least `minLength` characters where a repetition allows it. */
export function textForPattern(pattern: string, minLength = 0): string {
  const short = new PatternWalk(pattern, 0).walk();
  if (short.length >= minLength) return short;
  return new PatternWalk(pattern, Math.min(minLength - short.length, longestText)).walk();
}

class PatternWalk {
  readonly #pattern: string;
  /** Characters still to be added by the first repetition that can take them. */
  #wanted: number;
  #at = 0;

  constructor(pattern: string, wanted: number) {
    this.#pattern = pattern;
    this.#wanted = wanted;
  }

  walk(): string {
    return this.#alternatives(0).slice(0, longestText);
  }

  /** The first alternative is taken, the others are read past. */
  #alternatives(depth: number): string {
    const first = this.#sequence(depth);
    while (this.#pattern[this.#at] === "|") {
      this.#at++;
      this.#sequence(depth);
    }
    return first;
  }

  #sequence(depth: number): string {
    let text = "";
    while (this.#at < this.#pattern.length && text.length < longestText) {
      const next = this.#pattern[this.#at];
      if (next === "|" || next === ")") break;
      text += this.#repeated(this.#atom(depth));
    }
    return text;
  }

  #atom(depth: number): string {
    const character = this.#pattern[this.#at++] ?? "";
    if (character === "^" || character === "$") return "";
    if (character === ".") return "a";
    if (character === "[") return this.#class();
    if (character === "\\") return this.#escape(this.#pattern[this.#at++] ?? "");
    if (character !== "(" || depth > deepestGroups) return character;
    const look = /^\?(?:[=!]|<[=!])/.test(this.#pattern.slice(this.#at, this.#at + 3));
    const head = /^\?(?::|<[=!]|[=!]|<[\w$]{1,50}>)/.exec(this.#pattern.slice(this.#at, this.#at + 60));
    this.#at += head?.[0].length ?? 0;
    const inside = this.#alternatives(depth + 1);
    if (this.#pattern[this.#at] === ")") this.#at++;
    return look ? "" : inside;
  }

  #repeated(atom: string): string {
    const rest = this.#pattern.slice(this.#at, this.#at + 24);
    const quantifier = /^(?:[*+?]|\{(\d{1,5})(?:,(\d{0,5}))?\})[?+]?/.exec(rest);
    if (quantifier === null) return atom;
    this.#at += quantifier[0].length;
    const kind = quantifier[0][0];
    const least = kind === "+" ? 1 : kind === "{" ? Number(quantifier[1]) : 0;
    const upper =
      quantifier[2] === undefined ? least : quantifier[2] === "" ? longestText : Number(quantifier[2]);
    const most = kind === "?" ? 1 : kind === "{" ? upper : longestText;
    const extra =
      atom === "" ? 0 : Math.max(0, Math.min(most - least, Math.ceil(this.#wanted / atom.length)));
    this.#wanted -= extra * atom.length;
    return atom.repeat(Math.min(least + extra, longestText));
  }

  /** One member of a character class; for a negated one, the first plain character outside it. */
  #class(): string {
    const start = this.#at;
    const negated = this.#pattern[this.#at] === "^";
    if (negated) this.#at++;
    const members: [string, string][] = [];
    while (this.#at < this.#pattern.length && (this.#pattern[this.#at] !== "]" || this.#at === start)) {
      const low = this.#member();
      const isRange = this.#pattern[this.#at] === "-" && (this.#pattern[this.#at + 1] ?? "]") !== "]";
      if (isRange) this.#at++;
      members.push([low, isRange ? this.#member() : low]);
    }
    this.#at++;
    if (!negated) return members[0]?.[0] ?? "";
    return (
      [..."aA0 -_."].find(
        (character) => !members.some(([low, high]) => low <= character && character <= high),
      ) ?? "~"
    );
  }

  #member(): string {
    const character = this.#pattern[this.#at++] ?? "";
    return character === "\\" ? this.#escape(this.#pattern[this.#at++] ?? "") : character;
  }

  #escape(character: string): string {
    switch (character) {
      case "d":
        return "1";
      case "w":
      case "S":
      case "D":
        return "a";
      case "W":
      case "s":
        return " ";
      case "n":
        return "\n";
      case "t":
        return "\t";
      case "b":
      case "B":
      case "A":
      case "Z":
        return "";
      case "p": {
        const name = /^\{[\w=]{1,40}\}/.exec(this.#pattern.slice(this.#at, this.#at + 44))?.[0] ?? "";
        this.#at += name.length;
        if (name.startsWith("{N")) return "1";
        return name.startsWith("{Lu") ? "A" : "a";
      }
      case "u":
      case "x": {
        const digits = (character === "u" ? /^[\da-f]{4}/i : /^[\da-f]{2}/i).exec(
          this.#pattern.slice(this.#at, this.#at + 4),
        )?.[0];
        this.#at += digits?.length ?? 0;
        return digits === undefined ? character : String.fromCharCode(Number.parseInt(digits, 16));
      }
      default:
        return character;
    }
  }
}
