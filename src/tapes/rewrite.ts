/** Replaces parts of an answer's texts and leaves every other byte as it was, also where a value is cut in two by the stream. */
import { jsonLeaves, type JsonLeaf } from "./json-leaves.ts";
import type { SensitiveText } from "./sensitive-text.ts";
import type { SensitiveKind } from "./stand-ins.ts";

/** Properties whose text comes in pieces, one event after the other. */
const IN_PIECES = new Set([
  "text",
  "content",
  "reasoning",
  "reasoning_content",
  "arguments",
  "stringValue",
  "refusal",
]);

/** Blobs that only Google can read. */
const OPAQUE = new Set(["thoughtSignature", "thought_signature"]);

const BASE64 = /^[A-Za-z0-9+/_-]*={0,2}$/;

export interface Rewriting {
  sensitive: SensitiveText;
  /** What stands there afterwards. */
  replace(kind: SensitiveKind, value: string): string;
  /** A whole string in place of another; undefined for none. Asked first. */
  whole?(text: string, property: string): string | undefined;
}

interface Edit {
  start: number;
  end: number;
  text: string;
}

/** A text as it is searched: a value of JSON, or all that is no JSON. */
interface Searched {
  unit: number;
  text: string;
  rawAt(index: number): number;
  spelled(text: string): string;
}

/** @param units events of a stream, or the one body of an answer; they come back in the same number */
export function rewrite(units: readonly string[], rewriting: Rewriting): string[] {
  const edits: Edit[][] = units.map(() => []);
  const inPieces = new Map<string, Searched[]>();
  for (const [unit, raw] of units.entries()) {
    const begin = /(?:^|\n)(?:data:)?\s*[[{]/.exec(raw);
    if (begin === null) {
      const flat = { unit, text: raw, rawAt: (index: number) => index, spelled: (text: string) => text };
      replaceIn([flat], rewriting, edits);
      continue;
    }
    for (const leaf of jsonLeaves(raw, begin.index + begin[0].length - 1)) {
      const searched = searchedLeaf(leaf, unit, rewriting, edits);
      if (searched === undefined) continue;
      if (leaf.kind !== "string" || !IN_PIECES.has(leaf.name)) replaceIn([searched], rewriting, edits);
      else {
        const others = inPieces.get(leaf.path);
        if (others === undefined) inPieces.set(leaf.path, [searched]);
        else others.push(searched);
      }
    }
  }
  for (const pieces of inPieces.values()) replaceIn(pieces, rewriting, edits);
  return units.map((raw, unit) => applied(raw, edits[unit]!));
}

/** Undefined where nothing is to be looked for in it. */
function searchedLeaf(
  leaf: JsonLeaf,
  unit: number,
  { whole }: Rewriting,
  edits: Edit[][],
): Searched | undefined {
  const { kind, name, text, rawAt } = leaf;
  if (kind === "number") {
    // Card and phone numbers are written as numbers too.
    return text.length < 8 ? undefined : { unit, text, rawAt, spelled: numeric };
  }
  if (kind === "string") {
    const replaced = OPAQUE.has(name) ? undefined : whole?.(text, name);
    if (replaced !== undefined) {
      edits[unit]!.push({ start: rawAt(0), end: rawAt(text.length), text: quoted(replaced) });
      return undefined;
    }
    if ((OPAQUE.has(name) || name === "data") && BASE64.test(text)) return undefined;
  }
  return { unit, text, rawAt, spelled: quoted };
}

/** Finds across the pieces; each gets its share of what stands there afterwards. */
function replaceIn(pieces: readonly Searched[], { sensitive, replace }: Rewriting, edits: Edit[][]): void {
  const text = pieces.length === 1 ? pieces[0]!.text : pieces.map((piece) => piece.text).join("");
  for (const { kind, start, end } of sensitive.find(text)) {
    let rest = replace(kind, text.slice(start, end));
    let offset = 0;
    for (const piece of pieces) {
      const from = Math.max(start - offset, 0);
      const to = Math.min(end - offset, piece.text.length);
      if (from < to) {
        const isLast = end - offset <= piece.text.length;
        const share = isLast ? rest : rest.slice(0, to - from);
        rest = rest.slice(share.length);
        edits[piece.unit]!.push({
          start: piece.rawAt(from),
          end: piece.rawAt(to),
          text: piece.spelled(share),
        });
      }
      offset += piece.text.length;
      if (offset >= end) break;
    }
  }
}

function applied(raw: string, edits: Edit[]): string {
  if (edits.length === 0) return raw;
  let text = "";
  let done = 0;
  for (const edit of edits.sort((one, other) => one.start - other.start)) {
    text += raw.slice(done, edit.start) + edit.text;
    done = edit.end;
  }
  return text + raw.slice(done);
}

function quoted(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

/** What is no number any more has to be a string. */
function numeric(text: string): string {
  return /^-?[1-9]\d*$/.test(text) ? text : JSON.stringify(text);
}
