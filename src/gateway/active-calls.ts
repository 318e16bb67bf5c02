import { GatewayError } from "../errors.ts";
import type { UpstreamCall } from "../upstreams/upstream.ts";

/** For the calls of an attempt that has failed without them. */
export const SIBLING_FAILED = new GatewayError(
  { kind: "client_closed" },
  "Another upstream call for the same request has failed.",
);

const NONE: readonly UpstreamCall[] = [];

/**
 * The upstream calls made for one client request, or for one attempt at it: they are paused, resumed and ended
 * together. Once they have been ended none is begun any more, so a call that still waits for its credentials is
 * never made.
 */
export class ActiveCalls {
  /** Where a request stands among those that are open, for `OpenRequests`; -1 when it is none of them. */
  place = -1;
  /** Nearly always the only one, with what to do when it is ended from here: an aborted call reports nothing itself. */
  #call: UpstreamCall | undefined;
  #onEnded: ((reason: GatewayError) => void) | undefined;
  /** Those begun beside it. Made when needed. */
  #others: Map<UpstreamCall, (reason: GatewayError) => void> | undefined;
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
    if (this.#endedBy !== undefined) {
      call.abort();
      onEnded(this.#endedBy);
    } else if (this.#call === undefined) {
      this.#call = call;
      this.#onEnded = onEnded;
    } else {
      this.#others ??= new Map();
      this.#others.set(call, onEnded);
    }
  }

  delete(call: UpstreamCall): void {
    if (call !== this.#call) {
      this.#others?.delete(call);
      return;
    }
    this.#call = undefined;
    this.#onEnded = undefined;
  }

  /** Ends them for good; each is told `reason`. A second end changes nothing. */
  end(reason: GatewayError): void {
    if (this.#endedBy !== undefined) return;
    this.#endedBy = reason;
    const call = this.#call;
    const onEnded = this.#onEnded;
    const others = this.#others;
    this.#call = undefined;
    this.#onEnded = undefined;
    this.#others = undefined;
    call?.abort();
    onEnded?.(reason);
    if (others !== undefined) {
      for (const [other, onOtherEnded] of others) {
        other.abort();
        onOtherEnded(reason);
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
    this.#call?.pause();
    for (const call of this.#others?.keys() ?? NONE) call.pause();
  }

  resume(): void {
    this.#call?.resume();
    for (const call of this.#others?.keys() ?? NONE) call.resume();
  }
}
