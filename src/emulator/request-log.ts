import type { IncomingMessage } from "node:http";
import type { RecordedRequest } from "./emulator-options.ts";

/** Bodies kept at once, in characters of JSON; the oldest are let go first. */
const MOST_CHARACTERS = 32 * 1024 * 1024;

/** The last requests, newest last, and how many there have been in all. */
export class RequestLog {
  readonly #kept: RecordedRequest[] = [];
  readonly #sizes = new Map<RecordedRequest, number>();
  #characters = 0;
  readonly #limit: number;
  #count = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get kept(): readonly RecordedRequest[] {
    return this.#kept;
  }

  get count(): number {
    return this.#count;
  }

  add(request: IncomingMessage, at: number): RecordedRequest {
    this.#count += 1;
    const record: RecordedRequest = {
      method: request.method ?? "",
      url: request.url ?? "",
      headers: Object.fromEntries(
        Object.entries(request.headers).map(([name, value]) => [name, [value].flat().join(", ")]),
      ),
      body: undefined,
      at,
    };
    if (this.#limit > 0) {
      this.#kept.push(record);
      if (this.#kept.length > this.#limit) this.#dropOldest();
    }
    return record;
  }

  /** Adds the body to a record that is still kept; one that is too large on its own is not. */
  keepBody(record: RecordedRequest, body: unknown, characters: number): void {
    if (!this.#kept.includes(record) || characters > MOST_CHARACTERS) return;
    record.body = body;
    this.#sizes.set(record, characters);
    this.#characters += characters;
    while (this.#characters > MOST_CHARACTERS) this.#dropOldest();
  }

  #dropOldest(): void {
    const oldest = this.#kept.shift();
    if (oldest === undefined) return;
    this.#characters -= this.#sizes.get(oldest) ?? 0;
    this.#sizes.delete(oldest);
  }

  clear(): void {
    this.#sizes.clear();
    this.#characters = 0;
    this.#kept.length = 0;
    this.#count = 0;
  }
}
