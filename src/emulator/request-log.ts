import type { IncomingMessage } from "node:http";
import type { RecordedRequest } from "./emulator-options.ts";

/** The last requests, newest last, and how many there have been in all. */
export class RequestLog {
  readonly #kept: RecordedRequest[] = [];
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
      if (this.#kept.length > this.#limit) this.#kept.shift();
    }
    return record;
  }

  clear(): void {
    this.#kept.length = 0;
    this.#count = 0;
  }
}
