import type { GatewayError } from "../errors.ts";
import type { ActiveCalls } from "./active-calls.ts";

/** The requests that have not been answered in full, so that a gateway that has to stop can tell their clients. */
export class OpenRequests {
  /** In no order: each knows its place, so that taking one out moves only the last. */
  readonly #open: ActiveCalls[] = [];
  #endedBy: GatewayError | undefined;
  /** Those who wait for the requests of their time, each with how many are left. */
  #waiting: { requests: Set<ActiveCalls>; resolve: () => void }[] = [];

  /** All there ever were. */
  total = 0;

  get size(): number {
    return this.#open.length;
  }

  add(calls: ActiveCalls): void {
    calls.place = this.#open.length;
    this.#open.push(calls);
    this.total += 1;
    if (this.#endedBy !== undefined) calls.end(this.#endedBy);
  }

  delete(calls: ActiveCalls): void {
    if (calls.place === -1) return;
    const last = this.#open.pop();
    if (last !== undefined && last !== calls) {
      this.#open[calls.place] = last;
      last.place = calls.place;
    }
    calls.place = -1;
    if (this.#waiting.length === 0) return;
    for (const { requests, resolve } of this.#waiting) {
      if (requests.delete(calls) && requests.size === 0) resolve();
    }
    this.#waiting = this.#waiting.filter(({ requests }) => requests.size > 0);
  }

  /** Resolves when every request that is open now has been answered. */
  whenNoneOlder(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    if (this.#open.length === 0) resolve();
    else this.#waiting.push({ requests: new Set(this.#open), resolve });
    return promise;
  }

  /** Ends the upstream calls of every request, and of each that still comes; their clients are told `reason`. */
  endAll(reason: GatewayError): void {
    this.#endedBy = reason;
    // Some are taken out while they end.
    for (const calls of this.#open.slice()) calls.end(reason);
  }
}
