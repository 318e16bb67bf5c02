/** The strings and numbers of a JSON text with where they stand, so that some can be replaced and all else stays as it is. */

export interface JsonLeaf {
  kind: "key" | "string" | "number";
  /** Property names from the top; of array positions only the first, so that pieces of one text have one path. */
  path: string;
  /** The last property name of it. */
  name: string;
  /** The value; of a string without quotes and escapes. */
  text: string;
  /** Where the character of `text` at an index stands in the raw text; the index after the last one is allowed. */
  rawAt(index: number): number;
}

interface Frame {
  isArray: boolean;
  /** Of an object: the property being read. */
  name: string;
  /** Of an array: the position being read. */
  index: number;
  expectsKey: boolean;
}

const NUMBER = /-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/y;

/**
 * Reads as much as there is: the text may be cut anywhere, and what is not JSON is passed over.
 * @param from where the first value begins
 */
export function jsonLeaves(raw: string, from = 0): JsonLeaf[] {
  const leaves: JsonLeaf[] = [];
  const stack: Frame[] = [];
  for (let at = from; at < raw.length;) {
    const frame = stack.at(-1);
    const character = raw[at]!;
    switch (character) {
      case "{":
      case "[":
        stack.push({ isArray: character === "[", name: "", index: 0, expectsKey: character === "{" });
        at += 1;
        break;
      case "}":
      case "]":
        stack.pop();
        at += 1;
        break;
      case ",":
        if (frame !== undefined) {
          frame.index += 1;
          frame.expectsKey = !frame.isArray;
        }
        at += 1;
        break;
      case '"': {
        const end = closingQuote(raw, at + 1);
        const string = decoded(raw, at + 1, end);
        const isKey = frame?.expectsKey === true;
        if (isKey) {
          frame.name = string.text;
          frame.expectsKey = false;
        }
        leaves.push({ kind: isKey ? "key" : "string", ...place(stack), ...string });
        at = end + 1;
        break;
      }
      default: {
        const number = numberAt(raw, at);
        if (number !== "") {
          const start = at;
          leaves.push({
            kind: "number",
            ...place(stack),
            text: number,
            rawAt: (index) => start + index,
          });
        }
        at += Math.max(1, number.length);
      }
    }
  }
  return leaves;
}

function place(stack: readonly Frame[]): { path: string; name: string } {
  let path = "";
  let name = "";
  let positions = 0;
  for (const frame of stack) {
    if (frame.isArray) {
      path += positions === 0 ? `[${frame.index}]` : "[]";
      positions += 1;
    } else {
      path += `.${frame.name}`;
      name = frame.name;
    }
  }
  return { path, name };
}

function numberAt(raw: string, at: number): string {
  NUMBER.lastIndex = at;
  return NUMBER.exec(raw)?.[0] ?? "";
}

/** Of a string that is cut: the end of the text. */
function closingQuote(raw: string, from: number): number {
  let at = from;
  while (at < raw.length && raw[at] !== '"') at += raw[at] === "\\" ? 2 : 1;
  return Math.min(at, raw.length);
}

const ESCAPED: Readonly<Record<string, string>> = { b: "\b", f: "\f", n: "\n", r: "\r", t: "\t" };

function decoded(raw: string, start: number, end: number): Pick<JsonLeaf, "text" | "rawAt"> {
  const inner = raw.slice(start, end);
  if (!inner.includes("\\")) return { text: inner, rawAt: (index) => start + index };
  const offsets: number[] = [];
  let text = "";
  for (let at = start; at < end;) {
    offsets.push(at);
    if (raw[at] !== "\\") {
      text += raw[at];
      at += 1;
      continue;
    }
    const escape = raw[at + 1] ?? "";
    const code =
      escape === "u" ? /^[0-9a-fA-F]{4}/.exec(raw.slice(at + 2, Math.min(end, at + 6)))?.[0] : undefined;
    text += code === undefined ? (ESCAPED[escape] ?? escape) : String.fromCharCode(Number.parseInt(code, 16));
    // An escape that is cut stands for nothing, but the offsets must stay in step.
    if (escape === "") text += "\ufffd";
    at += code === undefined ? 2 : 6;
  }
  return { text, rawAt: (index) => offsets[index] ?? end };
}
