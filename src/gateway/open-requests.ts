import type { GatewayError } from "../errors.ts";
import type { ActiveCalls } from "./active-calls.ts";

/** The requests that have not been answered in full, so that a gateway that has to stop can tell their clients. */
export class OpenRequests {
  readonly #open = new Set<ActiveCalls>();
  #endedBy: GatewayError | undefined;
  /** Those who wait for the requests of their time, each with how many are left. */
  #waiting: { requests: Set<ActiveCalls>; resolve: () => void }[] = [];

  /** All there ever were. */
  total = 0;

  get size(): number {
    return this.#open.size;
  }

  add(calls: ActiveCalls): void {
    this.#open.add(calls);
    this.total += 1;
    if (this.#endedBy !== undefined) calls.end(this.#endedBy);
  }

  delete(calls: ActiveCalls): void {
    this.#open.delete(calls);
    if (this.#waiting.length === 0) return;
    for (const { requests, resolve } of this.#waiting) {
      if (requests.delete(calls) && requests.size === 0) resolve();
    }
    this.#waiting = this.#waiting.filter(({ requests }) => requests.size > 0);
  }

  /** Resolves when every request that is open now has been answered. */
  whenNoneOlder(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    if (this.#open.size === 0) resolve();
    else this.#waiting.push({ requests: new Set(this.#open), resolve });
    return promise;
  }

  /** Ends the upstream calls of every request, and of each that still comes; their clients are told `reason`. */
  endAll(reason: GatewayError): void {
    this.#endedBy = reason;
    for (const calls of this.#open) calls.end(reason);
  }
}
