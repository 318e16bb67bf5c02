import type { NoteAction, Notes } from "./notes.ts";

/** Well under the 8 KB that proxies commonly allow for all headers together. */
const MAX_HEADER_BYTES = 2048;
/** Room for `; +4294967295 more`. */
const MORE_BYTES = 24;
const MAX_FIELD_LENGTH = 80;

/** What matters most to a caller first. */
const ACTIONS: readonly NoteAction[] = ["ignored", "clamped", "approximated", "added"];

/**
 * The value of `x-pollux-notes`: actions and the fields they befell, for example
 * `ignored: logit_bias, user; clamped: reasoning_effort; +12 more`. At most 2 KB of visible ASCII, whatever the
 * caller named the fields; undefined when there is nothing to say. Details are in the explained form.
 */
export function toNotesHeader(notes: Notes): string | undefined {
  if (notes.list.length === 0 && notes.dropped === 0) return undefined;
  const groups = ACTIONS.map((action) => ({ action, fields: fieldsOf(notes, action) }));
  let header = "";
  let left = notes.dropped;
  for (const { action, fields } of groups) {
    let isFirst = true;
    for (const field of fields) {
      const separator = isFirst ? `${header === "" ? "" : "; "}${action}: ` : ", ";
      const piece = separator + field;
      if (header.length + piece.length > MAX_HEADER_BYTES - MORE_BYTES) {
        left += 1;
        continue;
      }
      header += piece;
      isFirst = false;
    }
  }
  if (left > 0) {
    return `${header}${header === "" ? "" : "; "}+${left} more`;
  }
  return header === "" ? undefined : header;
}

function fieldsOf(notes: Notes, action: NoteAction): Set<string> {
  return new Set(notes.list.filter((note) => note.action === action).map((note) => visible(note.field)));
}

/** Callers name unknown fields as they like: nothing but the characters of a path may reach a header. */
function visible(field: string): string {
  const short = field.length > MAX_FIELD_LENGTH ? `${field.slice(0, MAX_FIELD_LENGTH - 3)}...` : field;
  return short.replace(/[^A-Za-z0-9_.[\]$-]/g, "?");
}
