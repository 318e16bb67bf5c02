/** A model's text, as it comes, taken apart into what it says and the tools it calls. */
import { longestOverlap } from "./stop-strings.ts";
import type { ToolCallFormat } from "./tool-call-format.ts";

export type AnswerPiece =
  | { kind: "content"; text: string }
  | { kind: "call"; index: number; name: string }
  /** A further piece of a call's arguments, as JSON text. */
  | { kind: "arguments"; index: number; text: string };

/** `content`: outside calls. `call`: inside one. `between`: after one, where only another may follow. */
type Place = "content" | "call" | "between";

/** `{"name": "...", "arguments": ` and what is left of a call from there. */
const CALL_HEAD = /^\s*\{\s*"name"\s*:\s*("(?:[^"\\]|\\.)*")\s*,\s*"(?:arguments|parameters)"\s*:\s*(?=\S)/;

export class ToolCallReader {
  readonly #format: ToolCallFormat;
  readonly #names: ReadonlySet<string>;
  #place: Place;
  /** Text not yet understood. */
  #held = "";
  /** What has been taken off `#held` of the present call, should it turn out to be none. */
  #taken = "";
  #calls = 0;
  /** Set while a call's arguments pass through. */
  #extent: JsonExtent | undefined;
  /** The bracket that begins a list of calls has come. */
  #inList = false;
  /** Something was said, so the whole answer is not a call. */
  #said = false;

  /** `started`: the text goes on after the format's `lead`. `names` are the tools there are. */
  constructor(format: ToolCallFormat, names: Iterable<string>, started: boolean) {
    this.#format = format;
    this.#names = new Set(names);
    this.#place = started ? "call" : "content";
  }

  get calls(): number {
    return this.#calls;
  }

  /** A call has just been opened and nothing of it has come: from here a grammar can guide. */
  get atCallStart(): boolean {
    return (
      this.#place === "call" &&
      this.#format.open !== "" &&
      this.#extent === undefined &&
      this.#held.trim() === ""
    );
  }

  push(text: string): AnswerPiece[] {
    this.#held += text;
    const pieces: AnswerPiece[] = [];
    while (this.#step(pieces)) {
      // Each step takes something off what is held.
    }
    return pieces;
  }

  /** The text has ended; a call that was cut off keeps what came of it. */
  end(): AnswerPiece[] {
    const pieces: AnswerPiece[] = [];
    if (this.#place === "call" && this.#extent === undefined) this.#giveWholeCalls(pieces);
    else if (this.#place === "content") this.#say(pieces, this.#held);
    this.#held = "";
    return pieces;
  }

  #step(pieces: AnswerPiece[]): boolean {
    switch (this.#place) {
      case "content":
        return this.#content(pieces);
      case "call":
        return this.#extent === undefined ? this.#callHead(pieces) : this.#arguments(pieces);
      case "between":
        return this.#between();
      default:
        return this.#place satisfies never;
    }
  }

  #content(pieces: AnswerPiece[]): boolean {
    const { open } = this.#format;
    if (open === "") {
      // Only a whole answer can be a call, so the first character decides.
      const start = this.#held.trimStart();
      if (start === "" || this.#said || !start.startsWith("{")) {
        if (start !== "") this.#say(pieces, this.#take(this.#held.length));
        return false;
      }
      this.#place = "call";
      return true;
    }
    const at = this.#held.indexOf(open);
    if (at === -1) {
      // Space before a call belongs to nobody, so it waits for what follows.
      const sure = this.#held.length - longestOverlap(this.#held, open);
      const text = this.#held.slice(0, sure).trimEnd();
      this.#say(pieces, this.#take(text.length));
      return false;
    }
    this.#say(pieces, this.#take(this.#held.slice(0, at).trimEnd().length));
    this.#taken = this.#take(this.#held.indexOf(open) + open.length);
    this.#place = "call";
    return true;
  }

