import { GatewayError } from "../errors.ts";
import type { UpstreamCall } from "../upstreams/upstream.ts";

/** For the calls of an attempt that has failed without them. */
export const SIBLING_FAILED = new GatewayError(
  { kind: "client_closed" },
  "Another upstream call for the same request has failed.",
);

/**
 * The upstream calls made for one client request, or for one attempt at it: they are paused, resumed and ended
 * together. Once they have been ended none is begun any more, so a call that still waits for its credentials is
 * never made.
 */
export class ActiveCalls {
  /** Each with what to do when it is ended from here, as an aborted call reports nothing itself. Made when needed. */
  #calls: Map<UpstreamCall, (reason: GatewayError) => void> | undefined;
  #branches: ActiveCalls[] | undefined;
  #endedBy: GatewayError | undefined;

  /** Calls that end with these, and can be ended without them: those of one attempt. */
  branch(): ActiveCalls {
    const branch = new ActiveCalls();
    if (this.#endedBy !== undefined) branch.end(this.#endedBy);
    // Nearly always the only one, and a list of one takes a fifth of what `push` makes room for.
    else if (this.#branches === undefined) this.#branches = [branch];
    else this.#branches.push(branch);
    return branch;
  }

  add(call: UpstreamCall, onEnded: (reason: GatewayError) => void): void {
    if (this.#endedBy === undefined) {
      (this.#calls ??= new Map()).set(call, onEnded);
      return;
    }
    call.abort();
    onEnded(this.#endedBy);
  }

  delete(call: UpstreamCall): void {
    this.#calls?.delete(call);
  }

  /** Ends them for good; each is told `reason`. A second end changes nothing. */
  end(reason: GatewayError): void {
    if (this.#endedBy !== undefined) return;
    this.#endedBy = reason;
    const calls = this.#calls;
    this.#calls = undefined;
    if (calls !== undefined) {
      for (const [call, onEnded] of calls) {
        call.abort();
        onEnded(reason);
      }
    }
    if (this.#branches === undefined) return;
    for (const branch of this.#branches) branch.end(reason);
  }

  /** Why they were ended; undefined while calls may be made. */
  get endedBy(): GatewayError | undefined {
    return this.#endedBy;
  }

  pause(): void {
    for (const call of this.#calls?.keys() ?? []) call.pause();
  }

  resume(): void {
    for (const call of this.#calls?.keys() ?? []) call.resume();
  }
}
