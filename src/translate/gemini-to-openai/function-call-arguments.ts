/**
 * Builds the JSON text of a function call's arguments from `partialArgs`, piece by piece: each piece names a place
 * by JSON path (RFC 9535, names and indices only) and gives a value or a part of a string. What has been written so
 * far is always the beginning of one valid JSON object, because OpenAI clients join the pieces as text and may parse
 * them on the way. Google's own layer sends raw newlines inside strings; here every piece is escaped anew.
 *
 * Source: js-genai src/types.ts `PartialArg`.
 */
import { GatewayError } from "../../errors.ts";
import { objects, string } from "./lenient.ts";

type Segment = string | number;

/** An object or array that has been opened and not closed. */
interface Container {
  /** Members written, so that a place that was left is not written twice; undefined for an array. */
  names: Set<string> | undefined;
  /** Elements begun, of an array. */
  length: number;
  /** Where inside it the value that is being written stands. */
  at: Segment;
}

const MAX_DEPTH = 64;
/** Missing array elements are written as null; an index far ahead would make the text long. */
const MAX_GAP = 1000;

export class FunctionCallArguments {
  /** Containers from the root down to the one being written. */
  readonly #open: Container[] = [];
  /** Path of the string whose closing quote is still to come. */
  #openString: string | undefined;

  /**
   * The text that one event's `partialArgs` add.
   * @throws GatewayError 502 when a path cannot be read or goes back to a place that is already written.
   */
  push(partialArgs: unknown): string {
    let text = "";
    for (const partial of objects(partialArgs)) text += this.#value(partial);
    return text;
  }

  /** The text that completes the object; `{}` when nothing came. */
  end(): string {
    if (this.#open.length === 0) return "{}";
    return this.#closeString() + this.#closeTo(0);
  }

  #value(partial: Record<string, unknown>): string {
    const path = string(partial["jsonPath"]) ?? "";
    const piece = string(partial["stringValue"]);
    // A string stays open until another place is named: a piece may say that it is the last and another still come.
    if (piece !== undefined && this.#openString === path) return escaped(piece);
    if (piece === undefined && !hasScalar(partial)) {
      // A path alone: the end of the string at that place, or the announcement of a string still to come.
      if (this.#openString === path) return this.#closeString();
      if (partial["willContinue"] === true) return "";
    }
    const before = this.#closeString() + this.#goTo(path);
    if (piece === undefined) return before + scalar(partial);
    this.#openString = path;
    return `${before}"${escaped(piece)}`;
  }

  #closeString(): string {
    if (this.#openString === undefined) return "";
    this.#openString = undefined;
    return `"`;
  }

  /** Closes what the path leaves and opens what it enters, up to where its value is to be written. */
  #goTo(path: string): string {
    const segments = parsePath(path);
    let shared = 0;
    // The last segment is the value's own place, so only containers above it can be shared.
    while (
      shared < this.#open.length - 1 &&
      shared < segments.length - 1 &&
      this.#open[shared]?.at === segments[shared]
    ) {
      shared += 1;
    }
    let text = "";
    if (this.#open.length === 0) text += this.#enter(segments[0], path);
    else text += this.#closeTo(shared + 1) + this.#member(segments[shared], path);
    for (let depth = this.#open.length; depth < segments.length; depth += 1) {
      text += this.#enter(segments[depth], path);
    }
    return text;
  }

  #enter(segment: Segment | undefined, path: string): string {
    if (segment === undefined) throw unreadable(path);
    const isArray = typeof segment === "number";
    this.#open.push({ names: isArray ? undefined : new Set(), length: 0, at: segment });
    return (isArray ? "[" : "{") + this.#member(segment, path);
  }

  /** The comma and the name, if any, before the next value of the innermost container. */
  #member(segment: Segment | undefined, path: string): string {
    const container = this.#open.at(-1);
    if (container === undefined || segment === undefined) throw unreadable(path);
    const comma = container.length === 0 ? "" : ",";
    if (container.names !== undefined) {
      if (typeof segment !== "string" || container.names.has(segment)) throw outOfOrder(path);
      container.names.add(segment);
      container.length += 1;
      container.at = segment;
      return `${comma}${JSON.stringify(segment)}:`;
    }
    if (typeof segment !== "number" || segment < container.length) throw outOfOrder(path);
    const gap = segment - container.length;
    if (gap > MAX_GAP) throw unreadable(path);
    container.length = segment + 1;
    container.at = segment;
    return comma + "null,".repeat(gap);
  }

  #closeTo(depth: number): string {
    let text = "";
    while (this.#open.length > depth) text += this.#open.pop()?.names === undefined ? "]" : "}";
    return text;
  }
}

function hasScalar(partial: Record<string, unknown>): boolean {
  return ["numberValue", "boolValue", "nullValue"].some((key) => Object.hasOwn(partial, key));
}

function scalar(partial: Record<string, unknown>): string {
  const number = partial["numberValue"];
  if (typeof number === "number") return Number.isFinite(number) ? String(number) : "null";
  const boolean = partial["boolValue"];
  if (typeof boolean === "boolean") return String(boolean);
  return "null";
}

function escaped(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

// A name after a dot, an index, or a quoted name in brackets.
const SEGMENT = /\.([^.[\]'"\s]+)|\[(\d{1,9})\]|\['((?:[^'\\]|\\.)*)'\]|\["((?:[^"\\]|\\.)*)"\]/y;

/** @throws GatewayError 502 for anything but `$` and at least one name or index, the first of them a name. */
function parsePath(path: string): Segment[] {
  if (!path.startsWith("$")) throw unreadable(path);
  const segments: Segment[] = [];
  SEGMENT.lastIndex = 1;
  while (SEGMENT.lastIndex < path.length) {
    const match = SEGMENT.exec(path);
    if (match === null || segments.length >= MAX_DEPTH) throw unreadable(path);
    const [, name, position, single, double] = match;
    if (position !== undefined) segments.push(Number(position));
    else segments.push(name ?? unescaped(single ?? double ?? "", path));
  }
  if (typeof segments[0] !== "string") throw unreadable(path);
  return segments;
}

/** RFC 9535 takes JSON's escapes in quoted names, and `\'` beside them. */
function unescaped(name: string, path: string): string {
  if (!name.includes("\\")) return name;
  const json = name.replace(/\\(.)|"/gs, (whole, character: string | undefined) => {
    if (whole === `"`) return `\\"`;
    return character === "'" ? "'" : whole;
  });
  try {
    return String(JSON.parse(`"${json}"`));
  } catch {
    throw unreadable(path);
  }
}

function unreadable(path: string): GatewayError {
  return broken(`has a JSON path that cannot be read: ${JSON.stringify(path.slice(0, 200))}`);
}

function outOfOrder(path: string): GatewayError {
  return broken(`goes back to ${JSON.stringify(path.slice(0, 200))}, which is already written`);
}

function broken(what: string): GatewayError {
  return new GatewayError(
    {
      kind: "upstream",
      status: 502,
      type: "server_error",
      code: "malformed_function_call",
      param: null,
      shouldRetry: true,
    },
    `The model's streamed function call ${what}. Without stream_function_call_arguments calls come whole.`,
  );
}
