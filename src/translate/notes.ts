/**
 * What translation did to a request besides carrying it over: the "loud" half of exact-or-loud.
 * A note is made for every field that is not reproduced exactly. In a traced translation (explain,
 * tests) `used` records the exact ones too, so that every field present can be accounted for.
 */
import { RULES, type RuleId } from "./rules.ts";

/**
 * - `approximated`: reached Gemini, with a meaning that is near but not the same
 * - `clamped`: reached Gemini with the nearest value the model accepts
 * - `ignored`: did not reach Gemini
 * - `added`: something the caller did not send was put in
 */
export type NoteAction = "approximated" | "clamped" | "ignored" | "added";

export interface Note {
  action: NoteAction;
  rule: RuleId;
  /** Path in the caller's request, for example `messages[2].content[0].image_url.detail`. */
  field: string;
  /** One sentence: what became of it. Never contains prompt text. */
  detail: string;
}

/** One exact carry-over, recorded only when tracing. */
export interface Use {
  field: string;
  rule: RuleId;
}

/** Enough for every field of a sane request; a body with 10,000 odd fields must not grow an answer header. */
export const MAX_NOTES = 500;

export class Notes {
  readonly list: Note[] = [];
  /** Notes beyond the limit, counted but not kept. */
  dropped = 0;
  readonly uses: Use[] | undefined;

  constructor(options: { trace?: boolean } = {}) {
    this.uses = options.trace === true ? [] : undefined;
  }

  /** One more note would be counted only, so its words need not be found. */
  get isFull(): boolean {
    return this.list.length >= MAX_NOTES;
  }

  add(action: NoteAction, rule: RuleId, field: string, detail: string): void {
    if (this.isFull) {
      this.dropped += 1;
      return;
    }
    this.list.push({ action, rule, field, detail });
  }

  /** The field at `field`, with everything below it, was carried over by `rule`. Costs nothing unless tracing. */
  used(field: string, rule: RuleId): void {
    this.uses?.push({ field, rule });
  }
}

/** A note with the page its rule was learned from, as `explain` shows it. */
export function explained(note: Note): Note & { source: string } {
  return { ...note, source: RULES[note.rule].source };
}
