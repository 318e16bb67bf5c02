import type { UpstreamCall } from "../upstreams/upstream.ts";

/** The upstream calls that one client request has open: they are stopped, paused and resumed together. */
export class ActiveCalls {
  /** Each with what to do when it is stopped from here, as an aborted call reports nothing itself. */
  readonly #calls = new Map<UpstreamCall, () => void>();
  #ended = false;

  /** A call made after the client has gone is ended at once. */
  add(call: UpstreamCall, onAborted: () => void): void {
    this.#calls.set(call, onAborted);
    if (this.#ended) this.abortAll();
  }

  delete(call: UpstreamCall): void {
    this.#calls.delete(call);
  }

  /** Stops the calls under way; others may follow (a repeat after a refusal). */
  abortAll(): void {
    const calls = [...this.#calls];
    this.#calls.clear();
    for (const [call, onAborted] of calls) {
      call.abort();
      onAborted();
    }
  }

  /** Stops everything, for good. */
  end(): void {
    this.#ended = true;
    this.abortAll();
  }

  get ended(): boolean {
    return this.#ended;
  }

  pause(): void {
    for (const call of this.#calls.keys()) call.pause();
  }

  resume(): void {
    for (const call of this.#calls.keys()) call.resume();
  }
}
