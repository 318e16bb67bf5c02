/**
 * The JSON text of a tool call's arguments as it streams by. Some upstreams, Google's compatibility layer with
 * `stream_function_call_arguments` among them, put line breaks and tabs inside its strings unescaped, which no JSON
 * parser takes.
 */
const BACKSLASH = 92;
const QUOTE = 34;

// oxlint-disable-next-line no-control-regex -- finding them is the point
const CONTROL = /[\u0000-\u001f]/;

export class ArgumentText {
  /** Decided by the first character that is no space: text that does not begin as JSON is left alone. */
  #isJson: boolean | undefined;
  #inString = false;
  #escaped = false;
  #depth = 0;
  #complete = false;

  /** Nothing but space has come. */
  get empty(): boolean {
    return this.#isJson === undefined;
  }

  /** A whole JSON object, array or string has come. */
  get complete(): boolean {
    return this.#complete;
  }

  /** The fragment, with control characters inside strings escaped; the fragment itself when there are none. */
  push(fragment: string): string {
    let text = "";
    let copied = 0;
    for (let at = 0; at < fragment.length; at += 1) {
      const code = fragment.charCodeAt(at);
      if (!this.#inString) {
        this.#outside(code);
      } else if (code < 32) {
        const escape = JSON.stringify(fragment.charAt(at)).slice(1, -1);
        // A backslash before a raw line break has gone out already: the rest of the escape completes it.
        text += fragment.slice(copied, at) + (this.#escaped ? escape.slice(1) : escape);
        copied = at + 1;
        this.#escaped = false;
      } else if (this.#escaped) {
        this.#escaped = false;
      } else if (code === BACKSLASH) {
        this.#escaped = true;
      } else if (code === QUOTE) {
        this.#inString = false;
        if (this.#depth === 0) this.#complete = true;
      }
    }
    return copied === 0 ? fragment : text + fragment.slice(copied);
  }

  #outside(code: number): void {
    if (code <= 32) return;
    const character = String.fromCharCode(code);
    this.#isJson ??= `{["`.includes(character);
    if (!this.#isJson) return;
    if (code === QUOTE) {
      this.#inString = true;
    } else if (character === "{" || character === "[") {
      this.#depth += 1;
    } else if (character === "}" || character === "]") {
      this.#depth -= 1;
      if (this.#depth <= 0) this.#complete = true;
    }
  }
}

/** Whole arguments as JSON text: escaped where that is what they lack, else as they are. */
export function escapedArguments(text: string): string {
  if (!CONTROL.test(text) || isJson(text)) return text;
  const escaped = new ArgumentText().push(text);
  return isJson(escaped) ? escaped : text;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
