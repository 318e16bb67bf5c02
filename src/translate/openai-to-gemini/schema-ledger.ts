/**
 * Notes and uses of one schema conversion, held back until it is known to stand: a conversion may be started again
 * with less recursion, and a branch that turns out not to be expressible takes its entries with it.
 */
import type { NoteAction, Notes } from "../notes.ts";
import type { RuleId } from "../rules.ts";

interface Entry {
  /** Undefined for an exact carry-over. */
  action: NoteAction | undefined;
  rule: RuleId;
  field: string;
  detail: string;
}

export class SchemaLedger {
  readonly #notes: Notes;
  readonly #entries: Entry[] = [];

  constructor(notes: Notes) {
    this.#notes = notes;
  }

  note(action: NoteAction, rule: RuleId, field: string, detail: string): void {
    this.#entries.push({ action, rule, field, detail });
  }

  used(field: string, rule: RuleId): void {
    if (this.#notes.uses !== undefined) this.#entries.push({ action: undefined, rule, field, detail: "" });
  }

  /** A place to `rewind` to. */
  mark(): number {
    return this.#entries.length;
  }

  rewind(mark: number): void {
    this.#entries.length = mark;
  }

  /** Hands everything over, once each: a definition that was written out several times is reported once. */
  flush(): void {
    const seen = new Set<string>();
    for (const { action, rule, field, detail } of this.#entries) {
      if (action !== undefined && this.#notes.isFull) {
        // Counted, whether or not it repeats another: comparing is what would take time.
        this.#notes.add(action, rule, field, detail);
        continue;
      }
      const key = `${action ?? ""} ${rule} ${field} ${detail}`;
      if (seen.has(key)) continue;
      seen.add(key);
      if (action === undefined) this.#notes.used(field, rule);
      else this.#notes.add(action, rule, field, detail);
    }
  }
}
