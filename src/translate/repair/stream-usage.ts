/** Where a stream tells its token counts: OpenAI does it once, in a last chunk without choices. */
import { record } from "../gemini-to-openai/lenient.ts";
import { frame } from "./held-chunk.ts";
import { isBlank, type Json, without } from "./json.ts";
import type { RepairOptions } from "./options.ts";
import type { Repairs } from "./repairs.ts";
import { repairUsage } from "./usage.ts";

export class StreamUsage {
  readonly #mode: NonNullable<RepairOptions["usage"]>;
  readonly #repairs: Repairs;
  /** Counts so far. They are running totals, and a later one may leave fields out: the newest of each field counts. */
  #counts: Json | undefined;
  /** A chunk of usage alone, kept for the end. */
  #last: { chunk: Json; text: string | undefined } | undefined;
  /** Chunks have carried `usage`, so those of our own making do as well. */
  #isMentioned = false;

  constructor(mode: NonNullable<RepairOptions["usage"]>, repairs: Repairs) {
    this.#mode = mode;
    this.#repairs = repairs;
  }

  get counts(): Json | undefined {
    return this.#counts;
  }

  /** For a chunk that has nothing to tell. */
  get placeholder(): Json {
    return this.#isMentioned && this.#mode !== "none" ? { usage: null } : {};
  }

  /** The chunk as it goes on without its usage; undefined when it had nothing else. */
  take(chunk: Json, text: string | undefined): Json | undefined {
    if (Object.hasOwn(chunk, "usage")) this.#isMentioned = true;
    const given = record(chunk["usage"]);
    if (given === undefined) return chunk;
    const usage = repairUsage(given, this.#repairs);
    this.#counts = { ...this.#counts, ...usage };
    if (isBlank(chunk["choices"])) {
      const isSame = usage === given && Array.isArray(chunk["choices"]);
      if (this.#mode === "none") this.#repairs.add("usageUnasked");
      else this.#last = { chunk, text: isSame ? text : undefined };
      return undefined;
    }
    switch (this.#mode) {
      case "every":
        return usage === given ? chunk : { ...chunk, usage };
      case "none":
        this.#repairs.add("usageUnasked");
        return without(chunk, "usage");
      case "last":
        this.#repairs.add("usageLast");
        return { ...chunk, usage: null };
    }
  }

  /** The last chunk, if there is to be one; `make` builds one where the upstream sent none. */
  end(make: (usage: Json) => Json): string {
    const usage = this.#counts;
    if (usage === undefined || this.#mode === "none") return "";
    if (this.#last === undefined) return this.#mode === "every" ? "" : frame(make(usage), undefined);
    const { chunk, text } = this.#last;
    const hasAll = Object.keys(usage).every((key) => Object.hasOwn(record(chunk["usage"]) ?? {}, key));
    return hasAll && text !== undefined
      ? frame(chunk, text)
      : frame({ ...chunk, choices: [], usage }, undefined);
  }
}
