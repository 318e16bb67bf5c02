import type { GatewayError } from "../errors.ts";
import type { ActiveCalls } from "./active-calls.ts";

/** The requests that have not been answered in full, so that a gateway that has to stop can tell their clients. */
export class OpenRequests {
  readonly #open = new Set<ActiveCalls>();
  #endedBy: GatewayError | undefined;

  get size(): number {
    return this.#open.size;
  }

  add(calls: ActiveCalls): void {
    this.#open.add(calls);
    if (this.#endedBy !== undefined) calls.end(this.#endedBy);
  }

  delete(calls: ActiveCalls): void {
    this.#open.delete(calls);
  }

  /** Ends the upstream calls of every request, and of each that still comes; their clients are told `reason`. */
  endAll(reason: GatewayError): void {
    this.#endedBy = reason;
    for (const calls of this.#open) calls.end(reason);
  }
}