  #callHead(pieces: AnswerPiece[]): boolean {
    const bracket = this.#format.list && !this.#inList ? /^\s*\[/.exec(this.#held) : null;
    if (bracket !== null) {
      this.#inList = true;
      this.#taken += this.#take(bracket[0].length);
      return true;
    }
    const head = CALL_HEAD.exec(this.#held);
    const name = head === null ? undefined : parsed(head[1]!);
    const known = typeof name === "string" && (this.#format.open !== "" || this.#names.has(name));
    if (head !== null && known && this.#held[head[0].length] === "{") {
      this.#take(head[0].length);
      this.#taken = "";
      pieces.push({ kind: "call", index: this.#calls, name });
      this.#extent = new JsonExtent();
      return true;
    }
    // In an order or a shape of its own: understood as a whole, at its end.
    const end = this.#format.close === "" ? -1 : this.#held.indexOf(this.#format.close);
    if (end === -1) return false;
    const whole = this.#take(end);
    const close = this.#take(this.#format.close.length);
    this.#giveOrSay(pieces, whole, close);
    return true;
  }

  #arguments(pieces: AnswerPiece[]): boolean {
    const length = this.#extent!.push(this.#held);
    const text = this.#take(length);
    if (text !== "") pieces.push({ kind: "arguments", index: this.#calls, text });
    if (!this.#extent!.complete) return false;
    this.#calls += 1;
    this.#extent = undefined;
    this.#place = "between";
    return true;
  }

  #between(): boolean {
    const { open, close, list } = this.#format;
    const rest = this.#held;
    if (list) {
      const next = /^\s*\}?\s*,\s*(?=\{)/.exec(rest);
      if (next !== null) return this.#enter(next[0].length);
      return false;
    }
    const at = open === "" ? -1 : rest.indexOf(open);
    if (at !== -1) return this.#enter(at + open.length);
    const closed = close === "" ? -1 : rest.indexOf(close);
    if (closed !== -1 && rest.slice(closed + close.length).trim() !== "") {
      const after = rest.slice(closed + close.length).trimStart();
      if (longestOverlap(after, open) === after.length) return false;
      this.#held = after;
      this.#place = "content";
      return true;
    }
    return false;
  }

  #enter(length: number): boolean {
    this.#taken = this.#take(length);
    this.#place = "call";
    return true;
  }

  /** What is held is one call or, in a list, several, written in a way that had to be awaited. */
  #giveWholeCalls(pieces: AnswerPiece[]): void {
    this.#giveOrSay(pieces, this.#take(this.#held.length), "");
  }

  #giveOrSay(pieces: AnswerPiece[], whole: string, close: string): void {
    const value = parsed(this.#inList ? `[${whole}` : whole);
    const calls = (Array.isArray(value) ? value : [value]).map((call) => readCall(call));
    const good = calls.filter((call) => call !== undefined);
    const ours = this.#format.open !== "" || good.every(({ name }) => this.#names.has(name));
    if (good.length > 0 && good.length === calls.length && ours) {
      for (const { name, args } of good) {
        pieces.push({ kind: "call", index: this.#calls, name });
        pieces.push({ kind: "arguments", index: this.#calls, text: args });
        this.#calls += 1;
      }
      this.#place = "between";
    } else {
      this.#say(pieces, this.#taken + whole + close);
      this.#place = "content";
    }
    this.#taken = "";
  }

  #say(pieces: AnswerPiece[], text: string): void {
    if (text === "") return;
    this.#said = true;
    pieces.push({ kind: "content", text });
  }

  #take(length: number): string {
    const taken = this.#held.slice(0, length);
    this.#held = this.#held.slice(length);
    return taken;
  }
}

/** Finds where a JSON object ends that comes in pieces. */
class JsonExtent {
  #depth = 0;
  #inString = false;
  #escaped = false;
  complete = false;

  /** How much of `text` belongs to the object. */
  push(text: string): number {
    for (let at = 0; at < text.length; at++) {
      const character = text[at];
      if (this.#inString) {
        if (this.#escaped) this.#escaped = false;
        else if (character === "\\") this.#escaped = true;
        else if (character === '"') this.#inString = false;
      } else if (character === '"') {
        this.#inString = true;
      } else if (character === "{" || character === "[") {
        this.#depth += 1;
      } else if (character === "}" || character === "]") {
        this.#depth -= 1;
        if (this.#depth === 0) {
          this.complete = true;
          return at + 1;
        }
      }
    }
    return text.length;
  }
}

function readCall(value: unknown): { name: string; args: string } | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const name: unknown = Object.hasOwn(value, "name") ? (value as { name: unknown }).name : undefined;
  if (typeof name !== "string") return undefined;
  const { arguments: args, parameters } = value as { arguments?: unknown; parameters?: unknown };
  const given = args ?? parameters ?? {};
  return { name, args: typeof given === "string" ? given : JSON.stringify(given) };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
